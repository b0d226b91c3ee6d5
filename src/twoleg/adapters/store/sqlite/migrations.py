"""Bringing the file to this release's schema: numbered SQL files, each applied once and recorded with its checksum."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from twoleg.adapters.store.sqlite.connection import transaction
from twoleg.adapters.store.sqlite.errors import UnusableStore
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.queries import query

_TABLES = query("tables")
_CREATE_TABLE = query("create_migration_table")
_APPLIED = query("applied_migrations")
_ADD = query("add_migration")
_SETTINGS = query("migration_settings")

_PATIENCE = 60.0
"""Seconds to wait for another process that is migrating the same file."""
_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; once released it never changes."""

    number: int
    """1, 2, 3 ... without a gap."""
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def known_migrations() -> tuple[Migration, ...]:
    """The migrations of this release, in order."""
    folder = resources.files(__package__).joinpath("migrations")
    named = ((_FILE_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    found = [
        Migration(number=int(match[1]), name=match[2], sql=file.read_text(encoding="utf-8"))
        for match, file in named
        if match is not None
    ]
    return tuple(sorted(found, key=lambda migration: migration.number))


def migrate(connection: sqlite3.Connection, known: Sequence[Migration], *, now_ms: int, log: StoreLog) -> None:
    """Apply what is missing, all of it or none. Harmless when nothing is missing, or another process does it meanwhile.

    Raises `UnusableStore` for a file that a newer release wrote, that is somebody else's, or whose history differs.
    """
    if not missing_from(connection, known):
        return
    connection.execute(_SETTINGS)
    with transaction(connection, patience=_PATIENCE):
        missing = missing_from(connection, known)  # again: the other process may have been first
        if missing and not _tables(connection):
            connection.execute(_CREATE_TABLE)
        for migration in missing:
            _apply(connection, migration, now_ms)
    for migration in missing:
        log.info("store migrated", migration=migration.number, name=migration.name)


def missing_from(connection: sqlite3.Connection, known: Sequence[Migration]) -> list[Migration]:
    """What a file lacks. Raises `UnusableStore` like `migrate`."""
    tables = _tables(connection)
    if not tables:
        return list(known)
    if "migration" not in tables:
        raise UnusableStore("it is a SQLite file of something else")
    applied = connection.execute(_APPLIED).fetchall()
    _compare(applied, known)
    return list(known[len(applied) :])


def _compare(applied: Sequence[tuple[int, str, str]], known: Sequence[Migration]) -> None:
    if len(applied) > len(known):
        raise UnusableStore(
            f"a newer release wrote it (schema {applied[-1][0]}, this release knows {len(known)}): upgrade twoleg"
        )
    for (number, name, checksum), migration in zip(applied, known, strict=False):
        if (number, checksum) != (migration.number, migration.checksum):
            raise UnusableStore(f"its migration {number} ({name}) is not the one of this release")


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute(_TABLES)}


def _apply(connection: sqlite3.Connection, migration: Migration, now_ms: int) -> None:
    for statement in _statements(migration.sql):  # `executescript` would commit half-way
        connection.execute(statement)
    connection.execute(_ADD, (migration.number, migration.name, migration.checksum, now_ms))


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"the script ends inside a statement: {statement.strip()[:60]!r}")
