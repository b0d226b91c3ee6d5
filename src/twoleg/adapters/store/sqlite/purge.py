"""Retention: ended calls go when their tenant's time for them is over, with their legs, events and CDR."""

from __future__ import annotations

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.writes import Writes

_RETENTIONS = query("retentions")
_PURGE_CALLS = query("purge_calls")

_MS_A_DAY = 24 * 60 * 60 * 1000
SLICE = 50
"""Calls of a tenant that one transaction deletes: a few milliseconds of the write lock, so that calls in progress wait
no longer for it than for each other."""


def purge(reads: Reads, writes: Writes, *, now_ms: int) -> int:
    """Delete one slice per tenant; answers how many calls went. Raises `StoreUnavailable`.

    A call may go once it ended `retention_days` whole days ago; one that has not ended stays, however old.
    """
    return sum(
        writes.change(_PURGE_CALLS, {"tenant_id": tenant_id, "ended_before": now_ms - days * _MS_A_DAY, "slice": SLICE})
        for tenant_id, days in reads.all(_RETENTIONS)
    )
