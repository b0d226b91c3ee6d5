"""A copy of the whole file as it was at one moment, while others go on reading and writing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from twoleg.adapters.store.sqlite.connection import open_reader
from twoleg.adapters.store.sqlite.errors import UnusableStore
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import trouble_of

_BEGIN = query("begin_reading")
_LOOK = query("tables")
_ONE_FILE = query("one_file")

_SLICE = 1024
"""Pages that are copied at a time (4 MiB); in between the caller is told how far it is."""


def copy_store(source: Path, target: Path, *, told: Callable[[float], None]) -> None:
    """Copy to a file that does not exist or is empty; afterwards it is one file, with no log beside it.

    Blocks for as long as the copying takes; `told` gets the share that is done, 0 to 1. The snapshot is held by a read
    transaction: no commit of others is delayed or in it, and their log grows by what they write meanwhile, for it can
    be emptied only afterwards. Raises `UnusableStore`.
    """
    try:
        with closing(open_reader(source)) as reader, closing(sqlite3.connect(target, isolation_level=None)) as copy:
            reader.execute(_BEGIN)
            reader.execute(_LOOK).fetchall()  # the snapshot: without it the copying began anew at each commit
            reader.backup(copy, pages=_SLICE, progress=lambda _status, left, all_: told(1 - left / max(1, all_)))
            copy.execute(_ONE_FILE)
    except sqlite3.Error as error:
        trouble = trouble_of(error)
        raise UnusableStore(f"cannot copy {source}: {error if trouble is None else trouble.value}") from error
