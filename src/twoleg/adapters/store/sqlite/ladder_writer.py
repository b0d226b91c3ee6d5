"""Writes ladders in a thread of its own: takes the secrets out, compresses, and is in nobody's way.

Whatever goes wrong here costs ladders and a line in the log, never a call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from twoleg.adapters.store.sqlite.connection import pause
from twoleg.adapters.store.sqlite.ladder_file import LadderFile
from twoleg.adapters.store.sqlite.log import StoreLog, UnfailingLog
from twoleg.application.ladder.noted import LocalFor, Noted, without_secrets
from twoleg.application.ladder.values import Capture, WireMessage
from twoleg.domain.call import Call

_GATHER: Final = 0.2
"""Seconds from the first ladder of a batch to its writing."""
_LARGEST_BATCH: Final = 64
_REST: Final = 0.0005
"""Seconds to rest after each message: Python's other thread, which speaks SIP, waits for no more than one of them."""
_MOST_WAITING: Final = 16 * 1024 * 1024
"""Octets of messages that may wait to be written."""
_PURGE_EVERY: Final = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """What was noted of an ended call, secrets and all."""

    call: Call
    messages: Sequence[Noted]
    size: int
    """Octets in memory."""
    omitted: int
    is_dropped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderKeep:
    """How long, and how much."""

    days: int
    max_disk: int
    """Octets."""


class LadderWriter:
    """Takes jobs on one thread, writes them on another, until `close`."""

    def __init__(
        self,
        path: Path,
        *,
        keep: LadderKeep,
        local_for: LocalFor,
        days_of_tenants: Callable[[], Mapping[str, int]],
        now_ms: Callable[[], int],
        log: StoreLog,
    ) -> None:
        """`days_of_tenants`: how long each tenant lets its calls be kept; called, like `now_ms`, from the thread."""
        self._path = path
        self._limits = keep
        self._local_for = local_for
        self._days_of_tenants = days_of_tenants
        self._now_ms = now_ms
        self._log = UnfailingLog(log)
        self._inbox: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._is_closing = False
        self._is_well = True
        self._purged_at = 0
        self._file: LadderFile | None = None
        self.written = 0
        """Ladders so far."""
        self.lost = 0
        """Ladders that found no room, or no file that takes them."""
        self._thread = threading.Thread(target=self._run, name="ladders", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Take it, or count it as lost. Returns at once; from any thread."""
        with self._lock:
            has_room = self._waiting + job.size <= _MOST_WAITING
            if has_room:
                self._waiting += job.size
            else:
                self.lost += 1
        if has_room:
            self._inbox.put(job)

    def close(self) -> None:
        """Write what was taken, as far as the file lets us, and end the thread. Harmless when repeated."""
        self._is_closing = True
        self._inbox.put(None)
        self._thread.join()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not (self._is_closing and self._inbox.empty()):
            self._purge_when_due()
            batch = self._collect()
            if batch:
                self._store(batch)
        self._close_file()

    def _collect(self) -> list[Job]:
        """Empty when there was nothing for as long as purges are apart, or when it is time to close."""
        try:
            first = self._inbox.get(timeout=_PURGE_EVERY)
        except Empty:
            return []
        batch = [first]
        if not self._is_closing:
            pause(_GATHER)
        while len(batch) < _LARGEST_BATCH and not self._inbox.empty():
            batch.append(self._inbox.get())
        return [each for each in batch if each is not None]

    def _captured(self, job: Job) -> Capture:
        messages: list[WireMessage] = []
        for each in job.messages:
            messages.append(without_secrets(each, self._local_for))
            if not self._is_closing:
                pause(_REST)
        call = job.call
        return Capture(
            serial=call.serial,
            tenant_id=call.tenant_id,
            ended_at=call.created_at if call.ended_at is None else call.ended_at,
            messages=tuple(messages),
            omitted=job.omitted,
            is_dropped=job.is_dropped,
        )

    def _store(self, batch: Sequence[Job]) -> None:
        is_written = self._guarded(lambda: self._opened().put([self._captured(each) for each in batch]))
        with self._lock:
            self._waiting -= sum(each.size for each in batch)
            if is_written:
                self.written += len(batch)
            else:
                self.lost += len(batch)

    def _purge_when_due(self) -> None:
        now = self._now_ms()
        if self._is_closing or 0 <= now - self._purged_at < _PURGE_EVERY * 1000:
            return
        self._purged_at = now
        self._guarded(self._purge)

    def _purge(self) -> None:
        file, limits, days = self._opened(), self._limits, self._days_of_tenants()
        while file.purge(now_ms=self._now_ms(), days=limits.days, days_of_tenants=days, max_disk=limits.max_disk):
            pause(_REST)

    def _opened(self) -> LadderFile:
        if self._file is None:
            self._file = LadderFile(self._path)
        return self._file

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Whether it was done; the file is opened anew the next time when it was not."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs these ladders, not all that follow
            self._close_file()
            if self._is_well:
                self._log.warning("ladders cannot be kept", file=str(self._path), error=repr(error))
            self._is_well = False
            return False
        self._is_well = True
        return True

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
