"""The way in: opens (and migrates) the file, and hands out the adapters that stand behind the ports."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from twoleg.adapters.store.sqlite.asking import AskedWriter
from twoleg.adapters.store.sqlite.audit_log import SqliteAuditLog
from twoleg.adapters.store.sqlite.call_deliveries import SqliteCallDeliveries
from twoleg.adapters.store.sqlite.call_records import SqliteCallRecords, SqliteDetailRecords
from twoleg.adapters.store.sqlite.call_reports import SqliteCallReports
from twoleg.adapters.store.sqlite.call_search import SqliteCallSearch
from twoleg.adapters.store.sqlite.connection import open_writer, path_of, pause
from twoleg.adapters.store.sqlite.directory import SqliteDirectory
from twoleg.adapters.store.sqlite.endpoint_book import SqliteEndpointBook
from twoleg.adapters.store.sqlite.errors import UnusableStore
from twoleg.adapters.store.sqlite.event_feed import SqliteEventFeed
from twoleg.adapters.store.sqlite.figure_book import SqliteFigureBook
from twoleg.adapters.store.sqlite.intake import SqliteIntake
from twoleg.adapters.store.sqlite.journal import SqliteJournal
from twoleg.adapters.store.sqlite.log import StoreLog, UnfailingLog
from twoleg.adapters.store.sqlite.migrations import known_migrations, migrate
from twoleg.adapters.store.sqlite.outbox import SqliteOutbox
from twoleg.adapters.store.sqlite.overdue_book import SqliteOverdueBook
from twoleg.adapters.store.sqlite.purge import purge
from twoleg.adapters.store.sqlite.quality_book import SqliteQualityBook
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reader import SqliteReader
from twoleg.adapters.store.sqlite.reads import Reads, TurnReads
from twoleg.adapters.store.sqlite.recordings import SqliteRecordingBook
from twoleg.adapters.store.sqlite.registry import SqliteRegistry
from twoleg.adapters.store.sqlite.sealed_keys import SealedKeys
from twoleg.adapters.store.sqlite.trouble import Trouble, trouble_of
from twoleg.adapters.store.sqlite.trunk_board import SqliteTrunkBoard
from twoleg.adapters.store.sqlite.unwanted import SqliteUnwantedBook
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.application.ports import Clock
from twoleg.application.sealing import Sealer

_USE_WAL = query("use_write_ahead_log")

_OLDEST_SQLITE = (3, 37)
"""STRICT tables: sqlite.org/stricttables.html."""
_RECORDINGS_REST = 0.001
"""Seconds between two commits about recordings: the journal gets its turn at the write lock."""
_OPEN_TRIES = 300
_OPEN_POLL = 0.1
"""Seconds between two tries to open a file that another process is just creating or migrating: half a minute in all."""


class _Closable(Protocol):
    def close(self) -> None: ...


_Part = TypeVar("_Part", bound=_Closable)


class SqliteStore:
    """One open file. Each process opens its own; nothing of it may cross a fork.

    What it hands out shares nothing but the file. `close` ends all of it; journal and intake write what they hold.
    """

    def __init__(self, path: Path, *, logger: StoreLog, sealer: Sealer | None = None) -> None:
        self.path = path
        self._sealer = sealer
        self._log = UnfailingLog(logger)
        self._parts: list[_Closable] = []
        self._writes = self._opened(Writes(path))  # closed last: the last one that may write tidies the log away
        self._reads = self._opened(Reads(path))

    def journal(self, loop: asyncio.AbstractEventLoop) -> SqliteJournal:
        """The engine's side; callbacks run on `loop`. One per file: one engine process writes the living calls."""
        return self._opened(SqliteJournal(path=self.path, loop=loop, log=self._log))

    def intake(self) -> SqliteIntake:
        """The API's side; its coroutines run on whatever loop awaits them."""
        return self._opened(SqliteIntake(path=self.path, log=self._log))

    def reader(self) -> SqliteReader:
        """Reads of committed calls; one thread at a time."""
        return SqliteReader(self._opened(TurnReads(self.path)))

    def event_feed(self) -> SqliteEventFeed:
        """The event log by cursor; one thread at a time."""
        return SqliteEventFeed(self._opened(Reads(self.path)))

    def call_deliveries(self) -> SqliteCallDeliveries:
        """What became of a call's webhooks; one thread at a time."""
        return SqliteCallDeliveries(self._opened(Reads(self.path)))

    def call_search(self) -> SqliteCallSearch:
        """Lists of calls, states of many; one thread at a time."""
        return SqliteCallSearch(self._opened(Reads(self.path)))

    def call_records(self) -> SqliteCallRecords:
        """Lists of calls; one thread at a time."""
        return SqliteCallRecords(self._opened(Reads(self.path)))

    def detail_records(self) -> SqliteDetailRecords:
        """Records of ended calls, for export; one thread at a time."""
        return SqliteDetailRecords(self._opened(Reads(self.path)))

    def directory(self) -> SqliteDirectory:
        """Tenants, apps and keys as committed; one thread at a time."""
        return SqliteDirectory(self._opened(TurnReads(self.path)), SealedKeys(self._sealer))

    def registry(self) -> SqliteRegistry:
        """Changes to tenants, apps and keys; from any thread. Blocks for a disk flush, in trouble for a few seconds."""
        return SqliteRegistry(self._writes, SealedKeys(self._sealer))

    def audit_log(self) -> SqliteAuditLog:
        """Who did what. Blocks like `registry`."""
        return SqliteAuditLog(self._writes, self._opened(Reads(self.path)))

    def unwanted_book(self) -> SqliteUnwantedBook:
        """Do-not-call lists. Blocks like `registry`."""
        return SqliteUnwantedBook(self._writes, self._opened(Reads(self.path)))

    def trunk_board(self) -> SqliteTrunkBoard:
        """The state of trunks. Blocks like `registry`."""
        return SqliteTrunkBoard(self._writes, self._opened(Reads(self.path)))

    def quality_book(self) -> SqliteQualityBook:
        """How well legs were heard. Blocks like `registry`."""
        return SqliteQualityBook(self._writes, self._opened(Reads(self.path)))

    def endpoint_book(self) -> SqliteEndpointBook:
        """Webhook endpoints and their logs; one thread at a time. Blocks like `registry`."""
        return SqliteEndpointBook(self._writes, self._opened(Reads(self.path)))

    def call_reports(self) -> SqliteCallReports:
        """Where carriers' own records of calls enter."""
        return self._opened(SqliteCallReports(path=self.path, log=self._log))

    def outbox(self) -> SqliteOutbox:
        """The deliveries of webhooks. One per file: one process makes them."""
        return self._opened(SqliteOutbox(path=self.path, reads=self._opened(Reads(self.path)), log=self._log))

    def recordings(self) -> SqliteRecordingBook:
        """The book of recordings; reads by one thread at a time, changes on whatever loop awaits them."""
        writer = AskedWriter(path=self.path, name="recordings", rest=_RECORDINGS_REST, log=self._log)
        return self._opened(SqliteRecordingBook(Reads(self.path), writer))

    def overdue_book(self) -> SqliteOverdueBook:
        """What the sweeper reads and closes; reads by one thread at a time, changes on whatever loop awaits them."""
        writer = AskedWriter(path=self.path, name="sweeper", rest=_RECORDINGS_REST, log=self._log)
        return SqliteOverdueBook(self._opened(Reads(self.path)), self._opened(writer))

    def figure_book(self) -> SqliteFigureBook:
        """Figures for operators; one thread at a time."""
        return SqliteFigureBook(self._opened(Reads(self.path)))

    def purge(self, now_ms: int) -> int:
        """Delete one small slice of what outlived its tenant's retention; answers how many calls went.

        Takes a few ms and blocks: run it in a thread (one at a time), again soon while the answer is not 0, else about
        once a minute. Raises `StoreUnavailable`.
        """
        return purge(self._reads, self._writes, now_ms=now_ms)

    def close(self) -> None:
        """Write what is held, then close. Waits a bounded time for a store in trouble; harmless when repeated."""
        while self._parts:
            self._parts.pop().close()

    def _opened(self, part: _Part) -> _Part:
        self._parts.append(part)
        return part


