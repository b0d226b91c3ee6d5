"""The file of kept ladders, beside the store: opening, writing, purging, reading. Everything in it is expendable."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from msgspec import MsgspecError
from msgspec.msgpack import decode, encode

from twoleg.adapters.store.sqlite.connection import open_reader, open_writer, transaction
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import trouble_of
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ladder.values import Capture

_USE_WAL = query("use_write_ahead_log")
_SETTINGS = query("ladder_settings")
_GET_VERSION = query("ladder_version")
_SCHEMA = query("ladder_schema")
_PUT = query("put_ladder")
_GET = query("ladder")
_PURGE = query("purge_ladders")
_PURGE_TENANT = query("purge_ladders_of_tenant")
_PURGE_OLDEST = query("purge_oldest_ladders")
_OCTETS = query("ladder_octets")

_VERSION: Final = 1
_PATIENCE: Final = 1.0
"""Seconds to wait for the write lock; nobody but a purge of ours ever holds it."""
_SLICE: Final = 200
_MS_A_DAY: Final = 24 * 60 * 60 * 1000
_LARGEST: Final = 64 * 1024 * 1024
"""Octets that a capture may grow to when it is read: far beyond what the recorder lets one call hold."""


def ladder_file_of(store: Path) -> Path:
    """`calls.db` has its ladders in `calls.ladder.db`."""
    return store.with_name(f"{store.stem}.ladder.db")


class LadderFile:
    """The writing side; for one thread. Everything raises `sqlite3.Error` or `OSError`, after which it is closed."""

    def __init__(self, path: Path) -> None:
        self._connection = _open(path)

    def put(self, captures: Iterable[Capture]) -> None:
        """Write them in one transaction; one of the same call takes the place of an earlier one."""
        rows = [(each.serial, each.tenant_id, each.ended_at, _packed(each)) for each in captures]
        with transaction(self._connection, patience=_PATIENCE):
            self._connection.executemany(_PUT, rows)

    def purge(self, *, now_ms: int, days: int, days_of_tenants: Mapping[str, int], max_disk: int) -> int:
        """Delete a slice of what is too old, for us or for its tenant, and the oldest while there is too much.

        Answers how many went; `max_disk` in octets.
        """
        connection = self._connection
        with transaction(connection, patience=_PATIENCE):
            gone = connection.execute(_PURGE, (now_ms - days * _MS_A_DAY, _SLICE)).rowcount
            for tenant_id, theirs in days_of_tenants.items():
                if theirs < days:
                    before = now_ms - theirs * _MS_A_DAY
                    gone += connection.execute(_PURGE_TENANT, (tenant_id, before, _SLICE)).rowcount
        if self.octets() > max_disk:
            with transaction(connection, patience=_PATIENCE):
                gone += connection.execute(_PURGE_OLDEST, (_SLICE,)).rowcount
        return gone

    def octets(self) -> int:
        """What the ladders take on disk; room that purged ones left is used again."""
        (octets,) = self._connection.execute(_OCTETS).fetchone()
        return int(octets)

    def close(self) -> None:
        """Harmless when repeated."""
        self._connection.close()


class SqliteLadderArchive:
    """The `LadderArchive`; opens the file for each question, which comes from people and is rare."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, serial: int) -> Capture | None:
        """See `LadderArchive.find`."""
        if not self._path.exists():
            return None
        try:
            with closing(open_reader(self._path)) as connection:
                (version,) = connection.execute(_GET_VERSION).fetchone()
                if version != _VERSION:  # it is just being made, or was made by another release
                    return None
                row = connection.execute(_GET, (serial,)).fetchone()
            return None if row is None else _unpacked(row[0])
        except sqlite3.Error as error:
            trouble = trouble_of(error)
            raise StoreUnavailable(f"ladders cannot be read: {error if trouble is None else trouble.value}") from error


def _open(path: Path) -> sqlite3.Connection:
    with suppress(FileExistsError):  # for its owner's eyes: it says who called whom
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = open_writer(path)
    try:
        connection.execute(_USE_WAL)
        connection.executescript(_SETTINGS)
        (version,) = connection.execute(_GET_VERSION).fetchone()
        if version != _VERSION:
            connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _packed(capture: Capture) -> bytes:
    return zlib.compress(encode(capture))


def _unpacked(packed: bytes) -> Capture:
    try:
        return decode(zlib.decompressobj().decompress(packed, _LARGEST), type=Capture)
    except (zlib.error, MsgspecError) as error:
        raise StoreUnavailable(f"a ladder is damaged: {error}") from error
