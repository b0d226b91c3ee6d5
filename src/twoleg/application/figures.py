"""Figures of the service for those who watch it: what stands in the store, and the engine's signs of life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason

RECENT_MS = 300_000
"""Of calls placed within this time it is told how they ended: what was ever, would take ever longer to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFigures:
    """What a few looks at indexes tell. Times in ms since the epoch; None: there is none."""

    living: Mapping[Phase, int]
    """Calls that have not ended; phases without any are left out."""
    oldest_queued_at: int | None
    recently_ended: Mapping[Reason, int]
    """Calls that were placed within `RECENT_MS` and have ended."""
    overdue: int
    """Calls that outlived their timers, as far as they are kept."""
    legs_on_wire: int
    open_deliveries: int
    """Of webhooks: due, or waiting for one that is."""
    oldest_due_at: int | None
    """When the delivery that is late the longest should have been made, or the next one shall be."""
    disabled_endpoints: int


class FigureBook(Protocol):
    """Where the figures of the store come from."""

    def read(self, *, now: int) -> StoreFigures:
        """Takes a few ms and blocks; one thread at a time. Raises `StoreUnavailable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the engine shows to all processes of the service."""

    mode: str
    """What the service is about: serving, stopping, handing_over."""
    silence: float | None
    """Seconds since its last sign of life, of which it gives ten a second; None: there was none yet."""
    delay: float
    """Seconds by which it is late with its work."""
    calls_per_second: float | None
    """New calls that it can take; None: as many as come."""


class SignReader(Protocol):
    """Where they are seen."""

    def __call__(self) -> Signs:
        """Answers at once."""
