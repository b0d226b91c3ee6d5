"""Lists of calls, and the call detail records for export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.application.call_records import CallRecord, RecordsFound, RecordsWanted
from twoleg.domain.serials import LARGEST_SERIAL, first_at

_COUNT = query("count_records")
_FIND = query("find_records")
_READ_DETAILS = query("read_details")

_SLICE = 2000
"""Records read at a time, so that an export holds neither much memory nor any lock."""


class SqliteCallRecords:
    """The `CallRecords`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def find(self, wanted: RecordsWanted) -> RecordsFound:
        """See `CallRecords.find`. Calls that begin between count and page may be on the page and not in the count."""
        window = (wanted.tenant_id, wanted.since, wanted.until, wanted.caller, wanted.caller)
        counted = self._reads.one(_COUNT, *window)
        total = 0 if counted is None else int(counted[0])
        rows = self._reads.all(_FIND, *window, wanted.limit, wanted.offset) if total else []
        return RecordsFound(total, [CallRecord._make(row) for row in rows])


class SqliteDetailRecords:
    """The `DetailRecords`: serials grow with the time of placing, so the primary key is the index of time."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def read(self, *, since: int, until: int, tenant_id: str | None) -> Iterator[Sequence[Sequence[Any]]]:
        """See `DetailRecords.read`."""
        start, end = _first(since), _first(until)
        while rows := self._reads.all(_READ_DETAILS, start, end, tenant_id, tenant_id, _SLICE):
            yield rows
            start = rows[-1][0] + 1


def _first(moment: int) -> int:
    """The lowest serial of that moment, within what a serial can be."""
    return min(max(first_at(moment), 0), LARGEST_SERIAL)
