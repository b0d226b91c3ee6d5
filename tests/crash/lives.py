"""An engine over a real file, on a driven clock, that can be killed between any two lines of the conductor.

`Points` counts the places: before and after each write of a step, and before and after each effect that the engine is
asked for. At the one that is chosen `Killed` goes through everything, as a SIGKILL would, and the life is over: its
timers, its unsent messages and all that it knew are gone. What is left is the file, and the phones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakes.log import NotedLog as StoreNotes
from sip_engine.world import Addresses, Alarm, EngineShell, NetworkClock
from twoleg.adapters.media.direct import DirectMedia
from twoleg.adapters.sip_engine.engine import SipCallEngine
from twoleg.adapters.sip_engine.routes import Routes
from twoleg.adapters.sip_engine.watch import TrunkWatch
from twoleg.adapters.sip_engine.ways import Ways
from twoleg.adapters.store.sqlite.connection import open_writer, transaction
from twoleg.adapters.store.sqlite.journal import SqliteJournal
from twoleg.adapters.store.sqlite.step_work import Entry, StepWork
from twoleg.application.capacity import Capacity, Limits
from twoleg.application.conductor import Conductor
from twoleg.application.recover_calls import LeftBehind, recover_calls
from twoleg.application.take_in_calls import Intake
from twoleg.domain import facts
from twoleg.domain.call import Call, Phase
from twoleg.domain.effects import Timer
from twoleg.domain.signals import Kind, Signal
from twoleg.sip.timers import Timers
from twoleg.sip.user_agent import UserAgent

if TYPE_CHECKING:
    from pathlib import Path

    from sip.network import Network
    from twoleg.application.ports import EngineEffect, Full
    from twoleg.domain.effects import Effect
    from twoleg.domain.machine import Step
    from twoleg.domain.on_wire import LegOnWire
    from twoleg.domain.trunk import Trunk

Cell = tuple[Phase, Kind]
LIMITS = {Timer.QUEUE: 10.0, Timer.RING_AGENT: 8.0, Timer.RING_CUSTOMER: 8.0, Timer.TALK: 20.0}


class Killed(BaseException):
    """Not an Exception: nothing of ours may catch it."""


@dataclass
class Points:
    """Places where a life may end."""

    kill_at: int | None = None
    seen: list[str] = field(default_factory=list)

    def at(self, place: str) -> None:
        """One is passed, or it is the last."""
        self.seen.append(place)
        if len(self.seen) - 1 == self.kill_at:
            raise Killed(place)


class _Ran:
    """A loop as the journal's work knows it, that has no thread to wait for."""

    def __init__(self) -> None:
        self.told: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        callback()

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.told.append(callback)


class CrashJournal:
    """The `CallJournal` on the real file, by the real work; each step is a transaction, told a moment later."""

    def __init__(self, path: Path, clock: MortalClock, points: Points) -> None:
        self._clock = clock
        self._points = points
        self._ran = _Ran()
        self._work = StepWork(self._ran, StoreNotes())  # type: ignore[arg-type]  # as much of a loop as it needs
        self._connection = open_writer(path)
        self._connection.execute("PRAGMA synchronous = OFF")  # the machine goes on: only the process is killed
        self._reads = SqliteJournal(path=path, loop=self._ran, log=StoreNotes())  # type: ignore[arg-type]  # see above

    def append(self, step: Step, on_durable: Callable[[], None]) -> None:
        entry = Entry(step, on_durable)
        self._points.at("before the write")
        with transaction(self._connection, patience=1.0):
            self._work.write(self._connection, [entry])
        self._points.at("after the write")
        self._tell_of([entry])

    def _tell_of(self, batch: Sequence[Entry]) -> None:
        self._work.written(batch)
        told, self._ran.told = self._ran.told, []
        for callback in told:
            self._clock.call_later(0, callback)

    def queued(self, known: Container[int] = ()) -> Iterable[Call]:
        return self._reads.queued(known)

    def live(self) -> Iterable[Call]:
        return self._reads.live()

    def left_behind(self) -> Sequence[LeftBehind]:
        return self._reads.left_behind()

    def overdue(self) -> Sequence[int]:
        return self._reads.overdue()

    def hangup_requests(self) -> Sequence[int]:
        return self._reads.hangup_requests()

    async def drained(self) -> None: ...

    def close(self) -> None:
        self._reads.close()
        self._connection.close()


