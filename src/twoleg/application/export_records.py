"""Use case: the call detail records of a time, to a file of somebody's choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twoleg.application.call_records import DETAIL_COLUMNS, DetailRecords

_PLACED = DETAIL_COLUMNS.index("created_at")


class RecordSink(Protocol):
    """Where exported records go. Made for the columns `DETAIL_COLUMNS`; raises `OSError`."""

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write these rows, some of them perhaps not before `close`."""

    def close(self) -> None:
        """Write what is held and let the file go; also after a failure, when what was written counts for nothing."""


Told = Callable[[int, int], None]
"""Told after each slice: how many records so far, and when the last one was placed (ms since the epoch)."""


def export_records(
    records: DetailRecords, sink: RecordSink, *, since: int, until: int, tenant_id: str | None, told: Told
) -> int:
    """Write the records of calls placed from `since` up to, not including, `until`; answers how many.

    In the order of placing; memory does not grow with their number. Raises `StoreUnavailable`, `OSError`.
    """
    written = 0
    try:
        for rows in records.read(since=since, until=until, tenant_id=tenant_id):
            sink.add(rows)
            written += len(rows)
            told(written, rows[-1][_PLACED])
    finally:
        sink.close()
    return written
