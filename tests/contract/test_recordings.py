"""RecordingBook: what is asked of recordings, what becomes of them, and that nobody is told twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from contract.worlds import TENANT, World, numbered
from domain.calls import T0, WAY, told
from twoleg.application.errors import NotFound, StoreUnavailable
from twoleg.application.ports import Intent
from twoleg.application.recording_book import RecordingBook, Unfinished
from twoleg.domain.call import Call, Phase, Role
from twoleg.domain.machine import step
from twoleg.domain.recording import (
    Audio,
    AudioFormat,
    Command,
    CommandRefused,
    Piece,
    Recording,
    RecordingPolicy,
    RecordingStatus,
)
from twoleg.domain.signals import LegHungUp, LegReleased
from twoleg.domain.tenant import Profile, Tenant
from twoleg.domain.values import replace as changed

pytestmark = pytest.mark.asyncio

AUDIO = Audio(bytes=1000, sha256="ab" * 32, duration_ms=500, began_at=T0 + 10)
DAY = 86_400_000
START, PAUSE, RESUME, STOP = Command


async def placed(world: World, serial: int, *, record_as: AudioFormat | None = None) -> Call:
    call = numbered(serial)
    await world.store.intake().place(Intent(call, record_as=record_as))
    return call


async def led(world: World, call: Call, phase: Phase) -> Call:
    """The call in that phase, by the engine's journal."""
    journal = world.store.journal(asyncio.get_running_loop())
    for signal in WAY[phase]:
        taken = step(call, signal, T0)
        call = taken.call
        journal.append(taken, lambda: None)
    await journal.drained()
    return call


async def ask(book: RecordingBook, serial: int, command: Command, *, at: int = T0) -> Recording | CommandRefused:
    return await book.ask(serial, TENANT, command, audio_format=AudioFormat.PCM, at=at)


async def ended_with_recording(world: World, serial: int = 1) -> RecordingBook:
    call = await placed(world, serial, record_as=AudioFormat.ALAW)
    book = world.store.recordings()
    await led(world, call, Phase.TALKING)
    assert await book.began(serial, at=T0 + 5)
    await led(world, told(call, *WAY[Phase.TALKING]), Phase.QUEUED)
    await hang_up(world, serial)
    return book


async def hang_up(world: World, serial: int) -> None:
    call = world.store.reader().call(serial)
    assert call is not None
    journal = world.store.journal(asyncio.get_running_loop())
    journal.append(step(call, LegHungUp(Role.CUSTOMER), T0 + 100), lambda: None)
    await journal.drained()


def events(world: World, serial: int = 1) -> list[tuple[int, str]]:
    found = world.store.event_feed().of_call(serial, after=0, limit=100)
    return [(one.event.seq, one.event.type.value) for one in found]


# ---------------------------------------------------------------------------- asking


async def test_a_call_placed_to_be_recorded_is_wanted(world: World) -> None:
    await placed(world, 1, record_as=AudioFormat.ALAW)
    await placed(world, 2)
    world.reopen()
    book = world.store.recordings()

    assert [book.is_wanted(serial) for serial in (1, 2)] == [True, False]
    assert not book.is_empty()
    assert book.find(1) == Recording(
        serial=1,
        tenant_id=TENANT,
        status=RecordingStatus.WANTED,
        audio_format=AudioFormat.ALAW,
        wanted_at=T0,
    )
    assert book.find(2) is None


async def test_commands_move_a_recording_and_are_handed_on_in_order(world: World) -> None:
    await placed(world, 1)
    book = world.store.recordings()
    assert book.newest_position() == 0

    started = await ask(book, 1, START, at=T0 + 1)
    await book.began(1, at=T0 + 10)
    paused = await ask(book, 1, PAUSE, at=T0 + 20)
    await ask(book, 1, PAUSE, at=T0 + 21)
    await ask(book, 1, RESUME, at=T0 + 30)
    stopped = await ask(book, 1, STOP, at=T0 + 40)

    assert isinstance(started, Recording)
    assert isinstance(paused, Recording)
    assert isinstance(stopped, Recording)
    assert [each.status.value for each in (started, paused, stopped)] == ["wanted", "paused", "stopped"]
    assert stopped.pieces == (Piece(T0 + 10, T0 + 20), Piece(T0 + 30, T0 + 40))
    assert [(asked.serial, asked.command, asked.at) for asked in book.asked_after(0)] == [
        (1, START, T0 + 1),
        (1, PAUSE, T0 + 20),
        (1, RESUME, T0 + 30),
        (1, STOP, T0 + 40),
    ]
    assert book.asked_after(book.newest_position()) == []


