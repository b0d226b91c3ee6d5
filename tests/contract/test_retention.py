"""Retention: what a tenant's time is over for goes, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0, WAY
from twoleg.application.errors import StoreUnavailable
from twoleg.domain.call import Call, Phase

pytestmark = pytest.mark.asyncio

DAY = 24 * 60 * 60 * 1000


async def test_an_ended_call_goes_when_its_tenants_time_is_over(world: World) -> None:
    ended = await _led(world, Phase.ENDED, numbered(1))
    assert ended.ended_at is not None
    over = ended.ended_at + 90 * DAY
    reader = world.store.reader()

    assert world.store.purge(over) == 0
    assert reader.status(1, TENANT) is not None

    await asyncio.sleep(0)  # the reads of one turn of the loop share what they see
    assert world.store.purge(over + 1) == 1
    await asyncio.sleep(0)
    assert reader.status(1, TENANT) is None
    assert world.store.purge(over + 1) == 0


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.ENDED])
async def test_a_call_that_has_not_ended_stays_however_old(world: World, phase: Phase) -> None:
    led = await _led(world, phase, numbered(1))

    assert world.store.purge(T0 + 10_000 * DAY) == 0
    assert world.store.reader().call(1) == led


async def test_each_tenant_has_its_own_time(world: World) -> None:
    world.add_tenant("brief", retention_days=1)
    await _led(world, Phase.ENDED, numbered(1), numbered(2, tenant_id="brief"))

    assert world.store.purge(T0 + 3 * DAY) == 1
    assert world.store.reader().call(2) is None
    assert world.store.reader().call(1) is not None


async def test_a_large_backlog_goes_bit_by_bit(world: World) -> None:
    await _led(world, Phase.ENDED, *(numbered(serial) for serial in range(1, 121)))
    gone = []

    while slice_ := world.store.purge(T0 + 100 * DAY):
        gone.append(slice_)

    assert sum(gone) == 120
    assert world.store.reader().call(120) is None


async def test_in_trouble_nothing_is_purged(world: World) -> None:
    await _led(world, Phase.ENDED, numbered(1))

    with world.trouble(), pytest.raises(StoreUnavailable):
        world.store.purge(T0 + 100 * DAY)

    assert world.store.reader().call(1) is not None


async def _led(world: World, phase: Phase, *calls: Call) -> Call:
    """Lead the calls to that phase; answers the last one."""
    await placed(world, *calls)
    journal = world.store.journal(asyncio.get_running_loop())
    led = [Told(journal, call).tell(*WAY[phase]) for call in calls]
    await journal.drained()
    return led[-1]
