"""What SQLite's errors mean to us: trouble with the file, which passes, or a fault in what was to be written."""

from __future__ import annotations

import sqlite3
from enum import Enum, unique


@unique
class Trouble(Enum):
    """Why the file cannot be written or read now. None of it is the fault of what is being written."""

    LOCKED = "another process keeps it locked"
    FULL = "the disk is full"
    READ_ONLY = "it is read-only"
    IO_ERROR = "the disk reports an error"
    CANNOT_OPEN = "it cannot be opened"
    DAMAGED = "it is damaged or no SQLite file"
    NO_MEMORY = "the process is out of memory"


_BY_CODE = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_IOERR: Trouble.IO_ERROR,
    sqlite3.SQLITE_CANTOPEN: Trouble.CANNOT_OPEN,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_NOMEM: Trouble.NO_MEMORY,
}


def trouble_of(error: BaseException) -> Trouble | None:
    """The trouble behind an error; None: what was written is at fault (a constraint, a value of no SQL type, a bug)."""
    code = getattr(error, "sqlite_errorcode", None)
    return (
        None if code is None else _BY_CODE.get(code & 0xFF)
    )  # the low byte is the primary code, sqlite.org/rescode.html
