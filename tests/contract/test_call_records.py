"""CallRecords: which calls a list shows, in which order, and how many there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0
from twoleg.application.call_records import CallRecord, RecordsWanted
from twoleg.domain.call import Call, Phase, Role
from twoleg.domain.signals import LegAnswered, LegHungUp, LegRinging, Signal, Start
from twoleg.domain.values import replace

if TYPE_CHECKING:
    from twoleg.application.call_records import RecordsFound

pytestmark = pytest.mark.asyncio

A, C = Role.AGENT, Role.CUSTOMER
WHOLE = (Start(), LegRinging(A), LegAnswered(A), LegRinging(C), LegAnswered(C), LegHungUp(C))


async def led(world: World, call: Call, *signals: Signal) -> Call:
    await placed(world, call)
    told = Told(world.store.journal(asyncio.get_running_loop()), call, now=call.created_at)
    told.tell(*signals)
    await told.journal.drained()
    return told.call


def wanted(world: World, **what: object) -> RecordsFound:
    asked = {"tenant_id": TENANT, "since": T0, "until": T0 + 10_000} | what
    return world.store.call_records().find(RecordsWanted(**asked))  # type: ignore[arg-type]


def serials(found: RecordsFound) -> list[int]:
    return [record.serial for record in found.records]


async def test_a_record_holds_the_times_of_both_legs(world: World) -> None:
    call = await led(world, numbered(1), *WHOLE)

    found = wanted(world)

    assert found.total == 1
    assert found.records == [
        CallRecord(
            serial=1,
            phase=Phase.ENDED,
            reason=0,
            cause=16,
            caller="+491",
            called="+861",
            caller_present=call.customer.clip,
            agent_present=call.agent.clip,
            call_data=None,
            created_at=T0,
            started_at=T0 + 1,
            ended_at=T0 + 6,
            agent_ringing_at=T0 + 2,
            agent_answered_at=T0 + 3,
            agent_released_at=T0 + 6,
            customer_ringing_at=T0 + 4,
            customer_answered_at=T0 + 5,
            customer_released_at=T0 + 6,
        )
    ]


async def test_live_calls_are_listed_as_far_as_they_have_come(world: World) -> None:
    await led(world, numbered(1), Start(), LegRinging(A))

    (record,) = wanted(world).records

    assert (record.phase, record.reason, record.ended_at, record.agent_ringing_at) == (1, None, None, T0 + 2)


async def test_the_newest_comes_first_by_when_it_began_and_not_by_when_it_was_placed(world: World) -> None:
    await placed(world, numbered(2, created_at=T0 + 5))
    await led(world, numbered(1, created_at=T0 + 20), Start())
    await placed(world, numbered(3, created_at=T0 + 10), numbered(4, created_at=T0 + 10))

    assert serials(wanted(world)) == [1, 4, 3, 2]


async def test_the_window_includes_both_its_ends(world: World) -> None:
    await placed(world, *(numbered(each, created_at=T0 + each) for each in (1, 2, 3, 4)))

    found = wanted(world, since=T0 + 2, until=T0 + 3)

    assert (found.total, serials(found)) == (2, [3, 2])


async def test_pages_follow_each_other_and_the_total_stays(world: World) -> None:
    await placed(world, *(numbered(each, created_at=T0 + each // 2) for each in range(1, 8)))

    pages = [wanted(world, offset=offset, limit=3) for offset in (0, 3, 6, 9)]

    assert [page.total for page in pages] == [7, 7, 7, 7]
    assert [serials(page) for page in pages] == [[7, 6, 5], [4, 3, 2], [1], []]


async def test_one_agents_calls_are_found_by_the_number(world: World) -> None:
    await placed(world, numbered(1), replace(numbered(2), agent=numbered(1).agent), numbered(3))

    found = wanted(world, caller="+491")

    assert (found.total, serials(found)) == (2, [2, 1])
    assert wanted(world, caller="+499") == (0, [])


async def test_another_tenants_calls_are_not_listed_nor_counted(world: World) -> None:
    await placed(world, numbered(1), numbered(2, tenant_id="t2"))

    assert (wanted(world).total, serials(wanted(world))) == (1, [1])
    assert wanted(world, tenant_id="t2").total == 1
    assert wanted(world, tenant_id="nobody") == (0, [])
