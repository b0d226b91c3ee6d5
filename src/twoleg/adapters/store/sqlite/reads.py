"""Reading connections: rows by named query, and SQLite's trouble in the application's words."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from twoleg.adapters.store.sqlite.connection import open_reader
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.rows import Row
from twoleg.adapters.store.sqlite.trouble import trouble_of
from twoleg.application.errors import StoreUnavailable

_BEGIN = query("begin_reading")
_END = query("commit")


class Reads:
    """One reading connection, for one thread at a time; opened anew after trouble.

    Each query sees everything committed before it began, by whichever process, and holds no lock afterwards.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = open_reader(path)
        self._is_closed = False

    def one(self, sql: str, *parameters: object) -> Row | None:
        """The first row. Raises `StoreUnavailable`."""
        try:
            row: Row | None = self._open().execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise self._unavailable(error) from error
        return row

    def all(self, sql: str, *parameters: object) -> list[Row]:
        """All rows. Raises `StoreUnavailable`."""
        try:
            return self._open().execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    def all_named(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """All rows of a query whose parameters have names. Raises `StoreUnavailable`."""
        try:
            return self._open().execute(sql, dict(parameters)).fetchall()
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Let the file go, for good; harmless when repeated."""
        self._is_closed = True
        self._disconnect()

    def _open(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        if self._connection is None:
            self._connection = open_reader(self._path)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _unavailable(self, error: sqlite3.Error) -> StoreUnavailable:
        self._disconnect()
        trouble = trouble_of(error)
        return StoreUnavailable(f"the store cannot be read: {error if trouble is None else trouble.value}")


class TurnReads(Reads):
    """Reads of one turn of the event loop share a snapshot, and so the locks that each would take: half their cost.

    Whatever a request of this turn was told before it was sent is in it: the request came in before the turn began.
    What comes in from now on is handled behind the callback that ends the snapshot. Without a running loop: `Reads`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._is_open_for_turn = False

    def one(self, sql: str, *parameters: object) -> Row | None:
        """See `Reads.one`."""
        if not self._is_open_for_turn:
            self._begin_turn()
        return super().one(sql, *parameters)

    def _begin_turn(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_soon(self._end_turn)  # before the snapshot is taken, so that nothing can slip in between
        super().one(_BEGIN)
        self._is_open_for_turn = True

    def _end_turn(self) -> None:
        if self._is_open_for_turn:
            super().one(_END)
            self._is_open_for_turn = False

    def _disconnect(self) -> None:
        self._is_open_for_turn = False
        super()._disconnect()
