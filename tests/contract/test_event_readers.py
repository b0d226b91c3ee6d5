"""Readers of the event log: whatever comes between them and it, each sees every event at least once, in order.

The interleavings are Hypothesis's: events of calls, readers that read, sleep, crash and come back by their cursor, a
store that refuses for a while, and lines so short that busy readers fall out of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.worlds import TENANT, MemoryWorld, SqliteWorld, Told, World, numbered
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from twoleg.application import event_tail
from twoleg.application.errors import StoreUnavailable
from twoleg.application.event_tail import EventTail, OfAll, OfCall, OfTenant, Scope
from twoleg.application.ports import Intent
from twoleg.domain.call import Attempt, Role
from twoleg.domain.signals import LegAttemptFailed, Start, WireFacts

if TYPE_CHECKING:
    from twoleg.application.event_feed import EventFeed, Recorded
    from twoleg.application.event_tail import Follower

CALLS = {1: TENANT, 2: TENANT, 3: "t2"}
SCOPES: tuple[Scope, ...] = (OfCall(1), OfCall(3), OfTenant(TENANT), OfTenant("t2"), OfAll())

ACTIONS = st.one_of(
    st.tuples(st.just("happen"), st.sampled_from(sorted(CALLS)), st.integers(1, 4)),
    st.tuples(st.just("look"), st.just(0), st.just(0)),
    st.tuples(st.just("read"), st.sampled_from(range(len(SCOPES))), st.just(0)),
    st.tuples(st.just("crash"), st.sampled_from(range(len(SCOPES))), st.just(0)),
    st.tuples(st.just("lose"), st.sampled_from(range(len(SCOPES))), st.just(0)),
    st.tuples(st.just("refuse"), st.integers(0, 1), st.just(0)),
)


class RefusingFeed:
    """The feed of a store that is in trouble while `refuses` holds."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self.refuses = False

    def _check(self) -> EventFeed:
        if self.refuses:
            raise StoreUnavailable("refused by the test")
        return self._feed

    def newest(self) -> int:
        return self._check().newest()

    def after(self, position: int, *, limit: int) -> Sequence[Recorded]:
        return self._check().after(position, limit=limit)

    def of_tenant(self, tenant_id: str, *, after: int, limit: int) -> Sequence[Recorded]:
        return self._check().of_tenant(tenant_id, after=after, limit=limit)

    def of_call(self, serial: int, *, after: int, limit: int) -> Sequence[Recorded]:
        return self._check().of_call(serial, after=after, limit=limit)

    def position_of(self, tenant_id: str, *, serial: int, seq: int) -> int | None:
        return self._check().position_of(tenant_id, serial=serial, seq=seq)

    def newest_of_tenant(self, tenant_id: str) -> tuple[int, int] | None:
        return self._check().newest_of_tenant(tenant_id)


@dataclass
class Reader:
    """A client: what it was handed, and the cursor that it had written down when it crashed."""

    tail: EventTail
    scope: Scope
    seen: list[tuple[int, int]] = field(default_factory=list)
    cursor: int = 0
    follower: Follower | None = None

    async def read(self) -> bool:
        """Whether anything came."""
        if self.follower is None:
            self.follower = self.tail.follow(self.scope, after=self.cursor)
        try:
            got = await self.follower.next(0)
        except StoreUnavailable:
            return False
        self.seen += [(each.event.serial, each.event.seq) for each in got]
        return bool(got)

    def crash(self, *, forgetting: bool) -> None:
        """Its connection is gone. A client that had not written its cursor down sees some events again."""
        if self.follower is not None:
            self.cursor = self.cursor if forgetting else self.follower.cursor
            self.follower.close()
            self.follower = None


