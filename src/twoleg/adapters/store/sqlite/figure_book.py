"""Figures of the store for operators: counted from indexes that hold little, or over a range of serials."""

from __future__ import annotations

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.application.figures import RECENT_MS, StoreFigures
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.serials import first_at

_LIVING = query("count_by_phase")
_OLDEST_QUEUED = query("oldest_queued")
_RECENTLY_ENDED = query("count_ended_since")
_OVERDUE = query("count_overdue")
_ON_WIRE = query("count_legs_on_wire")
_DELIVERIES = query("count_open_deliveries")
_OLDEST_DUE = query("oldest_due_delivery")
_DISABLED = query("count_disabled_endpoints")


class SqliteFigureBook:
    """The `FigureBook`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def read(self, *, now: int) -> StoreFigures:
        """See `FigureBook.read`."""
        ended = self._reads.all(_RECENTLY_ENDED, first_at(now - RECENT_MS))
        return StoreFigures(
            living={Phase(phase): count for phase, count in self._reads.all(_LIVING)},
            oldest_queued_at=self._first(_OLDEST_QUEUED),
            recently_ended={Reason(reason): count for reason, count in ended},
            overdue=self._first(_OVERDUE) or 0,
            legs_on_wire=self._first(_ON_WIRE) or 0,
            open_deliveries=self._first(_DELIVERIES) or 0,
            oldest_due_at=self._first(_OLDEST_DUE),
            disabled_endpoints=self._first(_DISABLED) or 0,
        )

    def _first(self, sql: str) -> int | None:
        row = self._reads.one(sql)
        return None if row is None or row[0] is None else int(row[0])
