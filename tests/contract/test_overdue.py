"""The sweeper and the store: a call that outlived its timers is told of, then closed, and nobody opens it again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from contract.worlds import TENANT, Told, numbered, placed
from contract.worlds import SqliteWorld as World
from domain.calls import T0
from domain.test_machine import attempt
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from store.files import rows
from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.application.sweep_overdue import CLOSED, TOLD, SweepOverdue
from twoleg.domain import signals as s
from twoleg.domain.call import Phase, Role
from twoleg.domain.reasons import Reason

pytestmark = pytest.mark.asyncio
DEADLINE = numbered(1).must_end_by


class Sweeping:
    """A sweeper on a driven clock, over a real file."""

    def __init__(self, path: Path) -> None:
        self.world = World(path)
        self.world.add_tenant(TENANT)
        store = self.world.store
        assert isinstance(store, SqliteStore)
        self.clock, self.log = DrivenClock(start_ms=T0), NotedLog()
        self.book = store.overdue_book()
        self.sweep = SweepOverdue(book=self.book, clock=self.clock, log=self.log)
        self.journal = store.journal(asyncio.get_running_loop())
        self.reader = store.reader()

    async def at(self, ms_before: int) -> list[str]:
        """What it says when it looks that long before the deadline."""
        self.clock.advance((DEADLINE - ms_before - self.clock.now_ms()) / 1000)
        self.log.lines.clear()
        await self.sweep()
        return self.log.events("error")


async def test_a_call_in_time_is_left_alone(tmp_path: Path) -> None:
    sweeping = Sweeping(tmp_path / "t.db")
    await placed(sweeping.world, numbered(1))
    assert await sweeping.at(20_001) == []
    assert (sweeping.book.count(), list(sweeping.journal.overdue())) == (0, [])
    sweeping.world.close()


async def test_the_engine_is_told_once_and_may_end_the_call_itself(tmp_path: Path) -> None:
    sweeping = Sweeping(tmp_path / "t.db")
    await placed(sweeping.world, numbered(1))
    assert await sweeping.at(19_000) == [TOLD]
    assert await sweeping.at(18_000) == []
    assert list(sweeping.journal.overdue()) == [1]

    Told(sweeping.journal, numbered(1)).tell(s.Start(), s.Faulted("it outlived its timers"))
    await sweeping.journal.drained()
    assert await sweeping.at(0) == []
    assert sweeping.book.count() == 1, "the metric stays"
    sweeping.world.close()


async def test_what_the_engine_does_not_end_is_closed_before_the_deadline_with_1003_events_and_cdr(
    tmp_path: Path,
) -> None:
    sweeping = Sweeping(tmp_path / "t.db")
    await placed(sweeping.world, numbered(1))
    told = Told(sweeping.journal, numbered(1))
    told.tell(s.Start(), s.LegAnswered(Role.AGENT), s.LegAnswered(Role.CUSTOMER))
    await sweeping.journal.drained()
    await sweeping.at(19_000)
    assert await sweeping.at(9_000) == [CLOSED]
    call = sweeping.reader.call(1)
    assert call is not None
    assert (call.phase, call.reason, call.ended_at) == (Phase.ENDED, Reason.ENGINE_LOST, DEADLINE - 9_000)
    assert (call.ended_at or 0) <= call.must_end_by
    assert rows(tmp_path / "t.db", "SELECT reason FROM cdr") == [(1003,)]
    assert rows(tmp_path / "t.db", "SELECT count(*) FROM event WHERE type = 'call.ended'") == [(1,)]
    sweeping.world.close()


async def test_an_engine_that_comes_to_itself_does_not_open_a_closed_call_again(tmp_path: Path) -> None:
    sweeping = Sweeping(tmp_path / "t.db")
    await placed(sweeping.world, numbered(1), numbered(2))
    told, other = Told(sweeping.journal, numbered(1)), Told(sweeping.journal, numbered(2))
    told.tell(s.Start())
    await sweeping.journal.drained()
    await sweeping.at(9_000)
    closed = sweeping.reader.call(1)

    told.tell(s.LegAnswered(Role.AGENT), s.LegAnswered(Role.CUSTOMER), s.LegHungUp(Role.AGENT))
    await sweeping.journal.drained()
    assert sweeping.reader.call(1) == closed
    assert len(told.durable) == 4, "its phones are treated as ever"
    assert rows(tmp_path / "t.db", "SELECT reason FROM cdr WHERE serial = 1") == [(1003,)]
    assert other.durable == []
    sweeping.world.close()


async def test_what_is_on_the_wire_of_a_closed_call_is_known_as_long_as_it_is_there_and_no_longer(
    tmp_path: Path,
) -> None:
    """Else every later engine says goodbye to a phone that has long gone, or none does to one that has not."""
    sweeping = Sweeping(tmp_path / "t.db")
    await placed(sweeping.world, numbered(1))
    told = Told(sweeping.journal, numbered(1))
    told.tell(s.Start(), s.LegPrepared(Role.AGENT, attempt(1), b"the agent's"), s.LegAnswered(Role.AGENT))
    await sweeping.journal.drained()
    await sweeping.at(9_000)

    told.tell(s.LegPrepared(Role.CUSTOMER, attempt(1), b"the customer's"))
    await sweeping.journal.drained()
    assert rows(tmp_path / "t.db", "SELECT role FROM leg_on_wire ORDER BY role") == [("agent",), ("customer",)]
    told.tell(s.Faulted("told of its deadline"), s.LegReleased(Role.AGENT), s.LegReleased(Role.CUSTOMER))
    await sweeping.journal.drained()
    assert rows(tmp_path / "t.db", "SELECT role FROM leg_on_wire") == []
    assert rows(tmp_path / "t.db", "SELECT reason FROM cdr") == [(1003,)]
    sweeping.world.close()
