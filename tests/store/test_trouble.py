"""A file that cannot be written for a while: honest refusals, nothing lost, and nobody has to lend a hand."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract.worlds import Told, numbered
from domain.calls import WAY
from fakes.log import NotedLog
from patience import eventually_async
from store.files import locked, opened, process, rows, said, tell, with_tenant
from twoleg.adapters.store.sqlite import SqliteStore, asking, connection, journal, writes
from twoleg.adapters.store.sqlite.trouble import Trouble
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import Intent, Placed, SigningKey
from twoleg.domain.call import Phase
from twoleg.domain.signals import Start

BOUND_USER = os.getuid() or 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twoleg.db"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a lock becomes trouble after 0.05 s instead of seconds."""
    for module in (asking, writes):
        monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(journal, "_LOCK_PATIENCE", 0.05)


async def _place(store: SqliteStore, serial: int) -> None:
    await store.intake().place(Intent(numbered(serial)))


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """New connections find no page beyond those that the file has: SQLite reports that the disk is full."""
    with monkeypatch.context() as patch:
        patch.setattr(connection, "_WRITER_SETTINGS", connection._WRITER_SETTINGS + "PRAGMA max_page_count = 1;")
        yield


@pytest.mark.asyncio
@pytest.mark.usefixtures("impatient")
async def test_a_file_locked_by_another_process_refuses_calls_until_it_is_free(path: Path) -> None:
    log = NotedLog()
    store = with_tenant(path, log)
    calls = store.intake()

    with locked(path):
        with pytest.raises(StoreUnavailable, match="another process keeps it locked"):
            await calls.place(Intent(numbered(1)))
        with pytest.raises(StoreUnavailable, match="another process keeps it locked"):
            store.registry().add_signing_key(SigningKey("k", b"s"), at=1)

    assert await calls.place(Intent(numbered(1))) == Placed(1)
    assert log.events("warning") == ["store cannot be written"]
    store.close()


@pytest.mark.asyncio
async def test_a_lock_that_is_soon_released_is_waited_for(path: Path) -> None:
    store = with_tenant(path)
    calls = store.intake()

    with locked(path):
        waiting = asyncio.ensure_future(calls.place(Intent(numbered(1))))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done

    assert await asyncio.wait_for(waiting, timeout=1) == Placed(1)
    store.close()


@pytest.mark.asyncio
@pytest.mark.usefixtures("impatient")
async def test_steps_outlast_a_lock_and_the_trouble_is_told_once(path: Path) -> None:
    log = NotedLog()
    store = with_tenant(path, log)
    await store.intake().place(Intent(numbered(1)))
    steps = store.journal(asyncio.get_running_loop())
    told = Told(steps, numbered(1))

    with locked(path):
        told.tell(*WAY[Phase.ENDED])
        assert await eventually_async(lambda: sum(steps.troubles.values()) >= 3)
        assert told.durable == []
    await asyncio.wait_for(steps.drained(), timeout=5)

    assert [call.phase for call in told.durable] == [1, 2, 3, 4]
    assert store.reader().call(1) == told.call
    assert (log.events("warning"), log.events("info")[-1]) == (
        ["store cannot be written"],
        "store can be written again",
    )
    store.close()


@pytest.mark.asyncio
async def test_a_full_disk_refuses_calls_until_there_is_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = with_tenant(path)
    refused = 0

    with full_disk(monkeypatch):
        calls = store.intake()
        for serial in range(1, 1000):
            try:
                await calls.place(Intent(numbered(serial)))
            except StoreUnavailable as error:
                assert str(error) == "the store cannot be written: the disk is full"  # noqa: PT017 - the first of many
                refused = serial
                break
    assert refused

    assert await calls.place(Intent(numbered(refused))) == Placed(refused)
    assert rows(path, "SELECT count(*) FROM call") == [(refused,)]
    store.close()