async def test_what_makes_no_sense_is_refused_and_nothing_changes(world: World) -> None:
    await placed(world, 1)
    book = world.store.recordings()

    assert isinstance(await ask(book, 1, PAUSE), CommandRefused)
    assert book.find(1) is None
    assert book.is_empty()


async def test_a_call_of_another_tenant_is_no_call(world: World) -> None:
    await placed(world, 1)
    book = world.store.recordings()

    for serial, tenant_id in ((1, "t2"), (99, TENANT)):
        with pytest.raises(NotFound):
            await book.ask(serial, tenant_id, START, audio_format=AudioFormat.PCM, at=T0)
    assert book.find(1) is None


async def test_nothing_can_be_asked_of_a_call_that_has_ended(world: World) -> None:
    await led(world, await placed(world, 1), Phase.ENDED)

    assert await ask(world.store.recordings(), 1, START) == CommandRefused("the call has ended")


async def test_a_relay_that_begins_after_the_stop_has_begun_nothing(world: World) -> None:
    await placed(world, 1, record_as=AudioFormat.PCM)
    book = world.store.recordings()
    await ask(book, 1, STOP)

    assert not await book.began(1, at=T0 + 9)
    found = book.find(1)
    assert found is not None
    assert (found.status, found.pieces) == (RecordingStatus.STOPPED, ())


# ---------------------------------------------------------------------------- finishing


async def test_a_recording_is_unfinished_once_its_call_has_ended_and_its_relay_is_done(world: World) -> None:
    await placed(world, 7, record_as=AudioFormat.PCM)
    book = await ended_with_recording(world)
    assert book.unfinished(silent_since=T0, limit=9) == []

    await book.captured(1, at=T0 + 101)

    (found,) = book.unfinished(silent_since=T0, limit=9)
    assert found == Unfinished(
        serial=1,
        tenant_id=TENANT,
        status=RecordingStatus.RECORDING,
        audio_format=AudioFormat.ALAW,
        talking_at=T0,
        call_ended_at=T0 + 100,
        pieces=(Piece(T0 + 5, None),),
    )


async def test_a_relay_that_never_says_its_last_word_holds_nothing_up_for_ever(world: World) -> None:
    book = await ended_with_recording(world)

    assert book.unfinished(silent_since=T0 + 99, limit=9) == []
    assert [one.serial for one in book.unfinished(silent_since=T0 + 100, limit=9)] == [1]


async def test_a_ready_recording_is_told_once_after_the_calls_end(world: World) -> None:
    book = await ended_with_recording(world)
    for _ in range(2):
        await book.ready(1, AUDIO, key="t1/1.wav", at=T0 + 200)
        await book.failed(1, "too late to fail", at=T0 + 300)
    world.reopen()

    found = world.store.recordings().find(1)
    assert found is not None
    assert (found.status, found.bytes, found.sha256, found.key) == (
        RecordingStatus.READY,
        AUDIO.bytes,
        AUDIO.sha256,
        "t1/1.wav",
    )
    assert (found.began_at, found.duration_ms, found.ended_at) == (AUDIO.began_at, AUDIO.duration_ms, T0 + 200)
    told_of = events(world)
    assert [seq for seq, _ in told_of] == list(range(1, len(told_of) + 1))
    assert [name for _, name in told_of][-2:] == ["call.ended", "recording.ready"]
    call = world.store.reader().call(1)
    assert call is not None
    assert call.seq == len(told_of)


async def test_what_the_engine_still_notes_of_an_ended_call_loses_no_event_of_the_recorder(world: World) -> None:
    book = await ended_with_recording(world)
    ended = world.store.reader().call(1)
    assert ended is not None
    await book.ready(1, AUDIO, key="k", at=T0 + 200)
    journal = world.store.journal(asyncio.get_running_loop())

    last_word = step(ended, LegReleased(Role.AGENT), T0 + 250)
    journal.append(changed(last_word, changed=True), lambda: None)
    await journal.drained()
    await book.purged(1, "its time was over", at=T0 + 300)

    assert [name for _, name in events(world)][-2:] == ["recording.ready", "recording.purged"]
    assert [seq for seq, _ in events(world)] == list(range(1, len(events(world)) + 1))


