"""From the end of a call to its recording: what is finished, what fails and why, and what a crash leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from contract.worlds import TENANT, MemoryWorld, SqliteWorld, World, numbered
from domain.calls import T0, WAY
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from interop.tones import dominant_frequency, write_samples
from recording.synthetic import (
    AGENT_PORT,
    CUSTOMER_PORT,
    Datagram,
    channels,
    in_order,
    pcap,
    rtpproxy,
    sine,
    speech,
)
from twoleg.adapters.recording.assembly import SpoolCaptures
from twoleg.adapters.recording.captures import Spool
from twoleg.adapters.recording.folder import FolderStorage
from twoleg.application.finish_recordings import PATIENCE_MS, SILENT_MS, FinishRecordings
from twoleg.application.ports import Intent
from twoleg.application.recording import CapturedFile, CaptureKind, CaptureNote
from twoleg.application.recording_storage import StorageUnavailable
from twoleg.domain.call import Phase
from twoleg.domain.machine import step
from twoleg.domain.recording import AudioFormat, Command, Recording, RecordingStatus
from twoleg.domain.signals import HangUpRequested

pytestmark = pytest.mark.asyncio

DAY = 86_400_000
KEY = f"{TENANT}/2021/05/24/1.wav"


class Killed(BaseException):
    """The process is gone: nothing may catch it."""


class Service:
    """A recorder over a store, a spool and a folder of recordings."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.spool_folder, self.folder = folder / "spool", folder / "recordings"
        self.spool = Spool(self.spool_folder)
        self.storage = FolderStorage(self.folder)
        self.clock = DrivenClock(start_ms=T0)
        self.log = NotedLog()
        self.recorder = self.started()

    def started(self, **parts: Any) -> FinishRecordings:
        """A recorder that remembers nothing."""
        given: dict[str, Any] = {
            "book": self.world.store.recordings(),
            "captures": SpoolCaptures(self.spool),
            "storage": self.storage,
            "clock": self.clock,
            "log": self.log,
        }
        return FinishRecordings(**(given | parts))

    async def call(self, serial: int = 1, *, ended: bool = True) -> None:
        """A call that was to be recorded: both talk, and it ended two seconds after its beginning."""
        call = numbered(serial)
        await self.world.store.intake().place(Intent(call, record_as=AudioFormat.PCM))
        journal = self.world.store.journal(asyncio.get_running_loop())
        for signal in WAY[Phase.ENDED] if ended else WAY[Phase.TALKING]:
            taken = step(call, signal, T0 if call.phase < Phase.TALKING else T0 + 2000)
            call = taken.call
            journal.append(taken, lambda: None)
        await journal.drained()

    def capture(self, files: Iterable[tuple[str, bytes, CaptureKind, str | None]], serial: int = 1) -> None:
        folder = self.spool.make(serial)
        described = []
        for name, content, kind, role in files:
            (folder / name).write_bytes(content)
            ports: dict[str, Any] = {"agent_ports": (AGENT_PORT,), "customer_ports": (CUSTOMER_PORT,)}
            described.append(CapturedFile(path=name, kind=kind, role=role, **({} if role else ports)))
        note = CaptureNote(serial=serial, files=tuple(described), payload_types={101: "telephone-event"})
        (folder / "capture.json").write_bytes(note.encode())

    def capture_pcap(self, *senders: list[Datagram], serial: int = 1) -> None:
        self.capture([("call.pcap", pcap(in_order(*senders)), CaptureKind.PCAP, None)], serial)

    async def recorded_call(self) -> None:
        """A call that was recorded for two seconds, and its relay's last word."""
        await self.call()
        book = self.world.store.recordings()
        assert await book.began(1, at=T0)
        self.capture_pcap(*tones())
        await book.captured(1, at=T0 + 2000)

    def found(self, serial: int = 1) -> Recording | None:
        return self.world.store.recordings().find(serial)

    def told(self, serial: int = 1) -> list[str]:
        return [one.event.type.value for one in self.world.store.event_feed().of_call(serial, after=0, limit=99)]

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


