"""The deliveries of webhooks, for the process that makes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path

from twoleg.adapters.store.sqlite import webhook_rows as rows
from twoleg.adapters.store.sqlite.asking import AskedWriter
from twoleg.adapters.store.sqlite.event_feed import recorded_from
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.recordings import recording_from
from twoleg.adapters.store.sqlite.rows import call_from
from twoleg.application.webhook_ports import Attempted, Delivery, Parcel, Subject
from twoleg.domain.delivery import FINAL, Ruling, State, moved
from twoleg.domain.tenant import Profile
from twoleg.domain.webhooks import Endpoint, Planned

_ENDPOINT = query("endpoint")
_ENABLED = query("enabled_endpoints")
_SEALED = query("sealed")
_CALL = query("call")
_ORDERED = query("ordered_with_call")
_RECORDING = query("recording")
_OPEN = query("open_deliveries")
_DUE = query("due_deliveries")
_NEXT_DUE = query("next_due")
_ADVANCE = query("advance_endpoint")
_ADD_DELIVERY = query("add_delivery")
_STATE = query("delivery_state")
_MOVE = query("move_delivery")
_NEXT_OF_LANE = query("next_of_lane")
_GIVE_TURN = query("give_turn")
_PUT_ATTEMPT = query("put_webhook_attempt")
_DISABLE = query("disable_endpoint")
_DROP = query("drop_deliveries")
_RESEAL = query("reseal")

_REST = 0.005
"""Seconds between two commits: what ended meanwhile shares the next one, and calls find the write lock free."""
_DELIVERY_COLUMNS = 10


class SqliteOutbox:
    """The `Outbox`; reads are for one thread."""

    def __init__(self, *, path: Path, reads: Reads, log: StoreLog) -> None:
        self._reads = reads
        self._writer = AskedWriter(path=path, name="outbox", rest=_REST, log=log)

    def endpoints(self) -> Sequence[Endpoint]:
        """See `Outbox.endpoints`."""
        return [rows.endpoint_from(row) for row in self._reads.all(_ENABLED)]

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """See `Outbox.endpoint`."""
        row = self._reads.one(_ENDPOINT, endpoint_id)
        endpoint = None if row is None else rows.endpoint_from(row)
        return None if endpoint is None or endpoint.disabled_at is not None else endpoint

    def sealed(self, endpoint_id: str) -> bytes | None:
        """See `Outbox.sealed`."""
        row = self._reads.one(_SEALED, endpoint_id)
        return None if row is None else row[0]

    def subject(self, serial: int) -> Subject | None:
        """See `Outbox.subject`."""
        call, ordered = self._reads.one(_CALL, serial), self._reads.one(_ORDERED, serial)
        if call is None or ordered is None:
            return None
        callback_url, agent_work_no, profile = ordered
        recorded = self._reads.one(_RECORDING, serial)
        recording = None if recorded is None else recording_from(recorded)
        return Subject(call_from(call), callback_url, agent_work_no, Profile(profile), recording)

    def open_deliveries(self, endpoint_id: str) -> int:
        """See `Outbox.open_deliveries`."""
        row = self._reads.one(_OPEN, endpoint_id)
        return 0 if row is None else int(row[0])

    def due(self, endpoint_id: str, *, now: int, limit: int, besides: Collection[int]) -> Sequence[Parcel]:
        """See `Outbox.due`."""
        found = self._reads.all(_DUE, endpoint_id, now, rows.listed(besides), limit)
        return [
            Parcel(rows.delivery_from(row[:_DELIVERY_COLUMNS]), recorded_from(row[_DELIVERY_COLUMNS:])) for row in found
        ]

    def next_due(self, endpoint_id: str, *, besides: Collection[int]) -> int | None:
        """See `Outbox.next_due`."""
        row = self._reads.one(_NEXT_DUE, endpoint_id, rows.listed(besides))
        return None if row is None else int(row[0])

    async def plan(self, endpoint: Endpoint, planned: Sequence[Planned], *, cursor: int, at: int) -> bool:
        """See `Outbox.plan`."""
        endpoint_id = endpoint.endpoint_id
        advance = {"endpoint_id": endpoint_id, "was": endpoint.cursor, "cursor": cursor}
        added = [rows.planned_row(endpoint_id, each, at=at) for each in planned]

        def act(connection: sqlite3.Connection) -> bool:
            if not connection.execute(_ADVANCE, advance).rowcount:
                return False
            connection.executemany(_ADD_DELIVERY, added)
            return True

        return await self._writer.ask(act)

    async def note(self, delivery: Delivery, attempted: Attempted, ruling: Ruling, *, disable: str | None) -> None:
        """See `Outbox.note`."""
        await self._writer.ask(lambda connection: _note(connection, delivery, attempted, ruling, disable))

    async def seal(self, endpoint_id: str, sealed: bytes) -> bool:
        """See `Outbox.seal`."""
        given = {"endpoint_id": endpoint_id, "sealed": sealed, "was": None}
        return await self._writer.ask(lambda connection: connection.execute(_RESEAL, given).rowcount > 0)

    def close(self) -> None:
        """Write what was asked for, then end."""
        self._writer.close()


def _note(
    connection: sqlite3.Connection, delivery: Delivery, attempted: Attempted, ruling: Ruling, disable: str | None
) -> None:
    found = connection.execute(_STATE, (delivery.delivery_id,)).fetchone()
    if found is None:  # its endpoint was removed, or its call purged
        return
    connection.execute(_PUT_ATTEMPT, rows.attempt_row(delivery.delivery_id, attempted))
    stood, serial, lane = found
    before = State(stood)
    after = moved(before, ruling.word)
    if before in FINAL:
        return
    connection.execute(_MOVE, rows.moved_row(delivery.delivery_id, after, attempted, ruling))
    now = attempted.at + attempted.took_ms
    if disable is not None:
        connection.execute(_DISABLE, {"endpoint_id": delivery.endpoint_id, "at": now, "why": disable})
        connection.execute(_DROP, {"endpoint_id": delivery.endpoint_id, "at": now})
    elif after in FINAL:
        _give_turn(connection, {"endpoint_id": delivery.endpoint_id, "serial": serial, "lane": lane}, at=now)


def _give_turn(connection: sqlite3.Connection, lane: rows.Named, *, at: int) -> None:
    following = connection.execute(_NEXT_OF_LANE, lane).fetchone()
    if following is not None:
        connection.execute(_GIVE_TURN, {"delivery_id": following[0], "at": at})
