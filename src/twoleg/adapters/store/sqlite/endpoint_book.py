"""Webhook endpoints and their delivery logs, for clients and operators."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from twoleg.adapters.store.sqlite import webhook_rows as rows
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.application.errors import NotFound
from twoleg.application.webhook_ports import Attempted, Delivery, EndpointChanged
from twoleg.domain.audit import Entry
from twoleg.domain.webhooks import Endpoint

_ADD = query("add_endpoint")
_ENDPOINT = query("endpoint")
_OF_TENANT = query("endpoints_of_tenant")
_SEALED = query("sealed")
_RESEAL = query("reseal")
_REMOVE = query("remove_endpoint")
_ENABLE = query("enable_endpoint")
_REWIND = query("rewind_endpoint")
_LOG = query("delivery_log")
_PLACE = query("delivery_place")
_ATTEMPTS = query("webhook_attempts")

_NEWEST = 2**63 - 1


class SqliteEndpointBook:
    """The `EndpointBook`; one thread at a time."""

    def __init__(self, writes: Writes, reads: Reads) -> None:
        self._writes = writes
        self._reads = reads

    def add(self, endpoint: Endpoint, sealed: bytes, *, note: Entry | None = None) -> None:
        """See `EndpointBook.add`."""
        try:
            self._writes.change(_ADD, rows.endpoint_row(endpoint, sealed), note=note)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                raise
            raise NotFound(f"no tenant {endpoint.tenant_id}") from error

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """See `EndpointBook.endpoint`."""
        row = self._reads.one(_ENDPOINT, endpoint_id)
        return None if row is None else rows.endpoint_from(row)

    def of_tenant(self, tenant_id: str) -> Sequence[Endpoint]:
        """See `EndpointBook.of_tenant`."""
        return [rows.endpoint_from(row) for row in self._reads.all(_OF_TENANT, tenant_id)]

    def sealed(self, endpoint_id: str) -> bytes | None:
        """See `EndpointBook.sealed`."""
        row = self._reads.one(_SEALED, endpoint_id)
        return None if row is None else row[0]

    def reseal(self, endpoint_id: str, sealed: bytes, *, was: bytes | None, note: Entry | None = None) -> None:
        """See `EndpointBook.reseal`."""
        row = {"endpoint_id": endpoint_id, "sealed": sealed, "was": was}
        if not self._writes.change(_RESEAL, row, note=note):
            raise EndpointChanged(f"the secrets of {endpoint_id} were changed meanwhile")

    def remove(self, endpoint_id: str, *, note: Entry | None = None) -> None:
        """See `EndpointBook.remove`."""
        self._writes.change(_REMOVE, (endpoint_id,), note=note)

    def enable(self, endpoint_id: str, *, note: Entry | None = None) -> None:
        """See `EndpointBook.enable`."""
        self._writes.change(_ENABLE, (endpoint_id,), note=note)

    def rewind(self, endpoint_id: str, cursor: int, *, note: Entry | None = None) -> None:
        """See `EndpointBook.rewind`."""
        self._writes.change(_REWIND, {"endpoint_id": endpoint_id, "cursor": cursor}, note=note)

    def deliveries(self, endpoint_id: str, *, before: int | None, limit: int) -> Sequence[Delivery]:
        """See `EndpointBook.deliveries`."""
        found = self._reads.all(_LOG, endpoint_id, _NEWEST if before is None else before, limit)
        return [rows.delivery_from(row) for row in found]

    def place_of(self, endpoint_id: str, serial: int, seq: int, planned_at: int) -> int | None:
        """See `EndpointBook.place_of`."""
        row = self._reads.one(_PLACE, endpoint_id, serial, seq, planned_at)
        return None if row is None else int(row[0])

    def attempts(self, delivery_ids: Collection[int]) -> dict[int, Sequence[Attempted]]:
        """See `EndpointBook.attempts`."""
        found: dict[int, list[Attempted]] = {}
        for delivery_id, *facts in self._reads.all(_ATTEMPTS, rows.listed(delivery_ids)):
            found.setdefault(delivery_id, []).append(rows.attempted_from(facts))
        return dict(found)
