from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.world import Client, World
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from fakes.store import MemoryStore
from twoleg.adapters.store.sqlite import open_store


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/twoleg.db"
    memory = request.param == "memory"
    with World(
        MemoryStore() if memory else open_store(url, clock=DrivenClock(), logger=NotedLog(), sealer=OpenSealer())
    ) as world:
        yield world


@pytest.fixture
def client(world: World) -> Client:
    return world.client()
