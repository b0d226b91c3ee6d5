"""Between the values of webhooks and the columns of webhook_queries.sql."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from twoleg.adapters.store.sqlite.rows import Row
from twoleg.application.webhook_ports import Attempted, Delivery
from twoleg.domain.delivery import FINAL, Ruling, State
from twoleg.domain.webhooks import Endpoint, Format, Planned

Named = dict[str, Any]


def endpoint_row(endpoint: Endpoint, sealed: bytes) -> Named:
    """For `add_endpoint`."""
    return {
        "endpoint_id": endpoint.endpoint_id,
        "tenant_id": endpoint.tenant_id,
        "format": endpoint.format.value,
        "url": endpoint.url,
        "connect_url": endpoint.connect_url,
        "release_url": endpoint.release_url,
        "events": json.dumps(list(endpoint.events)),
        "sealed": sealed,
        "created_at": endpoint.created_at,
        "cursor": endpoint.cursor,
    }


def endpoint_from(row: Row) -> Endpoint:
    """Of a row of `endpoint` and its like."""
    endpoint_id, tenant_id, format_, url, connect_url, release_url, events, created_at, cursor, disabled_at, why = row
    return Endpoint(
        endpoint_id=endpoint_id,
        tenant_id=tenant_id,
        format=Format(format_),
        created_at=created_at,
        cursor=cursor,
        url=url,
        connect_url=connect_url,
        release_url=release_url,
        events=tuple(json.loads(events)),
        disabled_at=disabled_at,
        disabled_why=why,
    )


def planned_row(endpoint_id: str, planned: Planned, *, at: int) -> Named:
    """For `add_delivery`."""
    return {
        "endpoint_id": endpoint_id,
        "serial": planned.serial,
        "seq": planned.seq,
        "url": planned.url,
        "lane": planned.lane,
        "at": at,
    }


def delivery_from(row: Row) -> Delivery:
    """Of the first ten columns of `due_deliveries`, or of a row of `delivery_log`."""
    delivery_id, endpoint_id, serial, seq, url, state, planned_at, attempts, due_at, ended_at = row
    return Delivery(
        delivery_id=delivery_id,
        endpoint_id=endpoint_id,
        serial=serial,
        seq=seq,
        url=url,
        state=State(state),
        planned_at=planned_at,
        attempts=attempts,
        due_at=due_at,
        ended_at=ended_at,
    )


def moved_row(delivery_id: int, state: State, attempted: Attempted, ruling: Ruling) -> Named:
    """For `move_delivery`."""
    return {
        "delivery_id": delivery_id,
        "state": state.value,
        "attempts": attempted.number,
        "due_at": ruling.due_at if state is State.DUE else None,
        "ended_at": attempted.at + attempted.took_ms if state in FINAL else None,
    }


def attempt_row(delivery_id: int, attempted: Attempted) -> Named:
    """For `put_webhook_attempt`."""
    return {
        "delivery_id": delivery_id,
        "number": attempted.number,
        "at": attempted.at,
        "took_ms": attempted.took_ms,
        "status": attempted.status,
        "said": attempted.said,
    }


def attempted_from(row: Row) -> Attempted:
    """Of a row of `webhook_attempts`, without its first column."""
    number, at, took_ms, status, said = row
    return Attempted(number=number, at=at, took_ms=took_ms, status=status, said=said)


def listed(numbers: Iterable[int]) -> str:
    """For `json_each`."""
    return json.dumps(list(numbers))
