"""Every reader of one event log at once, over each kind of store: of pages, of streams, and who is told by webhook.

By chance the calls go on, readers crash with their cursor written down or not, the process that serves them dies, the
one that delivers webhooks dies before, between and after its commits, and receivers refuse. In the end each has seen
every event at least once, in order, and none is missing.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.test_event_readers import failed_try, first_sights, world_of
from contract.worlds import TENANT, Told, numbered
from domain.calls import WAY
from driven_loop import DrivenLoop, drive
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from twoleg.application.cloud_event import event_id
from twoleg.application.event_cursor import FROM_BEGINNING, position_of
from twoleg.application.event_tail import LOOK_AGAIN, EventTail, OfTenant
from twoleg.application.ports import Intent
from twoleg.domain.call import Phase
from twoleg.domain.delivery import Schedule
from webhooks.lives import Fate, Lives, check_told, endpoint_of, is_quiet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from contract.worlds import Store, World
    from twoleg.application.event_feed import EventFeed, Recorded
    from twoleg.application.event_tail import Follower
    from twoleg.application.webhook_ports import Outbox
    from twoleg.domain.signals import Signal
    from twoleg.domain.tenant import Tenant

SERIALS = (1, 2, 3)
PAGE = 2
HASTY = Schedule(first=1.0, longest=8.0)
RELENTS_AFTER = 120
"""Looks, half a second apart."""
KILLS = 6


@dataclass
class Client:
    """Of the tenant's events: what it saw, and the cursor it would come back with."""

    tenant: Tenant
    seen: list[tuple[int, int]] = field(default_factory=list)
    cursor: str = FROM_BEGINNING
    written: str = FROM_BEGINNING

    def take(self, events: Sequence[Recorded]) -> bool:
        self.seen += [(each.event.serial, each.event.seq) for each in events]
        if events:
            self.cursor = event_id(*self.seen[-1])
        return bool(events)

    def crash(self, chance: Random) -> None:
        """It may have written its cursor down just before; else it comes back with an older one."""
        if chance.random() < 0.5:
            self.written = self.cursor
        self.cursor = self.written


class Api:
    """A process that serves pages and streams; it can die, and then all streams are cut."""

    def __init__(self, store: Store) -> None:
        self.feed: EventFeed = store.event_feed()
        self.clock = DrivenClock()
        self.tail = EventTail(feed=self.feed, clock=self.clock, log=NotedLog())
        self.streams: dict[int, Follower] = {}

    def position(self, client: Client) -> int:
        return position_of(self.feed, client.tenant, client.cursor, now=self.clock.now_ms())

    def page(self, client: Client) -> bool:
        return client.take(self.feed.of_tenant(TENANT, after=self.position(client), limit=PAGE))

    async def stream(self, client: Client) -> bool:
        """What has come for it; it connects with `Last-Event-ID` where it is not connected."""
        if id(client) not in self.streams:
            self.streams[id(client)] = self.tail.follow(OfTenant(TENANT), after=self.position(client))
        self.clock.advance(LOOK_AGAIN)
        return client.take(await self.streams[id(client)].next(0))

    def cut(self, client: Client) -> None:
        follower = self.streams.pop(id(client), None)
        if follower is not None:
            follower.close()


