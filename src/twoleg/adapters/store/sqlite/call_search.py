"""Lists of calls, and states of many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.guard_counts import count
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.application.call_search import CallFilter, CallPage, CallProgress, Place
from twoleg.domain.call import PUBLISHED_STATE, CallState, Phase
from twoleg.domain.guard_rules import Counts, Watch

_SCAN = query("scan_calls")
_SCAN_UNENDED = query("scan_unended_calls")
_SCAN_BY_CALLER = query("scan_calls_by_caller")
_SCAN_BY_CALLED = query("scan_calls_by_called")
_CALLS = query("calls_by_serial")
_STATES = query("states_by_serial")
_PENDING = query("pending_call")
_PLACED_WITH = query("idempotent_answer")
_PLACED_SINCE = query("calls_since")

ROWS_A_PAGE = 2000
"""Looked at for one page: two milliseconds. What a page leaves out for its filter, the next one need not see again."""


class SqliteCallSearch:
    """The `CallSearch`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def page(self, wanted: CallFilter, *, behind: Place, limit: int) -> CallPage:
        """See `CallSearch.page`."""
        scanned = self._reads.all_named(_query_for(wanted), _parameters(wanted, behind))
        hits = [place for place, row in enumerate(scanned) if row[2]]
        kept = hits[:limit]
        calls = self._reads.all(_CALLS, _listed(scanned[place][0] for place in kept)) if kept else []
        return CallPage([rows.call_from(row) for row in calls], _following(scanned, hits, limit))

    def progress(self, tenant_id: str, serials: Iterable[int]) -> Mapping[int, CallProgress]:
        """See `CallSearch.progress`."""
        return {row[0]: CallProgress._make(row) for row in self._reads.all(_STATES, _listed(serials), tenant_id)}

    def placed_with(self, tenant_id: str, key: str, *, since: int) -> int | None:
        """See `CallSearch.placed_with`."""
        row = self._reads.one(_PLACED_WITH, tenant_id, key, since)
        return None if row is None else int(row[1])

    def pending(self, tenant_id: str, *, caller: str, called: str) -> int | None:
        """See `CallSearch.pending`."""
        row = self._reads.one(_PENDING, tenant_id, caller, called)
        return None if row is None else int(row[0])

    def placed_since(self, tenant_id: str, since: int, *, limit: int) -> int:
        """See `CallSearch.placed_since`."""
        row = self._reads.one(_PLACED_SINCE, tenant_id, since, limit)
        return 0 if row is None else int(row[0])

    def counts(self, tenant_id: str, watch: Watch, *, now_ms: int) -> Counts:
        """See `CallSearch.counts`."""
        return count(self._reads.one, tenant_id=tenant_id, watch=watch, now_ms=now_ms)


def _query_for(wanted: CallFilter) -> str:
    """The narrowest index."""
    if wanted.caller is not None:
        return _SCAN_BY_CALLER
    if wanted.called is not None:
        return _SCAN_BY_CALLED
    if wanted.state not in (None, CallState.ENDED):
        return _SCAN_UNENDED
    return _SCAN


def _parameters(wanted: CallFilter, behind: Place) -> Mapping[str, Any]:
    phases = [phase for phase in Phase if wanted.state in (None, PUBLISHED_STATE[phase])]
    return {
        "tenant_id": wanted.tenant_id,
        "caller": wanted.caller,
        "called": wanted.called,
        "least": int(min(phases)),
        "most": int(max(phases)),
        "reason": wanted.reason,
        "created_from": wanted.created_from,
        "created_before": wanted.created_before,
        "before_time": behind.created_at,
        "before_serial": behind.serial,
        "scan": ROWS_A_PAGE,
    }


def _following(scanned: Sequence[rows.Row], hits: Sequence[int], limit: int) -> Place | None:
    if len(hits) > limit:
        last = scanned[hits[limit - 1]]
    elif len(scanned) == ROWS_A_PAGE:
        last = scanned[-1]
    else:
        return None
    return Place(created_at=last[1], serial=last[0])


def _listed(serials: Iterable[int]) -> str:
    return json.dumps(list(serials))
