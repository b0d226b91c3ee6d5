"""Keys are looked after while an API process runs, whatever the store does meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from patience import eventually_async
from twoleg.adapters.store.sqlite import SqliteStore, open_store
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import SigningKey
from twoleg.bootstrap.key_rotation import keys_kept_fresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio

OLD = SigningKey("old", b"an old key of the tests, 32 bytes")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    url = f"sqlite:///{tmp_path}/twoleg.db"
    opened = open_store(url, clock=DrivenClock(), logger=NotedLog(), sealer=OpenSealer())
    opened.registry().add_signing_key(OLD, at=1)
    yield opened
    opened.close()


async def test_an_old_key_is_followed_by_one_new_one(store: SqliteStore) -> None:
    log = NotedLog()
    async with keys_kept_fresh(store, days=30, log=log, every=0.01):
        assert await eventually_async(lambda: len(store.directory().signing_keys()) == 2)
        await asyncio.sleep(0.05)  # a few looks later there is still one

    keys = store.directory().signing_keys()
    assert [key.key_id for key in keys[1:]] == ["old"]
    assert log.lines == []


async def test_without_days_nothing_is_rotated(store: SqliteStore) -> None:
    async with keys_kept_fresh(store, days=0, log=NotedLog(), every=0.01):
        await asyncio.sleep(0.05)

    assert [key.key_id for key in store.directory().signing_keys()] == ["old"]


async def test_a_store_in_trouble_is_told_and_asked_again(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    log, directory, times = NotedLog(), store.directory(), list[int]()
    read = directory.signing_keys

    def in_trouble_at_first() -> list[SigningKey]:
        times.append(1)
        if len(times) == 1:
            raise StoreUnavailable("the store cannot be read: locked")
        return list(read())

    monkeypatch.setattr(directory, "signing_keys", in_trouble_at_first)
    monkeypatch.setattr(store, "directory", lambda directory=directory: directory)
    async with keys_kept_fresh(store, days=0, log=log, every=0.01):
        assert await eventually_async(lambda: len(times) > 1)

    assert log.events("warning") == ["keys not rotated"]
