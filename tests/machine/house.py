"""The whole service in one thread on a driven clock: API handlers, store on a file, engine, SIP, phones, sweeper.

Each process of it can die, hang and come back; the network and the disk can be bad for a while. What was promised is
checked by `promise`, from outside: by what clients were answered, what went over the wire, and what is on the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Self

from api.world import World
from crash.lives import Killed, Life, Points
from fakes.log import NotedLog
from machine.parts import Disk, MortalIntake, PatientJournal, StoppedProcess
from machine.wire import Wire
from sip.network import Network, bad, perfect
from sip_engine.world import Carrier, Habit, NetworkClock, answers, refuses, rings, trunk
from store.files import opened
from twoleg.adapters.store.sqlite.connection import open_writer
from twoleg.application.errors import StoreUnavailable
from twoleg.application.sweep_overdue import SweepOverdue
from twoleg.domain.effects import Timer
from twoleg.sip.leg_words import LegState
from twoleg.sip.uri import SipUri

if TYPE_CHECKING:
    from pathlib import Path

    from twoleg.sip.events import LegId
    from twoleg.sip.message import Request

LIMITS = {Timer.QUEUE: 10.0, Timer.RING_AGENT: 8.0, Timer.RING_CUSTOMER: 8.0, Timer.TALK: 20.0}
TRUNKS = (trunk("agents", 5071, prefixes=("1",)), trunk("customers", 5072, prefixes=("2",)))
AGENTS = tuple(f"1000000{mood}" for mood in range(6))
CUSTOMERS = tuple(f"2000000{mood}" for mood in range(6))
LOOK_EVERY = 1.0
SWEEP_EVERY = 2.0
"""Seconds: the first is four times that of the service, which is all the same to promises that speak of seconds."""


def hangs_up(carrier: Carrier, leg: LegId, request: Request) -> None:
    """Answers soon, and has enough soon."""
    answers(after=0.5)(carrier, leg, request)
    carrier.later(3.5, lambda: carrier.hang_up_leg(leg))


def says_nothing(_carrier: Carrier, _leg: LegId, _request: Request) -> None:
    """It does what the test does."""


MOODS: tuple[Habit, ...] = (says_nothing, answers(after=1.0), hangs_up, refuses(486), rings, answers(after=7.99))


def moody(carrier: Carrier, leg: LegId, request: Request) -> None:
    """What a phone does by itself depends on the last digit of its number."""
    MOODS[int((SipUri.parse(request.uri).user or "0")[-1])](carrier, leg, request)


def _unsynced(path: Path) -> sqlite3.Connection:
    """The machine goes on: only processes die."""
    connection = open_writer(path)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


class Phones(Carrier):
    """Which answer once, be it by themselves or because the test says so."""

    def accept(self, leg: LegId) -> None:
        if self._is_asked(leg):
            super().accept(leg)

    def refuse(self, leg: LegId, status: int) -> None:
        if self._is_asked(leg):
            super().refuse(leg, status)

    def _is_asked(self, leg: LegId) -> bool:
        known = self.ua._core.legs.get(leg)
        return known is not None and known.state is LegState.INCOMING


class Faces(World):
    """The API's world, with the house's timers, trunks and way to the engine."""

    limits = LIMITS

    def __init__(self, house: House) -> None:
        self._house = house
        super().__init__(house.store, clock=house.clock)
        self.trunks = TRUNKS
        self.mortal = MortalIntake(self.intake, house.disk)
        self.intake = self.mortal  # type: ignore[assignment]  # in the place of the one that it stands in front of
        self.start()

    def _nudge(self) -> None:
        self._house.nudged()


class House:
    """All of it over one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.network = Network()
        self.clock = NetworkClock(self.network)
        self.disk = Disk(path, self.network)
        self.wire = Wire(self.network)
        self.phones = {port: Phones(self.network, port, moody) for port in (5071, 5072)}
        self.store = opened(path)
        self.store._writes._connection = _unsynced(path)
        self._runner = asyncio.Runner()
        self.faces = Faces(self)
        self.client = self.faces.client()
        self.log = NotedLog()
        self.overdue = self.store.overdue_book()
        self._sweep = SweepOverdue(book=self.overdue, clock=self.clock, log=self.log)
        for part in (self.faces.mortal._intake._intake, self.overdue):
            writer = part._writer._writer  # type: ignore[union-attr]  # that of the real store
            writer._connect = partial(_unsynced, path)
            writer._patience = 0.0  # nobody gives the lock back meanwhile
        self.life: Life | None = None
        self.stopped: StoppedProcess | None = None
        self.loses_nudges = False
        self.engine_away = 0.0
        """Seconds in which no engine worked, in all."""
        self.is_forgetful = False
        """An engine died while steps of it waited for a disk in trouble: see "What is not promised" in ADR 14."""
        self._born()
        self._again(LOOK_EVERY, self._look)
        self._again(SWEEP_EVERY, self._swept)

    def close(self) -> None:
        self.disk.heal()
        if self.life is not None:
            self.life.journal.close()
        self._runner.close()
        self.store.close()
        self.faces._runner.close()

    def run(self, seconds: float) -> None:
        """Let time pass, through as many lives as it takes."""
        end = self.network.now + seconds
        while (left := end - self.network.now) > 0:
            try:
                self.network.run(left)
            except Killed:
                self._bury(0.3)

    def jump(self) -> None:
        """To the next thing that happens by itself."""
        due = self.network.next()
        self.run(max(0.001, (due or 0.0) - self.network.now))

    def kill_engine(self, downtime: float) -> None:
        if self.life is not None:
            self._bury(downtime)

    def kill_engine_at(self, place: int) -> None:
        """At that place of the conductor, counted from here."""
        if self.life is not None:
            self._points.kill_at = len(self._points.seen) + place

    def stop_engine(self, seconds: float) -> None:
        """As SIGSTOP does, and SIGCONT later."""
        if self.life is None or self.stopped is not None:
            return
        life, stopped = self.life, StoppedProcess(self.life.shell)
        self.network.parties[stopped.address] = stopped  # type: ignore[assignment]  # as much of a party as it needs
        life.clock.stopped_until = self.network.now + seconds
        self.stopped = stopped
        self.engine_away += seconds
        self.network.at(life.clock.stopped_until, partial(self._go_on, stopped))

    def kill_api(self) -> None:
        """The next one begins at once, and knows nothing of the last one's requests."""
        self.faces.mortal.dies = None
        self.faces.start()

    def spoil_network(self, seconds: float, *, seed: int, loss: float) -> None:
        """Datagrams are lost, doubled, late and out of order for a while."""
        self.network.fate = bad(seed=seed, loss=loss, doubling=0.3, jitter=0.4)
        self.network.at(self.network.now + seconds, self.mend_network)

    def mend_network(self) -> None:
        self.network.fate = perfect

    def nudged(self) -> None:
        if not self.loses_nudges:
            self.network.at(self.network.now + 0.001, self._look)

    def _born(self) -> None:
        self._points = Points()
        self.life = Life(self.path, self.network, TRUNKS, self._points, partial(PatientJournal, disk=self.disk))
        self.life.start()

    def _bury(self, downtime: float) -> None:
        assert self.life is not None
        journal = self.life.journal
        assert isinstance(journal, PatientJournal)
        self.is_forgetful |= journal.holds_steps and self.disk.well_since > self.network.now - 2 * journal.REST
        self.is_forgetful |= journal.holds_steps and not self.disk.is_well
        self.life.die()
        self.life = self.stopped = None
        self.engine_away += downtime
        self.network.at(self.network.now + downtime, self._born)

    def _go_on(self, stopped: StoppedProcess) -> None:
        if self.stopped is stopped:
            self.stopped = None
            stopped.go_on(self.network.now)

    def _again(self, seconds: float, action: Callable[[], None]) -> None:
        def again() -> None:
            self.network.at(self.network.now + seconds, again)
            action()

        self.network.at(self.network.now + seconds, again)

    def _look(self) -> None:
        if self.life is not None and self.stopped is None:
            self.life.look()

    def _swept(self) -> None:
        try:
            with self.disk.as_it_is():
                self._runner.run(self._sweep())
        except StoreUnavailable:
            assert not self.disk.is_well

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
