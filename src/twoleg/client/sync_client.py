"""The blocking client: does what the flows decide, one thing after the other. Its twin is `async_client`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeVar

import httpx

from twoleg.client import aicc, native, system, wanted
from twoleg.client.account import Account
from twoleg.client.errors import ConnectionFailed, TwolegError
from twoleg.client.event_stream import PASSES, EventReader
from twoleg.client.exchange import Flow, Operation, Pause, Reply, Send
from twoleg.client.models import CallFacts, Event, Explanation, Language, Progress, Rehearsal, State
from twoleg.client.sync_compatible import Compatible
from twoleg.client.transport import arguments, failure, is_stream, reply_of
from twoleg.client.wanted import Moment

T = TypeVar("T")


class Client:
    """An app at a service. Use it in a `with`; it keeps its connections, and may be shared by threads.

    All methods raise `TwolegError`; what may be repeated without harm is repeated `repeats` times first.
    """

    def __init__(  # noqa: PLR0913 - what a client may be told, all named
        self,
        base_url: str,
        app_key: str,
        app_secret: str,
        *,
        timeout: float = 10.0,
        repeats: int = 2,
        token_path: str = aicc.TOKEN_PATH,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`base_url`: `https://host`. `timeout`: seconds for each step of a request. `transport`: of httpx."""
        self._http = httpx.Client(base_url=base_url, transport=transport)
        self._timeout = timeout
        self.account = Account(app_key, app_secret, token_path=token_path, repeats=repeats)
        self.calls = Calls(self)
        self.compatible = Compatible(self)

    def perform(self, operation: Operation[T]) -> T:
        """Ask for one thing."""
        return self.run(self.account.perform(operation))

    def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for, until it has its result."""
        try:
            step = next(flow)
            while True:
                try:
                    came = self._do(step)
                except ConnectionFailed as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(came)
        except StopIteration as end:
            result: T = end.value
            return result

    def events(self, *, after: str = "latest") -> Iterator[Event]:
        """All events of the tenant, as they happen, for ever. `after`: an event's id, "latest", or "0" for all kept."""
        return self.stream(EventReader(None, after=after))

    def stream(self, reader: EventReader) -> Iterator[Event]:
        """What the reader reads, over as many connections as it takes."""
        while not reader.is_done:
            why: TwolegError | None = None
            try:
                reply = self.perform(reader.operation())
                if reader.opened(reply):
                    yield from self._read(reader, reply.stream)
            except PASSES as error:
                why = error
            if not reader.is_done:
                system.pause(reader.cut_off(why))

    def close(self) -> None:
        """Hang up all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, step: Send | Pause) -> Reply | None:
        if isinstance(step, Pause):
            system.pause(step.seconds)
            return None
        try:
            request = self._http.build_request(**arguments(step, self._timeout))
            response = self._http.send(request, stream=True)
            if is_stream(step, response):
                return reply_of(response, stream=response)
            try:
                response.read()
            finally:
                response.close()
            return reply_of(response)
        except httpx.TransportError as error:
            raise failure(error) from error

    def _read(self, reader: EventReader, response: Any) -> Iterator[Event]:
        try:
            for piece in response.iter_bytes():
                yield from reader.feed(piece)
                if reader.is_done:
                    return
        except httpx.TransportError as error:
            raise failure(error) from error
        finally:
            response.close()


class Call:
    """One call of the native face."""

    def __init__(self, client: Client, serial: str, facts: CallFacts | None = None) -> None:
        self.serial = serial
        self._client = client
        self._facts = facts

    @property
    def facts(self) -> CallFacts:
        """Everything known of it, as it was seen last; asked for when it was never seen."""
        return self._facts or self.refresh()

    @property
    def state(self) -> State:
        """Of `facts`."""
        return self.facts.state

    def refresh(self) -> CallFacts:
        """The call as it is now."""
        self._facts = self._client.perform(native.get(self.serial))
        return self._facts

    def wait_until(self, state: State, *, timeout: float = 120.0) -> CallFacts:
        """The call as soon as it is in that state, or was. Raises `CallEnded` when it never will be, `WaitTimeout`."""
        self._facts = self._client.run(self._client.account.wait_until(self.serial, state, timeout=timeout))
        return self._facts

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """What happened to it, each event once and in order, as it happens, up to its end. `after`: a `seq`."""
        return self._client.stream(EventReader(self.serial, after=str(after)))

    def hangup(self) -> None:
        """Have it ended (reason 1001); harmless when it has ended."""
        self._client.perform(native.hang_up(self.serial))

    def explain(self, language: Language = "en") -> Explanation:
        """Why it went as it did."""
        return self._client.perform(native.explain(self.serial, language))

    def __repr__(self) -> str:
        return f"Call({self.serial!r})"


class Calls:
    """`client.calls`: the native face."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(  # noqa: PLR0913 - a call has that many parts, all named
        self,
        caller: str,
        called: str,
        *,
        call_data: str | None = None,
        caller_present: str | None = None,
        agent_present: str | None = None,
        agent_work_no: int | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Call:
        """Ring `caller`, then `called`, and connect the two. Back once the call is on the service's disk.

        A key is made up for each; give your own (an order's number) to be sure over restarts of your program too.
        Raises `Conflict` while the same two wait or ring, `Refused` by a rule of the tenant.
        """
        order = native.Order(
            caller=caller,
            called=called,
            call_data=call_data,
            caller_present=caller_present,
            agent_present=agent_present,
            agent_work_no=agent_work_no,
            callback_url=callback_url,
        )
        return Call(self._client, self._client.perform(native.place(order, idempotency_key or system.new_key())))

    def rehearse(
        self, caller: str, called: str, *, caller_present: str | None = None, agent_present: str | None = None
    ) -> Rehearsal:
        """What `create` would do; nothing is placed."""
        order = native.Order(caller=caller, called=called, caller_present=caller_present, agent_present=agent_present)
        return self._client.perform(native.rehearse(order))

    def get(self, serial: str) -> Call:
        """Raises `NotFound`."""
        return Call(self._client, serial, self._client.perform(native.get(serial)))

    def list(
        self,
        *,
        state: State | None = None,
        caller: str | None = None,
        called: str | None = None,
        reason: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> Iterator[Call]:
        """Calls placed from `since` up to, not including, `until`, the newest first; pages are fetched as needed."""
        asked = wanted.filters(state=state, caller=caller, called=called, reason=reason, since=since, until=until)
        cursor: str | None = ""
        while cursor is not None:
            page = self._client.perform(native.page(asked if not cursor else {**asked, "after": cursor}))
            yield from (Call(self._client, facts.serial, facts) for facts in page.calls)
            cursor = page.next

    def states(self, serials: Sequence[str]) -> dict[str, Progress]:
        """How far these calls have come; unknown ones are left out."""
        found: dict[str, Progress] = {}
        for begin in range(0, len(serials), native.MOST_SERIALS):
            some = self._client.perform(native.states(serials[begin : begin + native.MOST_SERIALS]))
            found |= {progress.serial: progress for progress in some}
        return found
