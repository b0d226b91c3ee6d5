"""The audit log, and the row that every audited change writes along with itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.rows import Row
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.application.audit import Recorded
from twoleg.domain.audit import Act, Entry

_NEWEST = query("newest_audit_entries")
_NEWEST_OF_TENANT = query("newest_audit_entries_of_tenant")


class SqliteAuditLog:
    """The `AuditLog`; reads by one thread at a time."""

    def __init__(self, writes: Writes, reads: Reads) -> None:
        self._writes = writes
        self._reads = reads

    def add(self, entry: Entry) -> None:
        """See `AuditLog.add`."""
        self._writes.note(entry)

    def newest(self, *, limit: int, tenant_id: str | None = None) -> Sequence[Recorded]:
        """See `AuditLog.newest`."""
        if tenant_id is None:
            found = self._reads.all(_NEWEST, limit)
        else:
            found = self._reads.all(_NEWEST_OF_TENANT, tenant_id, limit)
        return [_recorded(row) for row in reversed(found)]


def _recorded(row: Row) -> Recorded:
    position, at, who, act, subject, tenant_id, before, after = row
    entry = Entry(
        at=at,
        who=who,
        act=Act(act),
        subject=subject,
        tenant_id=tenant_id,
        before=json.loads(before),
        after=json.loads(after),
    )
    return Recorded(position, entry)