async def test_a_failure_while_the_call_lives_is_told_after_its_end(world: World) -> None:
    call = await placed(world, 1, record_as=AudioFormat.PCM)
    book = world.store.recordings()
    await led(world, call, Phase.TALKING)
    await book.failed(1, "the disk is full", at=T0 + 50, is_over=False)
    assert [name for _, name in events(world)][-1] != "recording.failed"
    await hang_up(world, 1)

    (found,) = book.unfinished(silent_since=0, limit=9)
    assert (found.status, found.detail) == (RecordingStatus.FAILED, "the disk is full")
    await book.failed(1, "the disk is full", at=T0 + 300)

    assert book.unfinished(silent_since=T0 + DAY, limit=9) == []
    assert [name for _, name in events(world)][-2:] == ["call.ended", "recording.failed"]


async def test_a_recording_that_never_was_leaves_nothing(world: World) -> None:
    call = await placed(world, 1, record_as=AudioFormat.PCM)
    await led(world, call, Phase.ENDED)
    book = world.store.recordings()

    await book.drop(1)

    assert book.find(1) is None
    assert [name for _, name in events(world)][-1] == "call.ended"


# ---------------------------------------------------------------------------- keeping


async def test_a_recording_is_outlived_after_its_tenants_days_and_leaves_a_record(world: World) -> None:
    days = 3
    kept = Tenant(
        "t9",
        name="t9",
        profile=Profile.AICC,
        access_codes=("640003",),
        recording=RecordingPolicy.ALWAYS,
        recording_days=days,
        recording_format=AudioFormat.ALAW,
    )
    world.store.registry().add_tenant(kept, at=T0)
    assert world.store.directory().tenant("t9") == kept
    book = await ended_with_recording(world)
    await placed_for(world, 2, "t9")
    for serial in (1, 2):
        await book.ready(serial, replace(AUDIO), key=f"k{serial}", at=T0)

    assert book.outlived(now=T0 + days * DAY - 1, limit=9) == []
    (gone,) = book.outlived(now=T0 + days * DAY, limit=9)
    assert (gone.serial, gone.tenant_id, gone.key) == (2, "t9", "k2")
    for _ in range(2):
        await book.purged(2, "its time was over", at=T0 + days * DAY)

    found = book.find(2)
    assert found is not None
    assert (found.status, found.purged_at, found.sha256) == (RecordingStatus.PURGED, T0 + days * DAY, AUDIO.sha256)
    assert book.outlived(now=T0 + days * DAY, limit=9) == []
    assert [name for _, name in events(world, 2)][-2:] == ["recording.ready", "recording.purged"]


async def placed_for(world: World, serial: int, tenant_id: str) -> None:
    call = numbered(serial, tenant_id=tenant_id)
    await world.store.intake().place(Intent(call, record_as=AudioFormat.ALAW))
    await led(world, call, Phase.ENDED)


async def test_a_recording_outlives_its_call(world: World) -> None:
    book = await ended_with_recording(world)
    await book.ready(1, AUDIO, key="k", at=T0 + 200)

    assert world.store.purge(T0 + 91 * DAY) == 1
    assert world.store.reader().call(1) is None
    await book.purged(1, "its time was over", at=T0 + 92 * DAY)

    found = book.find(1)
    assert found is not None
    assert found.status is RecordingStatus.PURGED


async def test_a_tenants_recordings_are_listed_newest_first_and_no_others(world: World) -> None:
    for serial in (1, 2, 3):
        await placed(world, serial, record_as=AudioFormat.PCM)
    await world.store.intake().place(Intent(numbered(4, tenant_id="t2"), record_as=AudioFormat.PCM))
    book = world.store.recordings()

    assert [one.serial for one in book.listed(TENANT, limit=2)] == [3, 2]
    assert [one.serial for one in book.listed(TENANT, before=2, limit=9)] == [1]
    assert [one.serial for one in book.listed("t2", limit=9)] == [4]


async def test_in_trouble_nothing_is_changed_and_nothing_promised(world: World) -> None:
    await placed(world, 1, record_as=AudioFormat.PCM)
    book = world.store.recordings()

    with world.trouble():
        with pytest.raises(StoreUnavailable):
            await ask(book, 1, STOP)
        with pytest.raises(StoreUnavailable):
            await book.began(1, at=T0)

    assert book.is_wanted(1)
    assert book.asked_after(0) == []
