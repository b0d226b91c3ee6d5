"""An app's access to a service as flows: tokens fetched and renewed, repeats where they do no harm, waiting."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TypeVar

from twoleg.client import aicc, native, system
from twoleg.client.errors import CallEnded, ConnectionFailed, UnexpectedAnswer, WaitTimeout
from twoleg.client.exchange import Flow, Operation, Pause, Reply, Send, error_of, retry_after
from twoleg.client.models import CallFacts, State

T = TypeVar("T")

RENEW_EARLY = 60.0
"""Seconds before its end that a token is not used any more; of short-lived ones a tenth of their life."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds before the first repeat, and before any; each is three times the one before."""
_WORTH_A_REPEAT = frozenset({429, 502, 503, 504})


class Account:
    """One app at one service. Made once per client; holds the token, and decides, but does no I/O."""

    def __init__(
        self,
        app_key: str,
        app_secret: str,
        *,
        token_path: str = aicc.TOKEN_PATH,
        repeats: int = 2,
        now: Callable[[], float] = system.now,
    ) -> None:
        """`token_path`: a path, or a URL where tokens are given elsewhere. `now`: seconds, monotonic."""
        self.app_key = app_key
        self._fetch_token = aicc.token(app_key, app_secret, path=token_path)
        self._repeats = repeats
        self._now = now
        self._token: str | None = None
        self._good_until = 0.0

    def perform(self, operation: Operation[T]) -> Flow[T]:
        """Ask, with a token; answered by the operation's result. Raises `TwolegError`."""
        reply = yield from self._repeated(operation, *(yield from self._authorised()))
        if reply.status == 401:  # disabled, or another key signs now: a new token tells which
            self._token = None
            reply = yield from self._repeated(operation, *(yield from self._authorised()))
        return _result(operation, reply)

    def wait_until(self, serial: str, state: State, *, timeout: float) -> Flow[CallFacts]:
        """The call as soon as it has come to that state. Raises `CallEnded`, `WaitTimeout`."""
        deadline = self._now() + timeout
        facts = yield from self.perform(native.get(serial))
        while not _has_reached(facts, state):
            left = deadline - self._now()
            if facts.state == "ended":
                raise CallEnded(facts)
            if left <= 0:
                raise WaitTimeout(f"call {serial} is {facts.state}, not {state}, after {timeout:g} s")
            wait = min(ceil(left), native.LONGEST_POLL)
            facts = yield from self.perform(native.get(serial, after=facts.seq, wait=wait))
        return facts

    def _authorised(self) -> Flow[tuple[tuple[str, str], ...]]:
        if self._token is None or self._now() >= self._good_until:
            reply = yield from self._repeated(self._fetch_token)
            token = _result(self._fetch_token, reply)
            self._token = token.access_token
            self._good_until = self._now() + token.expires - min(RENEW_EARLY, token.expires / 10)
        return ("authorization", f"Bearer {self._token}"), ("x-app-key", self.app_key)

    def _repeated(self, operation: Operation[T], *headers: tuple[str, str]) -> Flow[Reply]:
        """Send, and again while that makes sense. The last answer, or failure, counts."""
        for repeat in range(self._repeats):
            seconds = min(FIRST_PAUSE * 3**repeat, LONGEST_PAUSE)
            try:
                reply: Reply = yield Send(operation, {**operation.headers, **dict(headers)})
            except ConnectionFailed as failure:
                if not (operation.repeatable or failure.unsent):
                    raise
            else:
                wished = retry_after(reply)
                if not operation.repeatable or not (reply.status in _WORTH_A_REPEAT or (_is_trouble(reply, wished))):
                    return reply
                seconds = min(max(seconds, wished or 0.0), LONGEST_PAUSE)
            yield Pause(seconds)
        last: Reply = yield Send(operation, {**operation.headers, **dict(headers)})
        return last


def _is_trouble(reply: Reply, wished: float | None) -> bool:
    """The compatible face has 500 for a store that is unavailable, and then says when to come again."""
    return reply.status == 500 and wished is not None


def _result(operation: Operation[T], reply: Reply) -> T:
    if reply.status >= 400:
        raise error_of(reply)
    if reply.status >= 300:
        raise UnexpectedAnswer(f"HTTP {reply.status}: the service moved, or the base URL is another's")
    return operation.decode(reply)


def _has_reached(facts: CallFacts, state: State) -> bool:
    """Whether the call is in that state or went through it."""
    match state:
        case "queued":
            return True
        case "calling":
            return facts.started_at is not None
        case "talking":
            return facts.talking_at is not None
        case "ended":
            return facts.state == "ended"