class Play:
    """One interleaving."""

    def __init__(self, world: World, tenant: Tenant, fate: Fate) -> None:
        self.fate = fate
        self.chance = fate.chance
        self.world = world
        self.pager, self.streamer = Client(tenant), Client(tenant)
        self.opened: list[Store] = []
        self.api = Api(self.another_process())
        self.lives = Lives(self._parts, width=3, schedule=HASTY, patience=still)
        self.lives.receivers.answer = lambda _: fate.answer(self.lives)
        self.lives.receivers.seconds = lambda _: self.chance.random() * 2
        self.outbox, self.feed = world.store.outbox(), world.store.event_feed()
        journal = world.store.journal(asyncio.get_running_loop())
        self.drained = journal.drained
        self.calls = [Told(journal, numbered(serial)) for serial in SERIALS]
        self.stories: list[list[Signal | None]] = [[*WAY[Phase.ENDED]] for _ in SERIALS]
        for story in self.stories:
            story.insert(1, None)  # a try that failed, whose number is known when it happens

    def another_process(self) -> Store:
        store = self.world.opened()
        self.opened.append(store)
        return store

    def _parts(self) -> tuple[Outbox, EventFeed]:
        store = self.another_process()
        return store.outbox(), store.event_feed()

    async def run(self) -> None:
        for told in self.calls:
            with still():
                await self.world.store.intake().place(Intent(told.call))
        for each in (endpoint_of(TENANT, "a"), endpoint_of(TENANT, "b", "call.*")):
            self.world.store.endpoint_book().add(*each)
        self.lives.start(may_die=self.fate.may_die)
        while any(self.stories):
            await self._act()
        await self._settle()

    async def _act(self) -> None:
        match self.chance.randrange(7):
            case 0 | 1 | 2:
                await self._happen()
            case 3:
                self.api.page(self.pager)
            case 4:
                await self.api.stream(self.streamer)
            case 5:
                self._crash_a_client()
            case _:
                self.api = Api(self.another_process())
        await self._live(self.chance.random() * 3)

    async def _happen(self) -> None:
        which = self.chance.choice([each for each, story in enumerate(self.stories) if story])
        signal = self.stories[which].pop(0)
        self.calls[which].tell(failed_try(self.calls[which]) if signal is None else signal)
        with still():
            await self.drained()

    def _crash_a_client(self) -> None:
        client = self.chance.choice((self.pager, self.streamer))
        self.api.cut(client)
        client.crash(self.chance)

    async def _live(self, seconds: float) -> None:
        """That long; a process that died is started again, as the supervisor does."""
        await asyncio.sleep(seconds)
        if self.lives.is_dead:
            await self.lives.kill()
            self.lives.start(may_die=self.fate.may_die)

    async def _settle(self) -> None:
        for looks in range(10 * RELENTS_AFTER):
            if is_quiet(self.outbox, self.feed, TENANT):
                break
            if looks == RELENTS_AFTER:
                self.fate.relent()
            await self._live(0.5)
        while self.api.page(self.pager) or await self.api.stream(self.streamer):
            pass
        await self.lives.kill()

    def check(self) -> None:
        for told in self.calls:
            serial, seqs = told.call.serial, list(range(1, told.call.seq + 1))
            for client in (self.pager, self.streamer):
                assert first_sights([seq for of, seq in client.seen if of == serial]) == seqs
            check_told(self.lives, "a", serial, seqs)
            events = self.feed.of_call(serial, after=0, limit=100)
            check_told(self.lives, "b", serial, list(_seqs_of_calls(events)))


def _seqs_of_calls(events: Iterable[Recorded]) -> Iterable[int]:
    return (each.event.seq for each in events if each.event.type.value.startswith("call."))


def still() -> AbstractContextManager[None]:
    """While it lasts the store's threads are waited for."""
    loop = asyncio.get_running_loop()
    return loop.stands_still() if isinstance(loop, DrivenLoop) else nullcontext()


async def play(kind: str, fate: Fate) -> None:
    with world_of(kind) as world:
        tenant = world.store.directory().tenant(TENANT)
        assert tenant is not None
        game = Play(world, tenant, fate)
        await game.run()
        game.check()
        for store in game.opened:
            store.close()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "plays"), [("memory", 40), ("sqlite", 6)])
def test_for_any_interleaving_each_page_stream_and_webhook_shows_each_seq_in_order_and_none_missing(
    kind: str, plays: int
) -> None:
    @settings(max_examples=plays, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(seed=st.integers(0, 2**32), crashes=st.floats(0.0, 0.3), failures=st.floats(0.0, 0.6))
    def interleave(seed: int, crashes: float, failures: float) -> None:
        fate = Fate(Random(seed), crashes=crashes, failures=failures, kills=KILLS)
        drive(play(kind, fate), has_sockets=False)

    interleave()
