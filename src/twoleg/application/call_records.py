"""Records of calls: what the ports that list and export them hand out, and the use case that lists them.

Live calls have records too, as far as they have come; an ended call's never changes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from twoleg.application.errors import ApplicationError

LONGEST_WINDOW = 7 * 24 * 60 * 60 * 1000
"""Ms: the longest span of starts that is listed at once (aicc-interfaces 1.4)."""
MOST_WAITING = 64
"""Lists under way or in line: at a tenth of a second for each of the longest, some six seconds of them."""


class CallRecord(NamedTuple):
    """What is listed of a call. Times in ms since the epoch; None: not (yet)."""

    serial: int
    phase: int
    reason: int | None
    cause: int | None
    caller: str
    called: str
    caller_present: str
    agent_present: str
    call_data: str | None
    created_at: int
    started_at: int | None
    ended_at: int | None
    agent_ringing_at: int | None
    agent_answered_at: int | None
    agent_released_at: int | None
    customer_ringing_at: int | None
    customer_answered_at: int | None
    customer_released_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsWanted:
    """Which calls of a tenant: those that began between `since` and `until`, both included (ms since the epoch).

    A call begins when its first phone is dialled; one that never was, when it was placed.
    """

    tenant_id: str
    since: int
    until: int
    caller: str | None = None
    """The agent's number; None: any."""
    offset: int = 0
    limit: int = 100


class RecordsFound(NamedTuple):
    """One page, and how many there are in all."""

    total: int
    records: Sequence[CallRecord]


class CallRecords(Protocol):
    """Lists calls. Synchronous; one thread at a time. A few ms for a page, some 100 ms for a million calls to count."""

    def find(self, wanted: RecordsWanted) -> RecordsFound:
        """The calls wanted, the newest first (by their beginning, then by serial). Raises `StoreUnavailable`."""


class DetailRecords(Protocol):
    """Reads the call detail records of ended calls, of whole months if need be."""

    def read(self, *, since: int, until: int, tenant_id: str | None) -> Iterator[Sequence[Sequence[Any]]]:
        """Slices, none empty, of the calls placed from `since` up to, not including, `until` (ms since the epoch).

        In the order of placing, each record a row of `DETAIL_COLUMNS`. Holds no lock and one slice at a time; a call
        that ends meanwhile may be among them or not. Raises `StoreUnavailable`.
        """


DETAIL_COLUMNS = (
    "serial",
    "tenant_id",
    "caller",
    "called",
    "caller_present",
    "agent_present",
    "call_data",
    "created_at",
    "started_at",
    "talking_at",
    "ended_at",
    "reason",
    "cause",
    *(
        f"{role}_{fact}"
        for role in ("agent", "customer")
        for fact in (
            "dialled_at",
            "ringing_at",
            "early_media_at",
            "answered_at",
            "released_at",
            "sip_status",
            "sip_reason",
            "cause",
            "ended_by",
        )
    ),
)
"""The columns of a detail record, in the order in which they are exported; new ones are added at the end only."""


class TooManyLists(ApplicationError):
    """More lists are waiting to be read than will be soon. Nobody's fault; retry in a second."""


class FindCallRecords:
    """Use case: which calls were there? Long lists take long, so they are read in a thread of their own.

    Lists wait for each other, and for nobody else; no more than `MOST_WAITING` do.
    """

    def __init__(self, records: CallRecords, threads: Executor) -> None:
        """`threads`: one thread."""
        self._records = records
        self._threads = threads
        self._waiting = 0

    async def __call__(self, wanted: RecordsWanted) -> RecordsFound:
        """See `CallRecords.find`. Raises `TooManyLists` too."""
        if self._waiting >= MOST_WAITING:
            raise TooManyLists("too many lists at once: try again in a second")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._find, wanted)
        finally:
            self._waiting -= 1

    def _find(self, wanted: RecordsWanted) -> RecordsFound:
        return self._records.find(wanted)
