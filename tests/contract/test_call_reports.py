"""CallReports: a carrier platform's own record of a call becomes its last event, once, and changes nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0, WAY
from twoleg.application.call_reports import Report
from twoleg.application.errors import StoreUnavailable
from twoleg.domain.call import Phase, Role
from twoleg.domain.events import EventType
from twoleg.domain.signals import LegReleased
from twoleg.domain.values import replace

if TYPE_CHECKING:
    from twoleg.domain.call import Call

pytestmark = pytest.mark.asyncio

REPORT = Report(tenant_id=TENANT, serial=1, at=T0 + 10_000, cause=16, detail="ITA reports: callDuration 26")


async def led(world: World, phase: Phase) -> Told:
    await placed(world, numbered(1))
    journal = world.store.journal(asyncio.get_running_loop())
    told = Told(journal, numbered(1))
    told.tell(*WAY[phase])
    await journal.drained()
    return told


def told_of(world: World) -> list[tuple[int, EventType]]:
    return [(each.event.seq, each.event.type) for each in world.store.event_feed().of_call(1, after=0, limit=99)]


def stored(world: World) -> Call:
    call = world.store.reader().call(1)
    assert call is not None
    return call


async def test_of_an_ended_call_it_is_told_at_once_and_last(world: World) -> None:
    told = await led(world, Phase.ENDED)

    assert await world.store.call_reports().add(REPORT)

    last = world.store.event_feed().of_call(1, after=told.call.seq, limit=9)
    assert [each.event.type for each in last] == [EventType.CALL_REPORTED]
    event = last[0].event
    assert (event.seq, event.at, event.cause, event.detail) == (told.call.seq + 1, T0 + 10_000, 16, REPORT.detail)
    assert stored(world) == replace(told.call, seq=event.seq)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.ENDED])
async def test_of_a_living_call_it_waits_for_the_end(world: World, phase: Phase) -> None:
    told = await led(world, phase)

    assert await world.store.call_reports().add(REPORT)
    assert EventType.CALL_REPORTED not in [type_ for _, type_ in told_of(world)]
    assert stored(world).phase is phase

    told.tell(*WAY[Phase.ENDED][len(WAY[phase]) :])
    await told.journal.drained()
    types = [type_ for _, type_ in told_of(world)]
    assert types[-2:] == [EventType.CALL_ENDED, EventType.CALL_REPORTED]
    assert [seq for seq, _ in told_of(world)] == list(range(1, len(types) + 1))


async def test_a_repeat_is_harmless_and_the_first_report_counts(world: World) -> None:
    await led(world, Phase.ENDED)
    reports = world.store.call_reports()

    answers = [await reports.add(each) for each in (REPORT, REPORT, replace(REPORT, cause=17, detail="other"))]

    assert answers == [True] * 3
    assert [type_ for _, type_ in told_of(world)].count(EventType.CALL_REPORTED) == 1
    (last,) = world.store.event_feed().of_call(1, after=stored(world).seq - 1, limit=9)
    assert last.event.cause == 16


async def test_what_the_engine_still_learns_afterwards_takes_nothing_back(world: World) -> None:
    told = await led(world, Phase.ENDED)
    await world.store.call_reports().add(REPORT)

    told.tell(LegReleased(Role.AGENT), LegReleased(Role.CUSTOMER))
    await told.journal.drained()

    assert [seq for seq, _ in told_of(world)] == list(range(1, stored(world).seq + 1))
    assert told_of(world)[-1][1] is EventType.CALL_REPORTED


@pytest.mark.parametrize("change", [{"serial": 99}, {"tenant_id": "t2"}])
async def test_another_tenants_call_is_as_unknown_as_none(world: World, change: dict[str, object]) -> None:
    await led(world, Phase.ENDED)
    before = told_of(world)

    assert not await world.store.call_reports().add(replace(REPORT, **change))
    assert told_of(world) == before


async def test_in_trouble_nothing_is_kept(world: World) -> None:
    await led(world, Phase.ENDED)
    reports = world.store.call_reports()

    with world.trouble(), pytest.raises(StoreUnavailable):
        await reports.add(REPORT)

    assert await reports.add(REPORT)
    assert told_of(world)[-1][1] is EventType.CALL_REPORTED
