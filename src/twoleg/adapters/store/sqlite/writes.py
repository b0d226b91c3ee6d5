"""Small changes in the caller's own thread: one durable transaction each, trouble told in the application's words."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from twoleg.adapters.store.sqlite.connection import open_writer, transaction
from twoleg.adapters.store.sqlite.trouble import trouble_of
from twoleg.application.errors import StoreUnavailable

PATIENCE = 3.0
"""Seconds a caller waits for the write lock before it is told that the store cannot be written."""


class Writes:
    """One writing connection, opened when first needed and anew after trouble. For any thread; they take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()
        self._is_closed = False

    def change(self, sql: str, parameters: object) -> int:
        """Run one statement in a transaction of its own; answers how many rows it changed.

        Raises `StoreUnavailable` for trouble with the file, `sqlite3.IntegrityError` for a broken constraint.
        """
        with self._turn:
            try:
                return self._change(sql, parameters)
            except sqlite3.Error as error:
                trouble = trouble_of(error)
                if trouble is None:
                    raise
                self._disconnect()
                raise StoreUnavailable(f"the store cannot be written: {trouble.value}") from error

    def close(self) -> None:
        """Let the file go, for good; harmless when repeated."""
        with self._turn:
            self._is_closed = True
            self._disconnect()

    def _change(self, sql: str, parameters: object) -> int:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        if self._connection is None:
            self._connection = open_writer(self._path)
        with transaction(self._connection, patience=PATIENCE):
            return self._connection.execute(sql, parameters).rowcount  # type: ignore[arg-type]  # typeshed's is private

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