def tones(seconds: float = 2.0, begins: float = T0) -> tuple[list[Datagram], list[Datagram]]:
    return (
        speech(sine(440, seconds), port=AGENT_PORT, begins=begins),
        speech(sine(1000, seconds), port=CUSTOMER_PORT, begins=begins, ssrc=0xB0B),
    )


@pytest.fixture(params=["sqlite", "memory"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Service]:
    world: World = SqliteWorld(tmp_path / "twoleg.db") if request.param == "sqlite" else MemoryWorld()
    world.add_tenant(TENANT)
    yield Service(world, tmp_path)
    world.close()


async def test_a_call_that_was_captured_becomes_a_recording(service: Service, tmp_path: Path) -> None:
    await service.recorded_call()

    assert await service.recorder.look() == 1

    found = service.found()
    assert found is not None
    assert (found.status, found.key, found.duration_ms, found.began_at) == (RecordingStatus.READY, KEY, 2000, T0)
    left, right = channels(service.folder / KEY)
    heard = []
    for side in (left, right):
        write_samples(tmp_path / "mono.wav", side)
        heard.append(dominant_frequency(tmp_path / "mono.wav"))
    assert heard == [440, 1000]
    assert service.told()[-2:] == ["call.ended", "recording.ready"]
    assert service.spool.serials() == []
    assert ("info", "recording ready") in [line[:2] for line in service.log.lines]
    assert await service.recorder.look() == 0


async def test_the_files_of_the_embedded_relay_make_the_same_recording(service: Service) -> None:
    await service.recorded_call()
    await service.recorder.look()
    by_pcap = (service.folder / KEY).read_bytes()
    agent, customer = tones()
    await service.call(2)
    await service.world.store.recordings().began(2, at=T0)
    service.capture(
        [
            ("agent-1.rtp", rtpproxy(agent), CaptureKind.RTPPROXY, "agent"),
            ("customer-1.rtp", rtpproxy(customer), CaptureKind.RTPPROXY, "customer"),
        ],
        serial=2,
    )
    service.clock.advance(60)

    assert await service.recorder.look() == 1

    found = service.found(2)
    assert found is not None
    assert found.key is not None
    assert (service.folder / found.key).read_bytes() == by_pcap


async def test_a_dead_engines_recording_is_what_was_heard_until_then(service: Service) -> None:
    """Nobody said a last word, and the last packet is half written."""
    await service.call()
    agent, customer = tones()
    whole = pcap(in_order(agent, customer))
    service.capture([("call.pcap", whole[: len(whole) // 2 + 7], CaptureKind.PCAP, None)])
    assert await service.recorder.look() == 0

    service.clock.advance((2000 + SILENT_MS) / 1000)
    assert await service.recorder.look() == 1

    found = service.found()
    assert found is not None
    assert found.status is RecordingStatus.READY
    assert found.duration_ms is not None
    assert 900 <= found.duration_ms <= 1100
    assert found.began_at == T0


async def test_what_was_asked_not_to_be_heard_is_silent_though_it_was_captured(service: Service) -> None:
    await service.call(ended=False)
    book = service.world.store.recordings()
    await book.began(1, at=T0)
    for command, at in ((Command.PAUSE, T0 + 500), (Command.RESUME, T0 + 1500)):
        assert isinstance(await book.ask(1, TENANT, command, audio_format=AudioFormat.PCM, at=at), Recording)
    service.capture_pcap(*tones())
    await finish_call(service)

    await service.recorder.look()

    for side in channels(service.folder / KEY):
        assert not any(side[500 * 8 : 1500 * 8])
        assert any(side[: 480 * 8])
        assert any(side[1540 * 8 :])


async def finish_call(service: Service, serial: int = 1) -> None:
    call = service.world.store.reader().call(serial)
    assert call is not None
    journal = service.world.store.journal(asyncio.get_running_loop())
    journal.append(step(call, WAY[Phase.ENDED][-1], T0 + 2000), lambda: None)
    await journal.drained()
    await service.world.store.recordings().captured(serial, at=T0 + 2000)


async def test_a_call_in_which_nobody_talked_leaves_no_recording(service: Service) -> None:
    call = numbered(1)
    await service.world.store.intake().place(Intent(call, record_as=AudioFormat.PCM))
    journal = service.world.store.journal(asyncio.get_running_loop())
    journal.append(step(call, HangUpRequested(), T0), lambda: None)
    await journal.drained()
    service.clock.advance(60)

    assert await service.recorder.look() == 1

    assert service.found() is None
    assert service.told()[-1] == "call.ended"


async def test_a_call_whose_media_cannot_be_recorded_says_so(service: Service) -> None:
    await service.call()
    service.clock.advance(60)

    await service.recorder.look()

    found = service.found()
    assert found is not None
    assert (found.status, found.detail) == (
        RecordingStatus.FAILED,
        "the media of the call went by no relay that can record",
    )
    assert service.told()[-1] == "recording.failed"


async def test_captures_without_audio_are_no_recording(service: Service) -> None:
    await service.call()
    service.capture_pcap([])
    service.clock.advance(60)

    await service.recorder.look()

    found = service.found()
    assert found is not None
    assert (found.status, found.detail) == (RecordingStatus.FAILED, "not one packet of audio was captured")
    assert service.files() == []


async def test_a_voice_in_a_codec_that_cannot_be_decoded_fails_the_recording(service: Service) -> None:
    await service.call()
    agent, _ = tones()
    service.capture_pcap(agent, speech(sine(1000, 2), port=CUSTOMER_PORT, payload_type=9))
    service.clock.advance(60)

    await service.recorder.look()

    found = service.found()
    assert found is not None
    assert found.status is RecordingStatus.FAILED
    assert found.detail is not None
    assert "payload type 9" in found.detail
    assert service.spool.serials() == [1]  # somebody may still make something of it


@pytest.mark.parametrize("spoilt", ["file", "note"])
async def test_captures_that_cannot_be_read_fail_with_a_reason(service: Service, spoilt: str) -> None:
    await service.call()
    service.capture_pcap(*tones())
    name = "call.pcap" if spoilt == "file" else "capture.json"
    (service.spool.folder_of(1) / name).write_bytes(b"garbage, and more of it than a head of either kind would take")
    service.clock.advance(60)

    await service.recorder.look()

    found = service.found()
    assert found is not None
    assert found.status is RecordingStatus.FAILED
    assert found.detail is not None
    assert "cannot be read" in found.detail


async def test_one_silent_side_is_remarked(service: Service) -> None:
    await service.call()
    agent, _ = tones()
    service.capture_pcap(agent)
    service.clock.advance(60)

    await service.recorder.look()

    found = service.found()
    assert found is not None
    assert (found.status, found.detail) == (RecordingStatus.READY, "nothing was heard of the customer")


async def test_what_failed_while_the_call_lived_is_told_after_its_end(service: Service) -> None:
    await service.call()
    await service.world.store.recordings().failed(1, "the disk is full", at=T0 + 5, is_over=False)

    assert await service.recorder.look() == 1

    assert service.told()[-1] == "recording.failed"
    assert await service.recorder.look() == 0


# ---------------------------------------------------------------------------- trouble and crashes


class Full(FolderStorage):
    is_full = True

    def put(self, key: str, write: Any) -> Any:
        if self.is_full:
            raise StorageUnavailable("recordings cannot be written: No space left on device")
        return super().put(key, write)


async def test_a_full_storage_is_waited_for_and_said_once(service: Service) -> None:
    await service.recorded_call()
    storage = Full(service.folder)
    recorder = service.started(storage=storage)

    assert [await recorder.look() for _ in range(3)] == [0, 0, 0]
    assert service.log.events("warning") == ["a recording waits for the storage"]
    storage.is_full = False

    assert await recorder.look() == 1
    found = service.found()
    assert found is not None
    assert found.status is RecordingStatus.READY


async def test_a_storage_that_stays_full_for_a_day_costs_the_recording_and_no_other(service: Service) -> None:
    await service.recorded_call()
    recorder = service.started(storage=Full(service.folder))
    await recorder.look()

    service.clock.advance((2000 + PATIENCE_MS) / 1000)
    assert await recorder.look() == 1

    found = service.found()
    assert found is not None
    assert found.status is RecordingStatus.FAILED
    assert service.told()[-1] == "recording.failed"


POINTS = ["assemble", "put", "stored", "ready", "remove"]


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_any_point_the_next_recorder_ends_with_the_same_recording(
    service: Service, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.recorded_call()
    with monkeypatch.context() as patched:
        _kill_at(service, point, patched)
        with pytest.raises(Killed):
            await service.started().look()

    found = service.found()
    assert found is not None
    if found.status is RecordingStatus.READY:
        assert (service.folder / KEY).stat().st_size == found.bytes
    recorder = service.started()
    await recorder.tidy()
    await recorder.look()

    found = service.found()
    assert found is not None
    assert (found.status, found.duration_ms) == (RecordingStatus.READY, 2000)
    assert service.told().count("recording.ready") == 1
    assert service.files() == [service.folder / KEY]
    assert service.spool.serials() == []


def _kill_at(service: Service, point: str, patched: pytest.MonkeyPatch) -> None:
    def die(*_given: object, **_named: object) -> None:
        raise Killed

    match point:
        case "assemble":
            patched.setattr("twoleg.adapters.recording.render.Renderer.close", die)
        case "put":
            patched.setattr("twoleg.adapters.recording.folder.write_whole", die)
        case "stored":
            put = FolderStorage.put

            def put_and_die(*given: Any) -> None:
                put(*given)
                raise Killed

            patched.setattr(FolderStorage, "put", put_and_die)
        case "ready":
            patched.setattr(type(service.recorder.book), "ready", die)
        case _:
            patched.setattr(SpoolCaptures, "remove", die)


# ---------------------------------------------------------------------------- retention


async def test_an_outlived_recording_is_deleted_and_a_record_of_it_stays(service: Service) -> None:
    await service.recorded_call()
    await service.recorder.look()
    sha256 = (before := service.found()) and before.sha256
    service.clock.advance(89 * DAY / 1000)
    assert await service.recorder.purge() == 0

    service.clock.advance(2 * DAY / 1000)
    assert await service.recorder.purge() == 1

    found = service.found()
    assert found is not None
    assert (found.status, found.sha256, found.detail) == (
        RecordingStatus.PURGED,
        sha256,
        "its tenant's time for recordings is over",
    )
    assert service.files() == []
    assert service.told()[-1] == "recording.purged"
    assert "recording purged" in service.log.events("info")
    assert await service.recorder.purge() == 0


async def test_a_purge_that_was_cut_off_is_done_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await service.recorded_call()
    await service.recorder.look()
    service.clock.advance(91 * DAY / 1000)
    with monkeypatch.context() as patched:

        def die(*_given: object, **_named: object) -> None:
            raise Killed

        patched.setattr(type(service.recorder.book), "purged", die)
        with pytest.raises(Killed):
            await service.recorder.purge()

    assert await service.started().purge() == 1

    found = service.found()
    assert found is not None
    assert found.status is RecordingStatus.PURGED


async def test_the_captures_of_a_failed_recording_go_when_its_time_is_over(service: Service) -> None:
    await service.call()
    service.capture_pcap([])
    service.clock.advance(60)
    await service.recorder.look()
    assert service.spool.serials() == [1]

    service.clock.advance(91 * DAY / 1000)
    assert await service.recorder.purge() == 1

    assert service.spool.serials() == []


async def test_captures_of_nobodys_call_are_left_alone_and_said(service: Service) -> None:
    service.capture_pcap(*tones(), serial=99)

    await service.recorder.tidy()

    assert service.spool.serials() == [99]
    assert len(service.log.events("warning")) == 1
