"""What can die, hang or fail in the house: the engine's journal, its process, the API's way to the store, the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from enum import Enum, auto
from typing import TYPE_CHECKING

from crash.lives import CrashJournal, Killed
from full_disk import full_disk
from twoleg.adapters.store.sqlite.connection import transaction
from twoleg.adapters.store.sqlite.step_work import Entry
from twoleg.adapters.store.sqlite.trouble import trouble_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from api.doubles import NotingIntake
    from crash.lives import MortalClock, Points
    from sip.network import Network
    from sip_engine.world import EngineShell
    from twoleg.application.ports import Intent, Placed
    from twoleg.domain.machine import Step
    from twoleg.domain.tenant import Refused
    from twoleg.sip.events import Event
    from twoleg.sip.peers import Peer, Transmit


class Disk:
    """The store's file as the processes find it: sound, locked by somebody, or failing whatever is written."""

    def __init__(self, path: Path, network: Network) -> None:
        self._path = path
        self._network = network
        self._lock: sqlite3.Connection | None = None
        self._fails = False
        self.well_since = 0.0
        """Seconds of the network: before then something could not be written."""

    @property
    def is_well(self) -> bool:
        return self._lock is None and not self._fails

    def lock(self, seconds: float) -> None:
        """Somebody keeps the write lock."""
        if self._lock is None:
            self._lock = sqlite3.connect(self._path, isolation_level=None)
            self._lock.execute("BEGIN IMMEDIATE")
            self._network.at(self._network.now + seconds, self.heal)

    def fail(self, seconds: float) -> None:
        """Nothing can be written beyond the first byte of any file: SQLite reports an I/O error."""
        self._fails = True
        self._network.at(self._network.now + seconds, self.heal)

    def heal(self) -> None:
        if not self.is_well:
            self.well_since = self._network.now
        if self._lock is not None:
            self._lock.close()
        self._lock, self._fails = None, False

    @contextmanager
    def as_it_is(self) -> Iterator[None]:
        """While it lasts files can be written as far as the disk is well."""
        with full_disk() if self._fails else nullcontext():
            yield


class PatientJournal(CrashJournal):
    """Keeps its steps while the disk fails, in order, and writes what has gathered in one transaction."""

    COMMIT = 0.002
    """Seconds that a commit takes."""
    REST = 0.25
    """Seconds between two tries."""

    def __init__(self, path: Path, clock: MortalClock, points: Points, *, disk: Disk) -> None:
        super().__init__(path, clock, points)
        self._disk = disk
        self._held: list[Entry] = []
        self._is_awake = False

    @property
    def holds_steps(self) -> bool:
        """Whether something that the engine knows is not on the disk."""
        return bool(self._held)

    def append(self, step: Step, on_durable: Callable[[], None]) -> None:
        self._held.append(Entry(step, on_durable))
        self._wake(self.COMMIT)

    def _wake(self, seconds: float) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._clock.call_later(seconds, self._write)

    def _write(self) -> None:
        self._is_awake = False
        batch = list(self._held)
        self._points.at("before the write")
        if not self._is_written(batch):
            self._wake(self.REST)
            return
        self._points.at("after the write")
        del self._held[: len(batch)]
        self._tell_of(batch)

    def _is_written(self, batch: Sequence[Entry]) -> bool:
        try:
            with self._disk.as_it_is(), transaction(self._connection, patience=0.0):
                self._work.write(self._connection, batch)
        except sqlite3.Error as error:
            if trouble_of(error) is None:
                raise
            return False
        return True


class Moment(Enum):
    """When an API process dies."""

    BEFORE_COMMIT = auto()
    AFTER_COMMIT = auto()


class MortalIntake:
    """The `CallIntake` on the real file, in a process that may die beside its commit."""

    def __init__(self, intake: NotingIntake, disk: Disk) -> None:
        self._intake = intake
        self._disk = disk
        self.dies: Moment | None = None

    async def place(self, intent: Intent) -> Placed | Refused:
        self._die_at(Moment.BEFORE_COMMIT)
        with self._disk.as_it_is():
            placed = await self._intake.place(intent)
        self._die_at(Moment.AFTER_COMMIT)
        return placed

    async def request_hangup(self, serial: int, *, at: int) -> None:
        with self._disk.as_it_is():
            await self._intake.request_hangup(serial, at=at)

    def _die_at(self, moment: Moment) -> None:
        if self.dies is moment:
            self.dies = None
            raise Killed(moment.name)


class StoppedProcess:
    """In the place of an engine's socket while its process is stopped (SIGSTOP): the kernel keeps what comes."""

    def __init__(self, shell: EngineShell) -> None:
        self.address = shell.address
        self.ua = self
        self.shell = shell
        self._queue: list[tuple[bytes, Peer]] = []

    def receive(self, data: bytes, source: Peer, _now: float) -> None:
        self._queue.append((data, source))

    def go_on(self, now: float) -> None:
        """The process runs again, and reads all of it."""
        self.shell.network.parties[self.address] = self.shell  # type: ignore[assignment]  # see EngineShell
        for data, source in self._queue:
            self.shell.ua.receive(data, source, now)

    def listen(self) -> None: ...

    def fire_timers(self, _now: float) -> None: ...

    def next_deadline(self) -> float | None:
        return None

    def take_output(self) -> list[Transmit]:
        return []

    def take_events(self) -> list[Event]:
        return []
