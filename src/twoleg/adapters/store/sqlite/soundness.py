"""Whether a file is a sound store: pages and references as SQLite checks them, then what must hold of every call."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from twoleg.adapters.store.sqlite.connection import open_reader
from twoleg.adapters.store.sqlite.errors import UnusableStore
from twoleg.adapters.store.sqlite.migrations import known_migrations, missing_from
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import trouble_of

_PAGES = query("check_pages")
_REFERENCES = query("check_references")
_COUNT = query("count_calls")
_OF_CALLS = {
    "an ended call without its record": query("ended_without_record"),
    "a record of a call that has not ended": query("records_of_living"),
    "a record that differs from its call": query("records_that_differ"),
    "a call with a gap in its events": query("events_with_gaps"),
    "a call whose end was told twice, too early or never": query("ends_not_told_once"),
}


@dataclass(frozen=True, slots=True)
class Soundness:
    """What came of looking at a whole store."""

    flaws: tuple[str, ...]
    """One line each; none: it is sound."""
    calls: int
    """How many it holds; 0 where they could not be counted."""


def look_through(path: Path) -> Soundness:
    """Read all of the file, without changing it; safe beside a running service. Takes seconds for each gigabyte.

    Raises `UnusableStore` for what is no store of this release or an older one at all.
    """
    try:
        with closing(open_reader(path)) as connection:
            missing_from(connection, known_migrations())
            flaws = tuple(_flaws(connection))
            return Soundness(flaws, _calls(connection))
    except UnusableStore as error:
        raise UnusableStore(f"{path}: {error}") from error
    except sqlite3.Error as error:
        trouble = trouble_of(error)
        raise UnusableStore(f"{path}: {error if trouble is None else trouble.value}") from error


def _flaws(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        yield from (f"page or row: {said}" for (said,) in connection.execute(_PAGES) if said != "ok")
        yield from (f"reference: {said}" for (said,) in connection.execute(_REFERENCES))
        for flaw, sql in _OF_CALLS.items():
            yield from (f"{flaw}: {serial}" for (serial,) in connection.execute(sql))
    except sqlite3.DatabaseError as error:  # so damaged that the looking ends
        yield f"page or row: {error}"


def _calls(connection: sqlite3.Connection) -> int:
    try:
        (count,) = connection.execute(_COUNT).fetchone()
    except sqlite3.DatabaseError:
        return 0  # told as a flaw
    return int(count)
