"""`twoleg backup`, `restore`, `store check`: copies that are whole or not there, stores that say what ails them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract.worlds import Told, numbered
from domain.calls import WAY
from store.files import opened, rows, with_tenant
from twoleg.adapters.store.sqlite import backup as copying
from twoleg.adapters.store.sqlite.backup import copy_store
from twoleg.adapters.store.sqlite.soundness import look_through
from twoleg.application.ports import Intent
from twoleg.bootstrap.lock import ServiceLock
from twoleg.domain.call import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

CALLS = 5
DIES = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("UPDATE tenant SET name = 'of the log'")
os._exit(0)
"""
"""Writes, and ends without tidying up."""


@pytest.fixture
def store(config: Path) -> Path:
    """A store with a call in each phase; its last writer is gone."""
    path = config.with_name("twoleg.db")
    with_tenant(path).close()
    asyncio.run(_calls(path, first=1))
    return path


async def _calls(path: Path, *, first: int) -> None:
    store = opened(path)
    steps = store.journal(asyncio.get_running_loop())
    for serial, way in enumerate(WAY.values(), start=first):
        await store.intake().place(Intent(numbered(serial)))
        Told(steps, numbered(serial)).tell(*way)
    await steps.drained()
    store.close()


def change(path: Path, sql: str) -> None:
    """Past all of our code."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


def serials(path: Path) -> list[object]:
    return [serial for (serial,) in rows(path, "SELECT serial FROM call ORDER BY serial")]


def test_a_backup_holds_everything_is_one_file_and_for_its_owner_only(store: Path, twoleg: Twoleg) -> None:
    target = store.with_name("copy.db")

    said = twoleg("backup", str(target), "--json").json

    assert (said["file"], said["calls"], said["bytes"]) == (str(target), CALLS, target.stat().st_size)
    for table in ("call", "event", "cdr", "leg", "tenant", "migration"):
        assert rows(target, f"SELECT * FROM {table}") == rows(store, f"SELECT * FROM {table}")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(file.name for file in store.parent.glob("*copy*")) == ["copy.db"]


def test_a_backup_into_a_folder_is_named_by_its_time(store: Path, twoleg: Twoleg) -> None:
    folder = store.with_name("backups")
    folder.mkdir()

    said = twoleg("backup", str(folder), "--json").json

    (made,) = folder.iterdir()
    assert str(made) == said["file"]
    assert made.match("twoleg-????????T??????Z.db")


def test_a_backup_says_what_is_not_in_it(store: Path, twoleg: Twoleg) -> None:
    twoleg("webhook", "create", "https://example.com/hook", "--tenant", "t1")
    ladders = store.with_name("twoleg.ladder.db")
    ladders.touch()

    said = twoleg("backup", str(store.with_name("copy.db")), "--json").json

    assert str(ladders) in said["not_in_it"]
    assert [path for path in said["not_in_it"] if "key" in path], "the key of the webhooks' secrets"
    assert all(Path(path).exists() for path in said["not_in_it"])


def test_a_file_is_replaced_only_when_asked(store: Path, twoleg: Twoleg) -> None:
    target = store.with_name("copy.db")
    target.write_text("precious")

    refused = twoleg("backup", str(target))
    assert (refused.code, "exists already" in refused.complained, target.read_text()) == (1, True, "precious")

    assert twoleg("backup", str(target), "--replace", "--json").json["calls"] == CALLS


def test_the_store_is_no_place_for_its_own_backup(store: Path, twoleg: Twoleg) -> None:
    refused = twoleg("backup", str(store), "--replace")
    assert (refused.code, "is the store itself" in refused.complained) == (1, True)
    assert len(serials(store)) == CALLS


def test_a_backup_that_cannot_be_written_leaves_nothing(store: Path, twoleg: Twoleg) -> None:
    refused = twoleg("backup", str(store.parent / "nowhere" / "copy.db"))
    assert (refused.code, "cannot be written" in refused.complained) == (1, True)


def test_without_a_store_there_is_nothing_to_copy(config: Path, twoleg: Twoleg) -> None:
    refused = twoleg("backup", str(config.with_name("copy.db")))
    assert (refused.code, "there is no store" in refused.complained) == (1, True)
    assert not config.with_name("twoleg.db").exists()


def test_calls_go_on_while_a_backup_is_made_and_it_holds_one_moment(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_SLICE", 8)
    target = store.with_name("copy.db")
    shares: list[float] = []

    async def story() -> int:
        living = opened(store)
        intake, steps = living.intake(), living.journal(asyncio.get_running_loop())
        loop, placed = asyncio.get_running_loop(), CALLS

        async def one_call() -> None:
            nonlocal placed
            placed += 1
            await intake.place(Intent(numbered(placed)))
            Told(steps, numbered(placed)).tell(*WAY[Phase.ENDED])
            await steps.drained()

        def between_slices(share: float) -> None:
            """The copying goes on only when another whole call has become durable beside it."""
            shares.append(share)
            asyncio.run_coroutine_threadsafe(one_call(), loop).result(timeout=20)

        await asyncio.to_thread(copy_store, store, target, told=between_slices)
        living.close()
        return placed

    placed = asyncio.run(story())

    assert len(shares) >= 3, "it was copied in several slices"
    assert serials(target) == list(range(1, CALLS + 1)), "all that was there when it began, and nothing of what came"
    assert serials(store) == list(range(1, placed + 1)), "nothing was lost meanwhile"
    assert [look_through(path).flaws for path in (store, target)] == [(), ()]


def test_the_log_of_changes_is_emptied_again_after_a_backup(store: Path) -> None:
    living = opened(store)
    try:
        copy_store(store, store.with_name("copy.db"), told=lambda _share: None)
        asyncio.run(_calls(store, first=100))
        (busy, _, _) = rows(store, "PRAGMA wal_checkpoint(TRUNCATE)")[0]
        assert busy == 0, "somebody still holds the snapshot"
    finally:
        living.close()


def test_a_restored_store_is_the_one_of_the_backup_and_what_was_there_is_kept(store: Path, twoleg: Twoleg) -> None:
    target = store.with_name("copy.db")
    assert twoleg("backup", str(target)).code == 0
    asyncio.run(_calls(store, first=100))

    said = twoleg("restore", str(target), "--json").json

    assert (said["file"], said["calls"]) == (str(store), CALLS)
    assert len(serials(store)) == CALLS
    assert len(serials(Path(said["replaced"]))) == 2 * CALLS
    assert twoleg("check", "--json").printed  # it opens
    assert stat.S_IMODE(store.stat().st_mode) == 0o600


def test_the_log_of_a_store_that_died_is_not_taken_for_the_restored_ones(store: Path, twoleg: Twoleg) -> None:
    """kill -9 leaves commits in the log beside the file; next to another file it would be applied to that one."""
    target = store.with_name("copy.db")
    twoleg("backup", str(target))
    subprocess.run([sys.executable, "-c", DIES, str(store)], check=True, timeout=30)
    assert store.with_name("twoleg.db-wal").stat().st_size > 0

    replaced = Path(twoleg("restore", str(target), "--json").json["replaced"])

    assert rows(store, "SELECT name FROM tenant") == [("one",)]
    assert rows(replaced, "SELECT name FROM tenant") == [("of the log",)]
    assert look_through(store).flaws == ()


def test_a_backup_is_restored_where_there_is_no_store(store: Path, twoleg: Twoleg) -> None:
    target = store.with_name("copy.db")
    twoleg("backup", str(target))
    store.unlink()

    assert twoleg("restore", str(target), "--json").json["replaced"] is None
    assert len(serials(store)) == CALLS


def test_what_is_no_sound_backup_is_not_restored(store: Path, twoleg: Twoleg) -> None:
    target = store.with_name("copy.db")
    twoleg("backup", str(target))
    change(target, "DELETE FROM cdr")
    diary = store.with_name("diary.db")
    diary.write_text("Dear diary, " * 1000)

    for bad, why in (
        (target, "is not sound: an ended call without its record: 5"),
        (diary, "it is damaged or no SQLite file"),
        (store.with_name("gone.db"), "there is no file"),
        (store, "is the store itself"),
    ):
        refused = twoleg("restore", str(bad))
        assert (refused.code, why in refused.complained) == (1, True), refused.complained
    assert len(serials(store)) == CALLS
    assert [file.name for file in store.parent.glob("*replaced*")] == []


def test_nothing_is_restored_under_a_running_service(store: Path, twoleg: Twoleg) -> None:
    target = store.with_name("copy.db")
    twoleg("backup", str(target))
    asyncio.run(_calls(store, first=100))
    running = asyncio.run(ServiceLock.take(store))
    try:
        refused = twoleg("restore", str(target))
    finally:
        running.release()

    assert refused.code == 1
    assert f"twoleg (process {os.getpid()}) is serving {store}; stop it first" in refused.complained
    assert len(serials(store)) == 2 * CALLS


def test_a_sound_store_is_said_to_be_so(store: Path, twoleg: Twoleg) -> None:
    said = twoleg("store", "check", "--json").json
    assert said == {"file": str(store), "ok": True, "calls": CALLS, "flaws": []}
    assert twoleg("store", "check").printed == f"ok  {store}: {CALLS} calls\n"


@pytest.mark.parametrize(
    ("sql", "flaw"),
    [
        ("DELETE FROM cdr", "an ended call without its record: 5"),
        ("UPDATE cdr SET reason = 3", "a record that differs from its call: 5"),
        ("UPDATE call SET phase = 3, reason = NULL, cause = NULL, ended_at = NULL WHERE phase = 4", "has not ended: 5"),
        ("DELETE FROM event WHERE serial = 4 AND seq = 2", "a call with a gap in its events: 4"),
        ("DELETE FROM event WHERE serial = 2", "a call with a gap in its events: 2"),
        ("UPDATE event SET type = 'call.ended' WHERE serial = 3 AND seq = 1", "too early or never: 3"),
        ("DELETE FROM tenant", "call row"),
    ],
)
def test_a_store_that_breaks_a_promise_is_told_so(store: Path, twoleg: Twoleg, sql: str, flaw: str) -> None:
    change(store, sql)

    said = twoleg("store", "check")

    assert said.code == 1
    assert flaw in said.printed, said.printed


def test_a_damaged_page_is_found_named_and_never_backed_up(store: Path, twoleg: Twoleg) -> None:
    (root,) = rows(store, "SELECT rootpage FROM sqlite_schema WHERE name = 'leg'")[0]
    (size,) = rows(store, "PRAGMA page_size")[0]
    with store.open("r+b") as file:
        file.seek((int(str(root)) - 1) * int(str(size)))
        file.write(b"\xa5" * int(str(size)))

    checked = twoleg("store", "check")
    backed = twoleg("backup", str(store.with_name("copy.db")))
    shown = twoleg("status", "5")

    assert (checked.code, "page or row: " in checked.printed) == (1, True), checked.printed
    assert (backed.code, "is not sound" in backed.complained) == (1, True), backed.complained
    assert (shown.code, "it is damaged" in shown.complained) == (1, True), shown.complained
    assert not store.with_name("copy.db").exists()
