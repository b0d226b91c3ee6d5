"""Do-not-call lists."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.application.do_not_call import Unwanted
from twoleg.application.errors import NotFound
from twoleg.domain.audit import Entry

_ADD = query("add_unwanted")
_REMOVE = query("remove_unwanted")
_LISTED = query("unwanted_numbers")


class SqliteUnwantedBook:
    """The `UnwantedBook`; one thread at a time."""

    def __init__(self, writes: Writes, reads: Reads) -> None:
        self._writes = writes
        self._reads = reads

    def add(self, tenant_id: str, numbers: Sequence[str], *, note: Entry) -> int:
        """See `UnwantedBook.add`."""
        try:
            return self._writes.change(_ADD, (tenant_id, note.at, json.dumps(numbers)), note=note)
        except sqlite3.IntegrityError as error:
            raise NotFound(f"no tenant {tenant_id}") from error

    def remove(self, tenant_id: str, numbers: Sequence[str], *, note: Entry) -> int:
        """See `UnwantedBook.remove`."""
        return self._writes.change(_REMOVE, (tenant_id, json.dumps(numbers)), note=note)

    def listed(self, tenant_id: str, *, behind: str = "", limit: int) -> Sequence[Unwanted]:
        """See `UnwantedBook.listed`."""
        return [Unwanted(*row) for row in self._reads.all(_LISTED, tenant_id, behind, limit)]
