"""Killed between any two lines of the conductor, then started again: the promise holds, and every line was tried.

The promise: every acknowledged call rings its agent at most once, has ended by its `must_end_by`, and leaves exactly
one CDR; and no phone is left in a dead call.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, get_args

import pytest

from crash.lives import LIMITS, Killed, Life, Points
from domain.calls import SERIAL, a_call
from domain.test_machine import SIGNALS, attempt
from sip.network import Network
from sip_engine.world import EPOCH, Carrier, Habit, answers, refuses, rings, trunk
from store.files import with_tenant
from twoleg.adapters.store.sqlite import placing
from twoleg.adapters.store.sqlite.connection import open_writer, transaction
from twoleg.application.ports import EngineEffect, Intent
from twoleg.domain.call import Phase, Role
from twoleg.domain.deadline import must_end_by
from twoleg.domain.machine import TRANSITIONS
from twoleg.domain.signals import Kind, LegPrepared, Signal
from twoleg.domain.values import replace

if TYPE_CHECKING:
    from pathlib import Path

AGENT, CUSTOMER = "1001", "2001"
TRUNKS = (trunk("agents", 5071, prefixes=("1",)), trunk("customers", 5072, prefixes=("2",)))
DOWNTIME = 0.3
"""Seconds between a death and the next start."""
LONG = 120.0
"""Seconds after which everything must be over: the sum of the timers, and 64 * T1 for the last words."""


INJECTED: dict[Kind, Signal] = {
    **SIGNALS,
    Kind.AGENT_PREPARED: LegPrepared(Role.AGENT, attempt(9), b"what nobody can read"),
    Kind.CUSTOMER_PREPARED: LegPrepared(Role.CUSTOMER, attempt(9), b"what nobody can read"),
}


@dataclass
class Stage:
    """One call with its two phones and the service between them, through as many lives as it takes."""

    path: Path
    agent: Habit
    customer: Habit
    kills: list[int | None] = field(default_factory=list)
    """At which place each life ends; the last goes on for ever."""
    injected_at: int | None = None
    """How many places the life had passed before something was injected."""

    def __post_init__(self) -> None:
        self.network = Network()
        self.agents = Carrier(self.network, 5071, self.agent)
        self.customers = Carrier(self.network, 5072, self.customer)
        self.points: list[Points] = []
        self._place()
        self.life = self.first = self._born()

    def _place(self) -> None:
        now = EPOCH + round(self.network.now * 1000)
        call = replace(a_call(created_at=now), must_end_by=must_end_by(now, LIMITS))
        numbers = replace(call.agent, number=AGENT), replace(call.customer, number=CUSTOMER)
        connection = open_writer(self.path)
        with transaction(connection, patience=1.0):
            placing.place(connection, Intent(replace(call, agent=numbers[0], customer=numbers[1])))
        connection.close()

    def _born(self) -> Life:
        place_of_death = self.kills[len(self.points)] if len(self.points) < len(self.kills) else None
        self.points.append(Points(place_of_death))
        return Life(self.path, self.network, TRUNKS, self.points[-1])

    def do(self, action: Callable[[], None]) -> None:
        """Something that may be the last; then the next life begins, which may be short, too."""
        while True:
            try:
                action()
            except Killed:
                self.life.die()
                self.network.run(DOWNTIME)
                self.life = self._born()
                action = self.life.start
            else:
                return

    def run(self, until: float) -> None:
        """Let time pass, in seconds since the call was placed."""
        while (left := 1000.0 + until - self.network.now) > 0:
            self.do(partial(self.network.run, left))

    def wish(self) -> None:
        """Somebody asks for the end of the call."""
        connection = open_writer(self.path)
        connection.execute("INSERT OR IGNORE INTO hangup_request SELECT serial, 1 FROM call WHERE phase < 4")
        connection.close()
        self.do(self.life.look)

    def inject(self, kind: Kind) -> None:
        """That signal, whatever the phones do; a life that does not know the call is told nothing."""
        self.injected_at = len(self.points[-1].seen)
        if SERIAL in self.life.conductor:
            self.do(lambda: self.life.conductor.signal(SERIAL, INJECTED[kind]))

    def check(self) -> None:
        """The promise."""
        assert self.agents.dialled.count(AGENT) <= 1
        assert self.customers.dialled.count(CUSTOMER) <= 1
        assert (self.agents.live, self.customers.live) == (set(), set()), "a phone is left in a dead call"
        assert len(self.life.conductor) == 0
        file = sqlite3.connect(self.path)
        try:
            ((phase, ended_at, deadline),) = file.execute("SELECT phase, ended_at, must_end_by FROM call").fetchall()
            assert phase == Phase.ENDED
            assert ended_at <= deadline
            assert file.execute("SELECT count(*) FROM cdr").fetchone() == (1,)
            assert file.execute("SELECT count(*) FROM event WHERE type = 'call.ended'").fetchone() == (1,)
            assert (
                file.execute("SELECT seq FROM event ORDER BY position").fetchall()
                == file.execute("SELECT seq FROM event ORDER BY seq").fetchall()
            )
        finally:
            file.close()

    def forget(self) -> None:
        """Of a leg whose last word was lost something is kept: the next start asks its phone once more, and is done."""
        if self.kept():
            self.life.die()
            self.network.run(DOWNTIME)
            self.life = self._born()
            self.life.start()
            self.network.run(60)
        assert self.kept() == 0

    def kept(self) -> int:
        file = sqlite3.connect(self.path)
        try:
            return int(file.execute("SELECT count(*) FROM leg_on_wire").fetchone()[0])
        finally:
            file.close()


@dataclass(frozen=True)
class Story:
    """What happens to the call, if nobody is killed."""

    agent: Habit
    customer: Habit
    acts: tuple[tuple[float, Callable[[Stage], None]], ...] = ()
    """When (seconds), and what."""
    is_held: bool = False
    """Whether the first life dials nobody: the call waits."""


def inject(kind: Kind) -> Callable[[Stage], None]:
    return lambda stage: stage.inject(kind)


def early(carrier: Carrier, leg: int, _request: object) -> None:
    """Early media, and an answer a second later."""
    from sip_engine.world import SDP  # noqa: PLC0415 - the one use

    carrier.ua.ring(leg, status=183, body=SDP, now=carrier.now)
    carrier.later(1.0, lambda: carrier.accept(leg))


STORIES = {
    "customer hangs up": Story(answers(), answers(), ((4, lambda stage: stage.customers.hang_up()),)),
    "agent hangs up in talk": Story(answers(), answers(), ((4, lambda stage: stage.agents.hang_up()),)),
    "agent hangs up before": Story(answers(), rings, ((3, lambda stage: stage.agents.hang_up()),)),
    "agent busy": Story(refuses(486), answers()),
    "customer busy": Story(answers(), refuses(486)),
    "agent never answers": Story(rings, answers()),
    "customer never answers": Story(answers(), rings),
    "talk limit": Story(answers(), answers()),
    "hung up by request": Story(answers(), answers(), ((4, lambda stage: stage.wish()),)),
    "request while ringing": Story(rings, answers(), ((2, lambda stage: stage.wish()),)),
    "early media": Story(early, early, ((5, lambda stage: stage.customers.hang_up()),)),
}

PHASES = {
    Phase.QUEUED: (rings, rings, 1.0),
    Phase.CALLING_AGENT: (rings, rings, 2.0),
    Phase.CALLING_CUSTOMER: (answers(), rings, 3.0),
    Phase.TALKING: (answers(), answers(), 4.0),
    Phase.ENDED: (answers(), refuses(486), 4.0),
}
"""Phones that lead the call there, and when it is."""


def _story_of(phase: Phase, kind: Kind) -> Story:
    agent, customer, when = PHASES[phase]
    return Story(agent, customer, ((when, inject(kind)),), is_held=phase is Phase.QUEUED)


CELLS = {f"{phase.name} {kind.value}": _story_of(phase, kind) for phase, kind in TRANSITIONS}
"""Each cell of the machine's table, told to a call in its phase: most of them happen to no phone in a test."""


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "blank.db"
    with_tenant(path).close()
    return path


