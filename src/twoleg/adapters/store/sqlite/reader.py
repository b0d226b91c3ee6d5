"""The API's reads of calls."""

from __future__ import annotations

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.application.ports import CallStatus
from twoleg.domain.call import Call

_STATUS = query("status")
_CALL = query("call")


class SqliteReader:
    """The `CallReader`. Both reads raise `StoreUnavailable` when the file cannot be read."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def status(self, serial: int, tenant_id: str) -> CallStatus | None:
        """See `CallReader.status`: one row by primary key."""
        row = self._reads.one(_STATUS, serial, tenant_id)
        return None if row is None else CallStatus._make(row)

    def call(self, serial: int) -> Call | None:
        """See `CallReader.call`: both legs come in the same statement, so they fit the call."""
        row = self._reads.one(_CALL, serial)
        return None if row is None else rows.call_from(row)
