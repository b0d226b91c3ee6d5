"""The event log by cursor."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.rows import Row
from twoleg.application.event_feed import BEGINNING, Recorded
from twoleg.domain.call import Role
from twoleg.domain.events import Event, EventType

_NEWEST = query("newest_position")
_AFTER = query("events_after")
_OF_TENANT = query("events_of_tenant")
_OF_CALL = query("events_of_call")
_POSITION = query("event_position")
_NEWEST_OF_TENANT = query("newest_event_of_tenant")

_TYPES = {each.value: each for each in EventType}
_ROLES: dict[str | None, Role | None] = {None: None} | {each.value: each for each in Role}


class SqliteEventFeed:
    """The `EventFeed`. AUTOINCREMENT inside IMMEDIATE transactions on one file: commit order is position order."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def newest(self) -> int:
        """See `EventFeed.newest`."""
        row = self._reads.one(_NEWEST)
        return BEGINNING if row is None else int(row[0])

    def after(self, position: int, *, limit: int) -> Sequence[Recorded]:
        """See `EventFeed.after`."""
        return [recorded_from(row) for row in self._reads.all(_AFTER, position, limit)]

    def of_tenant(self, tenant_id: str, *, after: int, limit: int) -> Sequence[Recorded]:
        """See `EventFeed.of_tenant`."""
        return [recorded_from(row) for row in self._reads.all(_OF_TENANT, tenant_id, after, limit)]

    def of_call(self, serial: int, *, after: int, limit: int) -> Sequence[Recorded]:
        """See `EventFeed.of_call`."""
        return [recorded_from(row) for row in self._reads.all(_OF_CALL, serial, after, limit)]

    def position_of(self, tenant_id: str, *, serial: int, seq: int) -> int | None:
        """See `EventFeed.position_of`."""
        row = self._reads.one(_POSITION, serial, seq, tenant_id)
        return None if row is None else int(row[0])

    def newest_of_tenant(self, tenant_id: str) -> tuple[int, int] | None:
        """See `EventFeed.newest_of_tenant`."""
        row = self._reads.one(_NEWEST_OF_TENANT, tenant_id)
        return None if row is None else (row[0], row[1])


def recorded_from(row: Row) -> Recorded:
    """Of a row of `events_after` and its like, webhooks' among them."""
    position, tenant_id, caller, called, call_data, serial, seq, at, type_, leg, *facts = row
    sip_status, sip_reason, cause, reason, detail = facts
    return Recorded(
        position=position,
        tenant_id=tenant_id,
        caller=caller,
        called=called,
        call_data=call_data,
        event=Event(
            serial=serial,
            seq=seq,
            at=at,
            type=_TYPES[type_],
            leg=_ROLES[leg],
            sip_status=sip_status,
            sip_reason=sip_reason,
            cause=cause,
            reason=reason,
            detail=detail,
        ),
    )