@pytest.mark.asyncio
async def test_steps_outlast_a_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = NotedLog()
    store = with_tenant(path, log)
    calls = [numbered(serial) for serial in range(1, 301)]
    await asyncio.gather(*map(store.intake().place, map(Intent, calls)))

    with full_disk(monkeypatch):
        steps = store.journal(asyncio.get_running_loop())
        told = [Told(steps, call) for call in calls]
        for one in told:
            one.tell(*WAY[Phase.ENDED])
        assert await eventually_async(lambda: sum(steps.troubles.values()) > 0)
    await asyncio.wait_for(steps.drained(), timeout=10)

    assert all(one.durable[-1] == one.call for one in told)
    assert rows(path, "SELECT count(*) FROM call WHERE phase = 4") == [(300,)]
    assert log.events("warning") == ["store cannot be written"]
    store.close()


@pytest.mark.asyncio
async def test_a_closing_engine_does_not_wait_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = NotedLog()
    store = with_tenant(path, log)
    await store.intake().place(Intent(numbered(1)))
    monkeypatch.setattr(journal, "_LOCK_PATIENCE", 0.0)
    monkeypatch.setattr("twoleg.adapters.store.sqlite.step_work._TRIES_WHEN_CLOSING", 2)
    told = Told(store.journal(asyncio.get_running_loop()), numbered(1))

    with locked(path):
        told.tell(Start())
        await asyncio.wait_for(asyncio.to_thread(store.close), timeout=5)

    assert told.durable == []
    assert log.events("error") == ["closed with steps that could not be stored"]


@pytest.mark.asyncio
async def test_what_is_closed_refuses(path: Path) -> None:
    store = with_tenant(path)
    calls, reader, registry = store.intake(), store.reader(), store.registry()
    store.close()

    with pytest.raises(StoreUnavailable):
        await calls.place(Intent(numbered(1)))
    with pytest.raises(StoreUnavailable):
        reader.status(1, "t1")
    with pytest.raises(StoreUnavailable):
        registry.add_signing_key(SigningKey("k", b"s"), at=1)
    with pytest.raises(StoreUnavailable):
        store.purge(1)


def test_a_read_that_fails_is_refused_and_the_next_one_works(path: Path) -> None:
    store = with_tenant(path)
    asyncio.run(_place(store, 1))
    reader = store.reader()
    reader._reads._disconnect()
    aside = path.rename(path.with_suffix(".aside"))

    with pytest.raises(StoreUnavailable, match="it cannot be opened"):
        reader.status(1, "t1")

    aside.rename(path)
    assert reader.status(1, "t1") is not None
    store.close()


@pytest.mark.asyncio
async def test_a_log_that_fails_does_not_stop_the_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullLog(NotedLog):
        def warning(self, event: str, /, **facts: Any) -> None:
            raise OSError("no space left on device")

    store = with_tenant(path, FullLog())
    await store.intake().place(Intent(numbered(1)))
    monkeypatch.setattr(journal, "_LOCK_PATIENCE", 0.0)
    steps = store.journal(asyncio.get_running_loop())
    told = Told(steps, numbered(1))

    with locked(path):
        told.tell(Start())
        assert await eventually_async(lambda: sum(steps.troubles.values()) > 0)
    await asyncio.wait_for(steps.drained(), timeout=5)

    assert told.durable == [told.call]
    store.close()


@pytest.mark.asyncio
async def test_a_step_that_cannot_be_stored_holds_back_its_call_and_no_other(path: Path) -> None:
    log = NotedLog()
    store = with_tenant(path, log)
    await store.intake().place(Intent(numbered(1)))
    steps = store.journal(asyncio.get_running_loop())
    never_placed, good = Told(steps, numbered(404)), Told(steps, numbered(1))

    never_placed.tell(*WAY[Phase.TALKING])
    good.tell(*WAY[Phase.TALKING])
    await steps.drained()
    never_placed.tell(*WAY[Phase.ENDED][3:])
    good.tell(*WAY[Phase.ENDED][3:])
    await steps.drained()

    assert (never_placed.durable, good.durable[-1]) == ([], good.call)
    assert store.reader().call(1) == good.call
    assert [facts["call"] for level, _, facts in log.lines if level == "error"] == [404]
    store.close()


