"""A delivering process that can be killed between any two lines, over a store that lives on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api.doubles import SeededEntropy
from domain.calls import T0
from fakes.log import NotedLog
from fakes.loop_clock import LoopClock
from fakes.store import MemoryStore
from fakes.webhooks import OpenBox
from twoleg.application.deliver_webhooks import DeliverWebhooks
from twoleg.application.webhook_courier import Post
from twoleg.domain.delivery import Outcome, Schedule
from twoleg.domain.events import Event, EventType
from twoleg.domain.tenant import Profile, Tenant
from twoleg.domain.webhooks import Credentials, Endpoint, Format, SigningSecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from twoleg.application.webhook_ports import Parcel, Subject
    from twoleg.domain.call import Call

ACCEPTED = Outcome(accepted=True, said="200", status=200)
REFUSED = Outcome(accepted=False, said="500", status=500)


class Killed(BaseException):
    """The process is gone: nothing of it happens any more."""


@dataclass
class Attempt:
    """What a receiver saw."""

    endpoint_id: str
    serial: int
    seq: int
    at: int
    outcome: Outcome


@dataclass
class Receivers:
    """The `Carrier`: every receiver there is. `answer` decides; `seconds` it takes for each."""

    answer: Callable[[Parcel], Outcome] = lambda _: ACCEPTED
    seconds: Callable[[Parcel], float] = lambda _: 0.0
    seen: list[Attempt] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    widest: dict[str, int] = field(default_factory=dict)
    """How many were under way at once, at most, by endpoint."""

    async def carry(self, endpoint: Endpoint, _: Credentials, parcel: Parcel, __: Subject) -> Outcome:
        key = endpoint.endpoint_id
        self.under_way[key] = self.under_way.get(key, 0) + 1
        self.widest[key] = max(self.widest.get(key, 0), self.under_way[key])
        try:
            await asyncio.sleep(self.seconds(parcel))
            outcome = self.answer(parcel)
            event = parcel.recorded.event
            self.seen.append(Attempt(key, event.serial, event.seq, LoopClock().now_ms(), outcome))
        finally:
            self.under_way[key] -= 1
        return outcome

    def accepted(self, endpoint_id: str, serial: int) -> list[int]:
        """The seqs that were accepted, in that order, repeats among them."""
        return [
            each.seq
            for each in self.seen
            if (each.endpoint_id, each.serial) == (endpoint_id, serial) and each.outcome.accepted
        ]


class World:
    """Tenant t1, a store, receivers, and one life of the process after the other."""

    def __init__(self, *, width: int = 4, look_every: float = 5.0) -> None:
        self.store = MemoryStore()
        self.kept = self.store.kept
        self.kept.tenants["t1"] = Tenant("t1", name="t1", profile=Profile.AICC, access_codes=("1",))
        self.receivers = Receivers()
        self.log = NotedLog()
        self.lives = 0
        self._width = width
        self._look_every = look_every
        self._life: asyncio.Task[None] | None = None
        self._story: asyncio.Task[Any] | None = None
        """Who tells what happens: it outlives every life."""
        self._dying: list[asyncio.Task[Any]] = []
        self._is_dead: list[bool] = [False]

    def endpoint(self, endpoint_id: str, *events: str) -> None:
        self.store.endpoint_book().add(
            Endpoint(
                endpoint_id=endpoint_id,
                tenant_id="t1",
                format=Format.CLOUDEVENTS,
                url=f"https://{endpoint_id}.example/",
                events=events or ("*",),
                created_at=T0,
                cursor=0,
            ),
            OpenBox().seal(Credentials(signing=(SigningSecret("whsec_"),)), label=endpoint_id),
        )

    def call(self, call: Call) -> None:
        self.kept.calls[call.serial] = call

    def tell(self, serial: int, seq: int, type_: EventType = EventType.AGENT_RINGING) -> None:
        self.kept.tell(Event(serial=serial, seq=seq, at=LoopClock().now_ms(), type=type_))

    def start(self, *, may_die: Callable[[], bool] = lambda: False) -> None:
        """A new life; before each change of the store, and after each, `may_die` is asked."""
        self.lives += 1
        self._story = asyncio.current_task()
        is_dead = self._is_dead = [False]
        outbox = self.store.outbox()

        def before_commit() -> None:
            if not is_dead[0] and may_die():
                self.die()
            if is_dead[0]:
                raise Killed

        outbox.before_commit = before_commit
        post = Post(
            outbox=outbox,
            feed=self.store.event_feed(),
            carrier=self.receivers,
            box=OpenBox(),
            clock=LoopClock(),
            entropy=SeededEntropy(),
            schedule=Schedule(),
            width=self._width,
            log=self.log,
        )
        self._life = asyncio.create_task(
            DeliverWebhooks(post, look_every=self._look_every).run(asyncio.Event(), parting=0)
        )

    @property
    def is_dead(self) -> bool:
        return self._is_dead[0]

    def die(self) -> None:
        """From now on nothing of this life happens any more."""
        self._is_dead[0] = True
        self._dying = [each for each in asyncio.all_tasks() if each is not self._story]
        for task in self._dying:
            task.cancel()

    async def kill(self) -> None:
        """Whatever was under way is no more, and nothing of it is noted."""
        if not self.is_dead:
            self.die()
        await asyncio.gather(*self._dying, return_exceptions=True)

    def is_quiet(self) -> bool:
        """Everything told is planned, and everything planned is over."""
        newest = self.store.event_feed().newest()
        endpoints = self.store.outbox().endpoints()
        return all(
            not self.store.event_feed().of_tenant("t1", after=each.cursor, limit=1) or each.cursor == newest
            for each in endpoints
        ) and not any(self.store.outbox().open_deliveries(each.endpoint_id) for each in endpoints)
