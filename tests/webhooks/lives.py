"""A delivering process that can be killed between any two lines, over a store that lives on."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
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
    from collections.abc import Callable, Collection, Sequence
    from random import Random

    from twoleg.application.event_feed import EventFeed
    from twoleg.application.webhook_ports import Attempted, Delivery, Outbox, Parcel, Subject
    from twoleg.domain.call import Call
    from twoleg.domain.delivery import Ruling
    from twoleg.domain.webhooks import Planned

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


class MortalOutbox:
    """An `Outbox` at whose changes the process may die: before one is asked for, or after it is durable."""

    def __init__(
        self, outbox: Outbox, may_die: Callable[[], None], patience: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """`may_die` raises `Killed`; within `patience` time stands still."""
        self._outbox = outbox
        self._may_die = may_die
        self._patience = patience
        self.endpoints, self.endpoint, self.sealed = outbox.endpoints, outbox.endpoint, outbox.sealed
        self.subject, self.open_deliveries = outbox.subject, outbox.open_deliveries

    def due(self, endpoint_id: str, *, now: int, limit: int, besides: Collection[int]) -> Sequence[Parcel]:
        return self._outbox.due(endpoint_id, now=now, limit=limit, besides=besides)

    def next_due(self, endpoint_id: str, *, besides: Collection[int]) -> int | None:
        return self._outbox.next_due(endpoint_id, besides=besides)

    async def plan(self, endpoint: Endpoint, planned: Sequence[Planned], *, cursor: int, at: int) -> bool:
        self._may_die()
        with self._patience():
            is_planned = await self._outbox.plan(endpoint, planned, cursor=cursor, at=at)
        self._may_die()
        return is_planned

    async def note(self, delivery: Delivery, attempted: Attempted, ruling: Ruling, *, disable: str | None) -> None:
        self._may_die()
        with self._patience():
            await self._outbox.note(delivery, attempted, ruling, disable=disable)
        self._may_die()

    async def seal(self, endpoint_id: str, sealed: bytes) -> bool:
        self._may_die()
        with self._patience():
            is_sealed = await self._outbox.seal(endpoint_id, sealed)
        self._may_die()
        return is_sealed


class Lives:
    """One life of a delivering process after the other; the store and the receivers live on."""

    def __init__(
        self,
        opened: Callable[[], tuple[Outbox, EventFeed]],
        *,
        width: int = 4,
        look_every: float = 5.0,
        schedule: Schedule | None = None,
        patience: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`opened`: the parts of the store, for a new life; see `MortalOutbox` for `patience`."""
        self.receivers = Receivers()
        self.log = NotedLog()
        self.count = 0
        self._opened = opened
        self._width = width
        self._look_every = look_every
        self._schedule = schedule or Schedule()
        self._patience = patience
        self._story: asyncio.Task[Any] | None = None
        """Who tells what happens: it outlives every life."""
        self._dying: list[asyncio.Task[Any]] = []
        self._is_dead: list[bool] = [False]

    def start(self, *, may_die: Callable[[], bool] = lambda: False) -> None:
        """A new life; before each change of the store, and after each, `may_die` is asked."""
        self.count += 1
        self._story = asyncio.current_task()
        is_dead = self._is_dead = [False]

        def die_perhaps() -> None:
            if not is_dead[0] and may_die():
                self.die()
            if is_dead[0]:
                raise Killed

        outbox, feed = self._opened()
        post = Post(
            outbox=MortalOutbox(outbox, die_perhaps, self._patience),
            feed=feed,
            carrier=self.receivers,
            box=OpenBox(),
            clock=LoopClock(),
            entropy=SeededEntropy(),
            schedule=self._schedule,
            width=self._width,
            log=self.log,
        )
        life = DeliverWebhooks(post, look_every=self._look_every).run(asyncio.Event(), parting=0)
        self._life = asyncio.create_task(life)

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


class World(Lives):
    """Tenant t1, a store in memory, receivers, and one life of the process after the other."""

    def __init__(self, *, width: int = 4, look_every: float = 5.0) -> None:
        self.store = MemoryStore()
        self.kept = self.store.kept
        self.kept.tenants["t1"] = Tenant("t1", name="t1", profile=Profile.AICC, access_codes=("1",))
        super().__init__(lambda: (self.store.outbox(), self.store.event_feed()), width=width, look_every=look_every)

    def endpoint(self, endpoint_id: str, *events: str) -> None:
        self.store.endpoint_book().add(*endpoint_of("t1", endpoint_id, *events))

    def call(self, call: Call) -> None:
        self.kept.calls[call.serial] = call

    def tell(self, serial: int, seq: int, type_: EventType = EventType.AGENT_RINGING) -> None:
        self.kept.tell(Event(serial=serial, seq=seq, at=LoopClock().now_ms(), type=type_))

    def is_quiet(self) -> bool:
        return is_quiet(self.store.outbox(), self.store.event_feed(), "t1")


def endpoint_of(tenant_id: str, endpoint_id: str, *events: str) -> tuple[Endpoint, bytes]:
    """A native endpoint that hears those events (none: all), and its sealed secrets."""
    endpoint = Endpoint(
        endpoint_id=endpoint_id,
        tenant_id=tenant_id,
        format=Format.CLOUDEVENTS,
        url=f"https://{endpoint_id}.example/",
        events=events or ("*",),
        created_at=T0,
        cursor=0,
    )
    return endpoint, OpenBox().seal(Credentials(signing=(SigningSecret("whsec_"),)), label=endpoint_id)


def is_quiet(outbox: Outbox, feed: EventFeed, tenant_id: str) -> bool:
    """Everything told is planned, and everything planned is over."""
    newest = feed.newest()
    endpoints = outbox.endpoints()
    return all(
        not feed.of_tenant(tenant_id, after=each.cursor, limit=1) or each.cursor == newest for each in endpoints
    ) and not any(outbox.open_deliveries(each.endpoint_id) for each in endpoints)


class Fate:
    """When processes die and receivers refuse: by chance, until it relents."""

    def __init__(self, chance: Random, *, crashes: float, failures: float, kills: int = 12) -> None:
        self.chance = chance
        self.crashes = crashes
        self.failures = failures
        self.kills_left = kills

    def may_die(self) -> bool:
        dies = self.kills_left > 0 and self.chance.random() < self.crashes
        self.kills_left -= dies
        return dies

    def answer(self, lives: Lives) -> Outcome:
        if self.may_die():  # the receiver has it, and we die before we are told
            lives.die()
            return ACCEPTED
        return REFUSED if self.chance.random() < self.failures else ACCEPTED

    def relent(self) -> None:
        self.kills_left, self.failures = 0, 0.0


def check_told(lives: Lives, endpoint_id: str, serial: int, wanted: list[int]) -> None:
    """Whole; and no event is even attempted before the one before it was accepted."""
    seen = lives.receivers.seen
    assert sorted(set(lives.receivers.accepted(endpoint_id, serial))) == wanted
    accepted: set[int] = set()
    before = {later: earlier for earlier, later in pairwise(wanted)}
    for each in seen:
        if (each.endpoint_id, each.serial) == (endpoint_id, serial):
            assert each.seq == wanted[0] or before[each.seq] in accepted, (endpoint_id, serial, seen)
            if each.outcome.accepted:
                accepted.add(each.seq)