@pytest.mark.asyncio
async def test_a_call_that_no_file_can_hold_is_that_callers_trouble_only(path: Path) -> None:
    store = with_tenant(path)
    calls = store.intake()
    too_large = numbered(2**63)

    answers = await asyncio.gather(
        calls.place(Intent(numbered(1))), calls.place(Intent(too_large)), calls.place(Intent(numbered(2))),
        return_exceptions=True,
    )  # fmt: skip

    assert [answers[0], answers[1].__class__, answers[2]] == [Placed(1), OverflowError, Placed(2)]
    store.close()


@pytest.fixture
def others_path() -> Iterator[Path]:
    """A file of a user whom permissions bind: root may write anything, and pytest's own folders let nobody else in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twoleg.db"
        with_tenant(path).close()
        for owned in (path.parent, path):
            os.chown(owned, BOUND_USER, -1)
        yield path


def test_a_file_made_read_only_refuses_changes_until_it_may_be_written(others_path: Path) -> None:
    with process("read_only.py", others_path, BOUND_USER) as other:
        assert said(other) == "1 tenants"

        others_path.chmod(0o444)
        tell(other, "go on")
        assert [said(other), said(other)] == ["the store cannot be written: it is read-only"] * 2

        others_path.chmod(0o600)
        tell(other, "go on")  # SQLite made the log read-only too; its next opening puts that right
        assert said(other) in ("placed 2", "the store cannot be written: it is read-only")
        assert said(other) == "added"
        tell(other, "go on")
        assert [said(other), said(other)] == ["placed 3", "added"]


@pytest.mark.parametrize("at_fault", [Path.resolve, lambda path: path.parent], ids=["file", "folder"])
def test_a_store_that_may_not_be_written_is_not_opened(others_path: Path, at_fault: Callable[[Path], Path]) -> None:
    at_fault(others_path).chmod(0o555)
    with process("read_only.py", others_path, BOUND_USER) as other:
        assert said(other) == f"store {others_path}: {at_fault(others_path)} may not be written by this user"


@pytest.mark.asyncio
async def test_a_damaged_page_is_refused_and_named_and_steps_wait_until_the_file_is_whole(path: Path) -> None:
    log = NotedLog()
    store = with_tenant(path)
    for serial in (1, 2):
        await store.intake().place(Intent(numbered(serial)))
    store.close()
    mend = _damaged(path, "event")

    store = opened(path, log)
    steps = store.journal(asyncio.get_running_loop())
    told = Told(steps, numbered(1))
    told.tell(*WAY[Phase.TALKING])
    with pytest.raises(StoreUnavailable, match="it is damaged"):
        await store.intake().place(Intent(numbered(3)))
    with pytest.raises(StoreUnavailable, match="it is damaged"):
        store.event_feed().of_call(2, after=0, limit=10)
    assert store.reader().status(2, "t1") is not None, "what is not damaged is read"
    assert await eventually_async(lambda: steps.troubles[Trouble.DAMAGED] >= 2)
    assert told.durable == []

    mend()
    await asyncio.wait_for(steps.drained(), timeout=10)

    assert told.durable[-1] == told.call
    assert ("warning", "store cannot be written") in [(level, event) for level, event, _ in log.lines]
    store.close()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def _damaged(path: Path, table: str) -> Callable[[], object]:
    """The first page of a table holds nonsense; the answer puts the file in order again."""
    (page,) = rows(path, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")[0]
    (size,) = rows(path, "PRAGMA page_size")[0]
    begin, end = (int(str(page)) - 1) * int(str(size)), int(str(page)) * int(str(size))
    sound = path.read_bytes()
    path.write_bytes(sound[:begin] + b"\xa5" * (end - begin) + sound[end:])
    return lambda: path.write_bytes(sound)
