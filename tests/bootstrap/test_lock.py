"""One service per store."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from twoleg.bootstrap import lock
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.lock import ServiceLock, serving_pid


def test_a_second_service_is_told_who_is_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE", 0.1)

    async def twice() -> None:
        first = await ServiceLock.take(tmp_path / "twoleg.db")
        try:
            assert serving_pid(tmp_path / "twoleg.db") == os.getpid()
            told = rf"another twoleg \(process {os.getpid()}\) is serving .*twoleg.db; stop it first"
            with pytest.raises(ServiceError, match=told):
                await ServiceLock.take(tmp_path / "twoleg.db")
        finally:
            first.release()

    asyncio.run(twice())


def test_nobody_serves_a_store_that_was_released(tmp_path: Path) -> None:
    store = tmp_path / "twoleg.db"
    assert serving_pid(store) is None
    asyncio.run(ServiceLock.take(store)).release()
    assert serving_pid(store) is None


def test_a_child_holds_the_lock_after_its_supervisor_is_gone(tmp_path: Path) -> None:
    store = tmp_path / "twoleg.db"
    taken = asyncio.run(ServiceLock.take(store))
    with subprocess.Popen(
        [sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[taken.descriptor]
    ) as child:
        taken.release()
        assert serving_pid(store) == os.getpid()
        child.communicate(b"\n")
    assert serving_pid(store) is None


def test_a_service_waits_for_the_last_process_of_a_killed_one(tmp_path: Path) -> None:
    store = tmp_path / "twoleg.db"

    async def outlast() -> None:
        first = await ServiceLock.take(store)
        taking = asyncio.create_task(ServiceLock.take(store))
        await asyncio.sleep(0.05)
        assert not taking.done()
        first.release()
        (await taking).release()

    asyncio.run(outlast())


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"store.url: .*nowhere.* cannot be written: No such file or directory"):
        asyncio.run(ServiceLock.take(tmp_path / "nowhere" / "twoleg.db"))
