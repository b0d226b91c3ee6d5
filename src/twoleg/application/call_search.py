"""Finding calls of a tenant by what is known of them: the port behind lists, batches of states, and dry runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from twoleg.domain.call import Call, CallState
from twoleg.domain.guard_rules import Counts, Watch

END_OF_TIME = 2**63 - 1


class Place(NamedTuple):
    """Where a list goes on: behind this call. Times in ms since the epoch."""

    created_at: int
    serial: int


NEWEST = Place(END_OF_TIME, END_OF_TIME)
"""Where a list begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are wanted; None: any. Times in ms since the epoch."""

    tenant_id: str
    state: CallState | None = None
    caller: str | None = None
    called: str | None = None
    reason: int | None = None
    created_from: int = 0
    created_before: int = END_OF_TIME


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some calls, newest first."""

    calls: Sequence[Call]
    following: Place | None
    """Where the next page begins, which may exist though this one holds few or none; None: this was all."""


class CallProgress(NamedTuple):
    """How far a call has come. Times in ms since the epoch."""

    serial: int
    phase: int
    reason: int | None
    cause: int | None
    seq: int
    created_at: int
    started_at: int | None
    talking_at: int | None
    ended_at: int | None


class CallSearch(Protocol):
    """Reads of many calls; synchronous, a few milliseconds at most. All raise `StoreUnavailable`."""

    def page(self, wanted: CallFilter, *, behind: Place, limit: int) -> CallPage:
        """The next calls of the list, `limit` (1-1000) at most. The work of a page is bounded; see `CallPage`."""

    def progress(self, tenant_id: str, serials: Iterable[int]) -> Mapping[int, CallProgress]:
        """How far those of the serials have come that are calls of the tenant; in one look."""

    def placed_with(self, tenant_id: str, key: str, *, since: int) -> int | None:
        """The serial of the call that the tenant placed with that `Idempotency-Key`, if it was since that time."""

    def pending(self, tenant_id: str, *, caller: str, called: str) -> int | None:
        """The serial of the tenant's call between these two that waits or rings; None when there is none."""

    def placed_since(self, tenant_id: str, since: int, *, limit: int) -> int:
        """How many calls the tenant placed since that time; counts up to `limit`."""

    def counts(self, tenant_id: str, watch: Watch, *, now_ms: int) -> Counts:
        """What the tenant's guards want counted."""
