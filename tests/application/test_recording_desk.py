"""The engine's side of recordings: notes are made without blocking, commands are handed on once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from domain.calls import T0, a_call
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.store import MemoryStore
from twoleg.application.ports import Intent
from twoleg.application.recording_desk import Desk, RecordingCommands
from twoleg.domain.recording import AudioFormat, Command, RecordingStatus
from twoleg.domain.signals import Faulted, RecordingNews, RecordingTold, Signal
from twoleg.domain.tenant import Profile, Tenant

pytestmark = pytest.mark.asyncio

START, PAUSE, RESUME, STOP = Command


class Engine:
    """A store with one living call, a desk over it, and what calls and relays were told."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.store.registry().add_tenant(Tenant("t1", "t1", Profile.AICC, ("1",)), at=T0)
        self.call = a_call()
        self.book = self.store.recordings()
        self.told: list[tuple[int, Signal]] = []
        self.recorded: list[tuple[int, Command]] = []
        self.log = NotedLog()
        self.broken: Command | None = None
        self.living = {self.call.serial}
        self.desk = Desk(
            book=self.book,
            make_folder=lambda serial: folder / str(serial),
            tell=lambda serial, signal: self.told.append((serial, signal)),
            clock=DrivenClock(start_ms=T0),
            log=self.log,
        )

    async def place(self, record_as: AudioFormat | None = AudioFormat.PCM) -> None:
        await self.store.intake().place(Intent(self.call, record_as=record_as))

    async def ask(self, command: Command) -> None:
        await self.book.ask(self.call.serial, "t1", command, audio_format=AudioFormat.PCM, at=T0)

    def commands(self) -> RecordingCommands:
        return RecordingCommands(
            book=self.book,
            recorder=self,
            tell=lambda serial, signal: self.told.append((serial, signal)),
            is_living=self.living.__contains__,
            log=self.log,
        )

    def record(self, serial: int, command: Command) -> None:
        if command is self.broken:
            raise ZeroDivisionError
        self.recorded.append((serial, command))

    @property
    def news(self) -> list[RecordingNews]:
        return [signal.news for _, signal in self.told if isinstance(signal, RecordingTold)]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


async def test_what_began_is_noted_and_told(engine: Engine) -> None:
    await engine.place()
    assert engine.desk.is_wanted(engine.call.serial)

    engine.desk.began(engine.call.serial)
    await engine.desk.part()

    found = engine.book.find(engine.call.serial)
    assert found is not None
    assert (found.status, found.began_at) == (RecordingStatus.RECORDING, T0)
    assert engine.news == [RecordingNews.STARTED]


async def test_a_relay_that_begins_again_after_a_pause_tells_nothing_new(engine: Engine) -> None:
    await engine.place()
    for _ in range(2):
        engine.desk.began(engine.call.serial)
        await engine.desk.part()

    assert engine.news == [RecordingNews.STARTED]


async def test_a_failure_is_told_at_once_logged_and_noted(engine: Engine) -> None:
    await engine.place()

    engine.desk.failed(engine.call.serial, "the disk is full")
    assert engine.told == [(engine.call.serial, RecordingTold(RecordingNews.FAILED, "the disk is full"))]
    await engine.desk.part()

    found = engine.book.find(engine.call.serial)
    assert found is not None
    assert (found.status, found.detail) == (RecordingStatus.FAILED, "the disk is full")
    assert engine.log.events("warning") == ["a call cannot be recorded"]


async def test_a_store_in_trouble_is_tried_again_until_it_is_noted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twoleg.application.recording_desk._REST", 0.001)
    await engine.place()
    engine.store.break_down()
    engine.desk.began(engine.call.serial)
    for _ in range(5):
        await asyncio.sleep(0.001)
    assert engine.news == []

    engine.store.mend()
    await engine.desk.part()

    assert engine.news == [RecordingNews.STARTED]


async def test_commands_are_handed_on_once_and_in_order(engine: Engine) -> None:
    await engine.place(None)
    commands = engine.commands()
    await engine.ask(START)
    await engine.book.began(engine.call.serial, at=T0)
    for command in (PAUSE, RESUME, STOP):
        await engine.ask(command)

    commands.look()
    commands.look()

    assert [command for _, command in engine.recorded] == [START, PAUSE, RESUME, STOP]
    assert engine.news == [RecordingNews.PAUSED, RecordingNews.RESUMED, RecordingNews.STOPPED]


async def test_a_fault_at_a_command_ends_the_call_and_the_next_commands_are_handed_on(engine: Engine) -> None:
    await engine.place(None)
    commands = engine.commands()
    engine.broken = PAUSE
    await engine.ask(START)
    await engine.book.began(engine.call.serial, at=T0)
    for command in (PAUSE, STOP):
        await engine.ask(command)

    commands.look()

    assert [command for _, command in engine.recorded] == [START, STOP]
    assert engine.told[0] == (engine.call.serial, Faulted("ZeroDivisionError while handing on pause"))
    assert [type(facts["exc_info"]) for _, _, facts in engine.log.lines] == [ZeroDivisionError]


async def test_what_was_asked_of_a_dead_engines_calls_is_over_with_them(engine: Engine) -> None:
    await engine.place(None)
    await engine.ask(START)
    commands = engine.commands()

    commands.look()
    engine.living.clear()
    await engine.ask(STOP)
    commands.look()

    assert engine.recorded == []
