"""Connections to the one file: addresses, settings, and transactions that wait politely for the other process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from twoleg.adapters.store.sqlite.errors import UnusableStore
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import Trouble, trouble_of

_WRITER_SETTINGS = query("writer_settings")
_READER_SETTINGS = query("reader_settings")
_BEGIN = query("begin")
_COMMIT = query("commit")
_ROLLBACK = query("rollback")

_SCHEME = "sqlite:///"
_READ_PATIENCE = 5.0
"""Seconds a read waits for a lock. In WAL mode readers wait only while a file is recovered after a crash."""
_POLL = 0.0005
"""Seconds between two tries for the write lock: a transaction of the other process takes about a millisecond, and
SQLite's own handler would sleep 1, 2, 5, 10, 15 ... ms and so lose to whoever asks more often."""

_never = threading.Event()


def path_of(url: str) -> Path:
    """The file that a store URL names. Raises `UnusableStore`."""
    path = url.removeprefix(_SCHEME)
    if path == url or not path or path.startswith(":memory:"):
        raise UnusableStore(f"store url {url!r}: must be sqlite:////absolute/path or sqlite:///relative/path")
    return Path(path)


def open_writer(path: Path) -> sqlite3.Connection:
    """A connection that may write an existing file; for any thread, by one at a time. Raises what SQLite raises."""
    connection = _connect(path, mode="rw", patience=0.0)
    return _with(connection, _WRITER_SETTINGS)


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads; each statement sees everything committed before it began."""
    connection = _connect(path, mode="ro", patience=_READ_PATIENCE)
    return _with(connection, _READER_SETTINGS)


def _connect(path: Path, *, mode: str, patience: float) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)


def _with(connection: sqlite3.Connection, settings: str) -> sqlite3.Connection:
    try:
        connection.executescript(settings)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def pause(seconds: float) -> None:
    """Let this thread rest."""
    _never.wait(seconds)


@contextmanager
def transaction(connection: sqlite3.Connection, *, patience: float) -> Iterator[None]:
    """One write transaction: durable when the block ends, undone when it raises.

    Waits up to `patience` seconds for the write lock, then raises SQLite's own `database is locked`.
    """
    _begin(connection, patience)
    try:
        yield
        connection.execute(_COMMIT)
    except BaseException:
        _undo(connection)
        raise


def _begin(connection: sqlite3.Connection, patience: float) -> None:
    tries_left = int(patience / _POLL)
    while True:
        try:
            connection.execute(_BEGIN)
        except sqlite3.Error as error:
            if trouble_of(error) is not Trouble.LOCKED or not tries_left:
                raise
        else:
            return
        tries_left -= 1
        pause(_POLL)


def _undo(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite has rolled back already after most errors of the disk
        connection.execute(_ROLLBACK)
