"""Reads that share a snapshot within a turn of the event loop: as fresh as single ones, and nothing stays open."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from twoleg.adapters.store.sqlite.reads import TurnReads
from twoleg.application.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = "SELECT count(*) FROM thing"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "file.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE thing (number INTEGER)")
        yield connection


@pytest.fixture
def reads(tmp_path: Path, writer: sqlite3.Connection) -> Iterator[TurnReads]:
    writer.execute("DELETE FROM thing")
    reads = TurnReads(tmp_path / "file.db")
    yield reads
    reads.close()


def add(writer: sqlite3.Connection) -> None:
    writer.execute("INSERT INTO thing VALUES (1)")


def test_what_was_committed_before_a_turn_is_seen_in_it(reads: TurnReads, writer: sqlite3.Connection) -> None:
    async def story() -> list[object]:
        seen: list[object] = []
        for _ in range(3):
            add(writer)
            seen.append(reads.one(COUNT))
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(story()) == [(1,), (2,), (3,)]


def test_reads_of_one_turn_see_the_same(reads: TurnReads, writer: sqlite3.Connection) -> None:
    async def story() -> list[object]:
        before = reads.one(COUNT)
        add(writer)
        return [before, reads.one(COUNT)]

    assert asyncio.run(story()) == [(0,), (0,)]


def test_who_comes_in_during_a_turn_is_answered_from_a_later_snapshot(
    reads: TurnReads, writer: sqlite3.Connection
) -> None:
    """A request that is received after a commit never sees what was before it, whoever else read in that turn."""

    async def late() -> object:
        return reads.one(COUNT)

    async def story() -> list[object]:
        before = reads.one(COUNT)
        add(writer)
        return [before, await asyncio.create_task(late())]

    assert asyncio.run(story()) == [(0,), (1,)]


def test_after_its_turn_a_snapshot_holds_nothing_up(reads: TurnReads, writer: sqlite3.Connection) -> None:
    async def story() -> object:
        add(writer)
        reads.one(COUNT)
        await asyncio.sleep(0)
        return writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    assert asyncio.run(story()) == (0, 0, 0)  # not busy, nothing left in the log


def test_trouble_within_a_turn_does_not_outlive_it(reads: TurnReads, writer: sqlite3.Connection) -> None:
    async def story() -> object:
        with pytest.raises(StoreUnavailable):
            reads.one("SELECT nothing FROM nowhere")
        add(writer)
        await asyncio.sleep(0)
        return reads.one(COUNT)

    assert asyncio.run(story()) == (1,)


def test_without_a_loop_each_read_stands_alone(reads: TurnReads, writer: sqlite3.Connection) -> None:
    assert reads.one(COUNT) == (0,)
    add(writer)
    assert reads.one(COUNT) == (1,)