def open_store(url: str, *, clock: Clock, logger: StoreLog, sealer: Sealer | None = None) -> SqliteStore:
    """Open the file, creating or migrating it as needed; safe when several processes do so at once.

    `url` is `sqlite:////absolute/path` or `sqlite:///relative/path`. `sealer`: for signing keys; without one there are
    none. Raises `UnusableStore` with one clear line.
    """
    path = path_of(url)
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise UnusableStore(f"store {path}: this Python has SQLite {sqlite3.sqlite_version}; 3.37 or later is needed")
    try:
        _prepare(path, clock, logger)
        return SqliteStore(path, logger=logger, sealer=sealer)
    except UnusableStore as error:
        raise UnusableStore(f"store {path}: {error}") from error
    except (OSError, sqlite3.Error) as error:
        trouble = trouble_of(error)
        raise UnusableStore(f"store {path}: {error if trouble is None else trouble.value}") from error


def _prepare(path: Path, clock: Clock, log: StoreLog) -> None:
    if not path.parent.is_dir():
        raise UnusableStore(f"there is no folder {path.parent}")
    with suppress(
        FileExistsError
    ):  # it holds signing keys: for its owner's eyes, and so are the files SQLite puts beside it
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    for needed in (path.parent, path):  # SQLite keeps its log beside the file
        if not os.access(needed, os.W_OK):
            raise UnusableStore(f"{needed} may not be written by this user")
    with closing(_open_patiently(path)) as connection:
        migrate(connection, known_migrations(), now_ms=clock.now_ms(), log=log)


def _open_patiently(path: Path) -> sqlite3.Connection:
    """Neither the change to WAL mode nor the first look at a new file waits for a lock by itself."""
    for tries_left in reversed(range(_OPEN_TRIES)):
        try:
            return _open_in_wal_mode(path)
        except sqlite3.OperationalError as error:
            if trouble_of(error) is not Trouble.LOCKED or not tries_left:
                raise
        pause(_OPEN_POLL)
    raise AssertionError("unreachable: the last try returns or raises")


def _open_in_wal_mode(path: Path) -> sqlite3.Connection:
    connection = open_writer(path)
    try:
        (mode,) = connection.execute(_USE_WAL).fetchone()
    except BaseException:
        connection.close()
        raise
    if mode == "wal":
        return connection
    connection.close()
    raise UnusableStore("its file system cannot share memory between processes (WAL mode); use a local disk")
