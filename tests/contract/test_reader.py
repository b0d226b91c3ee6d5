"""CallReader: what a query may see."""

from __future__ import annotations

import pytest

from contract.worlds import TENANT, World, numbered, placed

pytestmark = pytest.mark.asyncio


async def test_another_tenants_call_looks_like_a_call_that_never_was(world: World) -> None:
    await placed(world, numbered(1))
    reader = world.store.reader()

    assert reader.status(1, TENANT) is not None
    assert reader.status(1, "t2") is reader.status(999, "t2") is None


async def test_operators_read_the_calls_of_any_tenant(world: World) -> None:
    await placed(world, numbered(1), numbered(2, tenant_id="t2"))
    reader = world.store.reader()

    assert [reader.call(serial) for serial in (1, 2, 3)] == [numbered(1), numbered(2, tenant_id="t2"), None]


async def test_the_largest_serial_is_kept_exactly(world: World) -> None:
    largest = 2**63 - 1
    await placed(world, numbered(largest))

    found = world.store.reader().call(largest)

    assert found == numbered(largest)
