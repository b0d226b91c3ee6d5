"""The event log as its readers see it: the port, and what it hands out. Who wants to be woken follows `event_tail`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twoleg.domain.events import Event
from twoleg.domain.values import Value

BEGINNING = 0
"""The position before the first event."""


class Recorded(Value, frozen=True, gc=False):
    """A committed event with its place in the log, and what names its call to people."""

    position: int
    """Grows with every commit, over all tenants, and is never given twice; it may have gaps. Not for tenants' eyes."""
    tenant_id: str
    caller: str
    called: str
    call_data: str | None
    event: Event


class EventFeed(Protocol):
    """Reads committed events in order; synchronous, some ten microseconds and one for each event.

    Positions are given inside the transactions that commit them, one transaction after the other, so whoever has read
    up to a position has missed nothing below it: nothing is ever committed there later. All raise `StoreUnavailable`.
    Events go when their calls are purged, and no cursor minds.
    """

    def newest(self) -> int:
        """The highest position given so far, `BEGINNING` when none was. It has grown exactly when events came."""

    def after(self, position: int, *, limit: int) -> Sequence[Recorded]:
        """The events of all tenants beyond that position, by position."""

    def of_tenant(self, tenant_id: str, *, after: int, limit: int) -> Sequence[Recorded]:
        """The tenant's events beyond that position, by position."""

    def of_call(self, serial: int, *, after: int, limit: int) -> Sequence[Recorded]:
        """The events of a call, of any tenant, beyond that `seq`, by `seq`. Empty for a call that is not there."""

    def position_of(self, tenant_id: str, *, serial: int, seq: int) -> int | None:
        """Where that event of the tenant stands; None when there is none (any more)."""

    def newest_of_tenant(self, tenant_id: str) -> tuple[int, int] | None:
        """Serial and seq of the tenant's newest event; None when it has none."""
