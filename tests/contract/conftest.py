"""Every store that stands behind the ports, one after the other, in a world of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.worlds import TENANT, MemoryWorld, SqliteWorld, World


@pytest.fixture(params=["sqlite", "memory"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    world: World = SqliteWorld(tmp_path / "twoleg.db") if request.param == "sqlite" else MemoryWorld()
    for tenant in (TENANT, "t2"):
        world.add_tenant(tenant)
    yield world
    world.close()