class Play:
    """One interleaving, over one store."""

    def __init__(self, world: World) -> None:
        self.clock = DrivenClock()
        self.feed = RefusingFeed(world.store.event_feed())
        self.tail = EventTail(feed=self.feed, clock=self.clock, log=NotedLog())
        self.readers = [Reader(self.tail, scope) for scope in SCOPES]
        self.journal = world.store.journal(asyncio.get_running_loop())
        self.calls = {
            serial: Told(self.journal, numbered(serial, tenant_id=tenant)) for serial, tenant in CALLS.items()
        }
        self.intake = world.store.intake()

    async def begin(self) -> None:
        for told in self.calls.values():
            await self.intake.place(Intent(told.call))
            told.tell(Start())
        await self.journal.drained()

    async def act(self, name: str, which: int, count: int) -> None:
        match name:
            case "happen":
                for _ in range(count):
                    self.calls[which].tell(failed_try(self.calls[which]))
                await self.journal.drained()
            case "look":
                self.clock.advance(event_tail.LOOK_AGAIN)
            case "read":
                await self.readers[which].read()
            case "crash" | "lose":
                self.readers[which].crash(forgetting=name == "lose")
            case _:
                self.feed.refuses = bool(which)

    async def settle(self) -> None:
        """All is well again, and everybody reads on until nothing is left."""
        self.feed.refuses = False
        for _ in range(3):
            self.clock.advance(event_tail.LOOK_AGAIN)
            for reader in self.readers:
                while await reader.read():
                    pass


def failed_try(told: Told) -> LegAttemptFailed:
    number = len(told.call.agent.attempts) + 1
    return LegAttemptFailed(Role.AGENT, Attempt(number, "t", None, "1", "2", 1, 2), WireFacts(503), "full")


@contextmanager
def world_of(kind: str) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        world: World = MemoryWorld() if kind == "memory" else SqliteWorld(Path(folder) / "twoleg.db")
        for tenant in (TENANT, "t2"):
            world.add_tenant(tenant)
        try:
            yield world
        finally:
            world.close()


async def play(kind: str, actions: Sequence[tuple[str, int, int]]) -> None:
    with world_of(kind) as world:
        game = Play(world)
        await game.begin()
        for action in actions:
            await game.act(*action)
        await game.settle()
        for reader in game.readers:
            wanted = [told.call for told in game.calls.values() if concerns(reader.scope, told.call.serial)]
            for call in wanted:
                seqs = [seq for serial, seq in reader.seen if serial == call.serial]
                assert first_sights(seqs) == list(range(1, call.seq + 1)), f"{reader.scope} missed or swapped something"
            assert {serial for serial, _ in reader.seen} == {call.serial for call in wanted}


def concerns(scope: Scope, serial: int) -> bool:
    match scope:
        case OfCall(serial=own):
            return serial == own
        case OfTenant(tenant_id=tenant_id):
            return CALLS[serial] == tenant_id
        case OfAll():
            return True


def first_sights(seqs: Sequence[int]) -> list[int]:
    """Each seq where it was seen first: repeats are allowed, gaps and turns are not."""
    return list(dict.fromkeys(seqs))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "plays"), [("memory", 300), ("sqlite", 40)])
def test_each_reader_sees_each_seq_once_or_more_in_order_and_none_missing(
    kind: str, plays: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_tail, "LONGEST_LINE", 3)
    monkeypatch.setattr(event_tail, "CATCH_UP", 2)
    monkeypatch.setattr(event_tail, "BATCH", 3)

    @settings(max_examples=plays, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(ACTIONS, max_size=30))
    def interleave(actions: list[tuple[str, int, int]]) -> None:
        asyncio.run(play(kind, actions))

    interleave()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_a_reader_knows_already_does_not_wake_it(kind: str) -> None:
    async def late_look() -> None:
        with world_of(kind) as world:
            game = Play(world)
            await game.begin()
            while await game.readers[0].read():  # from here on the tail looks
                pass
            await game.act("happen", 1, 1)
            reader = game.tail.follow(OfCall(1), after=game.calls[1].call.seq)
            waiting = asyncio.create_task(reader.next(None))
            await asyncio.sleep(0)
            game.clock.advance(event_tail.LOOK_AGAIN)
            await asyncio.sleep(0)
            assert not waiting.done()
            await game.act("happen", 1, 1)
            game.clock.advance(event_tail.LOOK_AGAIN)
            assert [each.event.seq for each in await waiting] == [game.calls[1].call.seq]

    asyncio.run(late_look())