class PointedEngine:
    """The `CallEngine`, with a place before and after each effect."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.engine: SipCallEngine

    def reserve(self, call: Call) -> Signal | Full | None:
        return self.engine.reserve(call)

    def perform(self, call: Call, effect: EngineEffect) -> None:
        self._points.at(f"before {type(effect).__name__}")
        self.engine.perform(call, effect)
        self._points.at(f"after {type(effect).__name__}")

    def forget(self, call: Call) -> None:
        self.engine.forget(call)

    def take_over(self, call: Call, legs: Sequence[LegOnWire]) -> None:
        self.engine.take_over(call, legs)


class MortalClock(NetworkClock):
    """Whose alarms die with its life, and are late when that was stopped."""

    is_dead = False
    stopped_until = 0.0
    """Seconds of the network; what falls due before comes then, unless it is cancelled first."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> _MortalAlarm:
        alarm = _MortalAlarm(self, action)
        self.network.at(self.network.now + max(0.0, seconds), alarm.fire)
        return alarm


class _MortalAlarm(Alarm):
    def __init__(self, clock: MortalClock, action: Callable[[], None]) -> None:
        super().__init__(action)
        self._clock = clock

    def fire(self) -> None:
        if self._clock.stopped_until > self._clock.network.now:
            self._clock.network.at(self._clock.stopped_until, self.fire)
        elif not self._clock.is_dead:
            super().fire()


class CellLog:
    """Which cells of the table became steps."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.faults: list[Exception] = []
        self._phases: dict[int, Phase] = {}

    def stepped(self, step: Step, signal: Signal) -> None:
        before = self._phases.get(step.call.serial, Phase.QUEUED)
        self.cells.append((before, facts.kind_of(step.call, signal)))
        self._phases[step.call.serial] = step.call.phase

    def faulted(self, call: Call, at: Signal | Effect, error: Exception) -> None:
        self.faults.append(error)

    def unknown_call(self, serial: int, signal: Signal) -> None: ...

    def rejected_invite(self, source: str, target: str) -> None: ...

    def fault(self, serial: int | None, error: Exception) -> None:
        self.faults.append(error)


class Life:
    """One engine process, from its start to its end."""

    def __init__(
        self,
        path: Path,
        network: Network,
        trunks: Sequence[Trunk],
        points: Points,
        journal: Callable[[Path, MortalClock, Points], CrashJournal] = CrashJournal,
    ) -> None:
        self.network = network
        self.log = CellLog()
        self.clock = MortalClock(network)
        self.journal = journal(path, self.clock, points)
        self.shell = EngineShell(network)
        chance = random.Random(network.now)  # no two lives give the same names
        self.shell.ua = self.shell.agent = UserAgent(
            local=self.shell.local, random=chance, timers=Timers(ring_limit=120)
        )
        self._pointed = PointedEngine(points)
        addresses = Addresses(network)
        routes = Routes(trunks)
        watch = TrunkWatch(
            shell=self.shell, routes=routes, targets=addresses, clock=self.clock, changed=lambda _state: None
        )
        ways = Ways(
            routes=routes,
            targets=addresses,
            capacity=Capacity({each.name: Limits(None, None) for each in trunks}),
            states=watch,
            draw=lambda _: 0,
            now=self.shell.now,
        )
        self._pointed.engine = SipCallEngine(
            shell=self.shell,
            ways=ways,
            watch=watch,
            media=DirectMedia(address="127.0.0.1"),
            clock=self.clock,
            sink=lambda serial, signal: self.conductor.signal(serial, signal),  # noqa: PLW0108 - it comes next
            log=self.log,
        )
        self.conductor = Conductor(
            journal=self.journal, engine=self._pointed, clock=self.clock, limits=LIMITS, log=self.log
        )
        ways.tell_room(self.conductor.room)
        self.shell.heard = self._pointed.engine.heard

    def start(self) -> None:
        """As the process does: first what was left behind, then what waits."""
        recover_calls(journal=self.journal, engine=self._pointed, conductor=self.conductor)
        self.look()

    def look(self) -> None:
        """As a nudge does."""
        Intake(journal=self.journal, conductor=self.conductor).look()

    def die(self) -> None:
        """Nothing that it had in hand happens any more; the next life has its socket."""
        self.clock.is_dead = True
        self.journal.close()
        del self.network.parties[self.shell.address]
