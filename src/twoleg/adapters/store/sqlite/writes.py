"""Small changes in the caller's own thread: one durable transaction each, trouble told in the application's words."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from msgspec.json import encode

from twoleg.adapters.store.sqlite.connection import open_writer, transaction
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import trouble_of
from twoleg.application.errors import StoreUnavailable
from twoleg.domain.audit import Entry

_ADD_ENTRY = query("add_audit_entry")

PATIENCE = 3.0
"""Seconds a caller waits for the write lock before it is told that the store cannot be written."""


class Writes:
    """One writing connection, opened when first needed and anew after trouble. For any thread; they take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()
        self._is_closed = False

    def change(self, sql: str, parameters: object, *, note: Entry | None = None) -> int:
        """Run one statement in a transaction of its own; answers how many rows it changed.

        `note`: the audit log's entry, written along when anything was changed. Raises `StoreUnavailable` for trouble
        with the file, `sqlite3.IntegrityError` for a broken constraint.
        """
        return self._told(sql, parameters, note)

    def note(self, entry: Entry) -> None:
        """Write an entry of the audit log alone. Raises `StoreUnavailable`."""
        self._told(_ADD_ENTRY, _entry_row(entry), None)

    def _told(self, sql: str, parameters: object, note: Entry | None) -> int:
        with self._turn:
            try:
                return self._change(sql, parameters, note)
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

    def _change(self, sql: str, parameters: object, note: Entry | None) -> int:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        if self._connection is None:
            self._connection = open_writer(self._path)
        with transaction(self._connection, patience=PATIENCE):
            changed = self._connection.execute(sql, parameters).rowcount  # type: ignore[arg-type]  # typeshed's is private
            if note is not None and changed:
                self._connection.execute(_ADD_ENTRY, _entry_row(note))
            return changed

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _entry_row(entry: Entry) -> tuple[object, ...]:
    """For `add_audit_entry`."""
    before, after = (encode(facts).decode() for facts in (entry.before, entry.after))
    return (entry.at, entry.who, entry.act.value, entry.subject, entry.tenant_id, before, after)
