"""The engine's side: steps of calls go in, a thread of its own writes them, and they come back as durable."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.connection import open_writer
from twoleg.adapters.store.sqlite.group_writer import GroupWriter
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.step_work import Entry, StepWork
from twoleg.adapters.store.sqlite.trouble import Trouble
from twoleg.application.recover_calls import LeftBehind
from twoleg.domain.call import Call, Role
from twoleg.domain.machine import Step
from twoleg.domain.on_wire import LegOnWire

_QUEUED = query("queued_calls")
_LIVE = query("live_calls")
_HANGUPS = query("hangup_requests")
_OVERDUE = query("overdue_calls")
_LEGS_ON_WIRE = query("legs_on_wire")
_ENDED_ON_WIRE = query("ended_calls_on_wire")

_LOCK_PATIENCE = 1.0
"""Seconds for the write lock before it counts as trouble and is logged; the steps are kept and tried again."""
_REST_A_STEP = 0.001
_LONGEST_REST = 0.025
"""Seconds of pause after a commit, by the steps it held. A commit costs some 230 us of CPU and a disk flush whether it
holds one step or twenty (a step 25 us): under load steps wait up to 25 ms to share one, and the API finds the lock free
in between. With few calls, where one step makes a commit, the next one waits a millisecond at most."""


def _rest(steps: int) -> float:
    return min(steps * _REST_A_STEP, _LONGEST_REST)


class SqliteJournal:
    """The `CallJournal`. Its reads raise `StoreUnavailable` when the file cannot be read."""

    def __init__(self, *, path: Path, loop: asyncio.AbstractEventLoop, log: StoreLog) -> None:
        self._loop = loop
        self._reads = Reads(path)
        self._writer: GroupWriter[Entry] = GroupWriter(
            StepWork(loop, log),
            connect=lambda: open_writer(path),
            name="journal",
            log=log,
            patience=_LOCK_PATIENCE,
            rest=_rest,
        )

    def append(self, step: Step, on_durable: Callable[[], None]) -> None:
        """See `CallJournal.append`."""
        self._writer.put(Entry(step, on_durable))

    def queued(self, known: Container[int] = ()) -> Iterable[Call]:
        """See `CallJournal.queued`."""
        return [rows.call_from(row) for row in self._reads.all(_QUEUED) if row[0] not in known]

    def live(self) -> Iterable[Call]:
        """All calls that were dialled and have not ended, oldest first."""
        return map(rows.call_from, self._reads.all(_LIVE))

    def overdue(self) -> Sequence[int]:
        """See `CallJournal.overdue`."""
        return [serial for (serial,) in self._reads.all(_OVERDUE)]

    def left_behind(self) -> Sequence[LeftBehind]:
        """See `LeftBehindReader.left_behind`."""
        legs: dict[int, list[LegOnWire]] = {}
        for serial, role, number, record in self._reads.all(_LEGS_ON_WIRE):
            legs.setdefault(serial, []).append(LegOnWire(Role(role), number, record))
        calls = [*self.live(), *map(rows.call_from, self._reads.all(_ENDED_ON_WIRE))]
        return [LeftBehind(call, tuple(legs.get(call.serial, ()))) for call in calls]

    def hangup_requests(self) -> Sequence[int]:
        """Serials whose hang-up was asked for and whose call has not ended."""
        return [serial for (serial,) in self._reads.all(_HANGUPS)]

    @property
    def troubles(self) -> Counter[Trouble]:
        """Failed tries to write so far, by kind of trouble."""
        return self._writer.troubles

    async def drained(self) -> None:
        """Wait until everything appended so far is durable."""
        reached: asyncio.Future[None] = self._loop.create_future()
        self._writer.put(Entry(None, lambda: None if reached.done() else reached.set_result(None)))
        await reached

    def close(self) -> None:
        """Write what was appended; for a few seconds at most when the file cannot be written."""
        self._reads.close()
        self._writer.close()
