"""Several processes on one file, and processes that die."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from contract.worlds import numbered
from store.files import opened, process, rows, said, tell, with_tenant
from twoleg.adapters.store.sqlite.migrations import known_migrations

ACKNOWLEDGED = 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twoleg.db"


def test_what_was_acknowledged_is_there_after_kill_9(path: Path) -> None:
    with_tenant(path).close()
    with process("placer.py", path, 1, 1, "own") as placer:
        start([placer])
        acknowledged = [int(said(placer)) for _ in range(ACKNOWLEDGED)]
        placer.kill()
        rest, _ = placer.communicate()
    acknowledged += [int(line) for line in rest.split()]

    store = opened(path)
    reader = store.reader()
    assert [serial for serial in acknowledged if reader.call(serial) != numbered(serial)] == []
    store.close()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_of_two_processes_that_place_the_same_pair_one_is_accepted(path: Path) -> None:
    with_tenant(path).close()
    with ExitStack() as stack:
        placers = [stack.enter_context(process("placer.py", path, 1 + odd, 2, "same")) for odd in (0, 1)]
        start(placers)
        answers = [said(placer) for _ in range(50) for placer in placers]

    assert len([answer for answer in answers if answer != "-"]) == 1
    assert len(rows(path, "SELECT * FROM call")) == 1


def test_two_processes_write_side_by_side_and_neither_is_refused(path: Path) -> None:
    with_tenant(path).close()
    with ExitStack() as stack:
        placers = [stack.enter_context(process("placer.py", path, 1 + odd, 2, "own")) for odd in (0, 1)]
        start(placers)
        answers = [[int(said(placer)) for _ in range(100)] for placer in placers]

    assert [sorted(serials)[:90] for serials in answers] == [list(range(first, first + 180, 2)) for first in (1, 2)]
    assert rows(path, "SELECT count(*), count(DISTINCT position), min(seq), max(seq) FROM event") == [
        (len(rows(path, "SELECT * FROM call")), len(rows(path, "SELECT * FROM call")), 1, 1)
    ]


def test_processes_that_migrate_at_once_do_it_once(path: Path) -> None:
    with ExitStack() as stack:
        openers = [stack.enter_context(process("opener.py", path)) for _ in range(4)]
        start(openers)
        assert [said(opener) for opener in openers] == ["0 tenants"] * 4

    assert rows(path, "SELECT number FROM migration") == [(known.number,) for known in known_migrations()]


def start(processes: list[subprocess.Popen[str]]) -> None:
    """All of them at the same time."""
    assert [said(running) for running in processes] == ["ready"] * len(processes)
    for running in processes:
        tell(running, "go")