class Theatre:
    """Plays stories, each on a copy of the file."""

    def __init__(self, blank: Path, folder: Path) -> None:
        self._blank = blank
        self._folder = folder
        self._count = 0

    def play(self, story: Story, *kills: int | None) -> Stage:
        """To the end, with a check of the promise."""
        self._count += 1
        path = self._folder / f"{self._count}.db"
        shutil.copy(self._blank, path)
        stage = Stage(path, story.agent, story.customer, list(kills))
        if story.is_held:
            stage.life.conductor.hold()
        stage.do(stage.life.start)
        for when, act in story.acts:
            stage.run(when)
            act(stage)
        stage.run(LONG)
        stage.check()
        stage.forget()
        stage.life.die()
        path.unlink()
        return stage


@pytest.fixture
def theatre(blank: Path, tmp_path: Path) -> Theatre:
    return Theatre(blank, tmp_path)


@pytest.mark.parametrize("name", STORIES)
def test_a_crash_at_every_line_of_a_call_keeps_the_promise(theatre: Theatre, name: str) -> None:
    lines = theatre.play(STORIES[name]).points[0].seen
    for number, line in enumerate(lines):
        stage = theatre.play(STORIES[name], number)
        assert stage.points[0].seen[-1] == line, "the same life up to its end"


@pytest.mark.parametrize("phase", PHASES)
def test_a_crash_at_every_line_of_every_cell_of_the_table_keeps_the_promise(theatre: Theatre, phase: Phase) -> None:
    for name in [name for name in CELLS if name.startswith(f"{phase.name} ")]:
        whole = theatre.play(CELLS[name])
        for number in range(whole.injected_at or 0, len(whole.points[0].seen)):
            theatre.play(CELLS[name], number)


def test_a_crash_at_every_line_of_the_recovery_keeps_the_promise(theatre: Theatre) -> None:
    story = STORIES["customer hangs up"]
    talking = theatre.play(story).points[0].seen.index("after Bridge")
    for number in range(len(theatre.play(story, talking).points[1].seen)):
        theatre.play(story, talking, number)


def test_every_line_is_among_those_that_were_tried(theatre: Theatre) -> None:
    """Enumerated from the code: the machine's table and the effects that the engine knows."""
    stages = [theatre.play(story) for story in (*STORIES.values(), *CELLS.values())]
    tried = {line for stage in stages for line in stage.points[0].seen}
    effects = {f"{when} {effect.__name__}" for effect in get_args(EngineEffect) for when in ("before", "after")}
    assert tried == effects | {"before the write", "after the write"}
    written = {cell for stage in stages for cell in stage.first.log.cells}
    assert written >= {cell for cell in TRANSITIONS if cell[0] is not Phase.ENDED}
