"""The book of recordings in memory (tests/contract runs over it as over the real one)."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from twoleg.application.errors import NotFound
from twoleg.application.recording_book import Asked, Outlived, Unfinished
from twoleg.application.recording_storage import Stored, Version
from twoleg.domain.call import Phase
from twoleg.domain.events import Event, EventType
from twoleg.domain.recording import (
    Audio,
    AudioFormat,
    Command,
    CommandRefused,
    Mark,
    Recording,
    RecordingStatus,
    after,
    pieces,
    purge_due_at,
)
from twoleg.domain.values import replace as changed

if TYPE_CHECKING:
    from fakes.store import Kept

MARKS = {Command.PAUSE: Mark.PAUSED, Command.RESUME: Mark.RESUMED, Command.STOP: Mark.STOPPED}


@dataclass(slots=True)
class Entry:
    recording: Recording
    marks: list[tuple[Mark, int]] = field(default_factory=list)
    is_captured: bool = False
    is_over: bool = False

    @property
    def shown(self) -> Recording:
        return replace(self.recording, pieces=pieces(self.marks))


@dataclass(slots=True)
class Shelf:
    """What is durable."""

    entries: dict[int, Entry] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def want(self, serial: int, tenant_id: str, audio_format: AudioFormat, at: int) -> None:
        self.entries[serial] = Entry(
            Recording(
                serial=serial,
                tenant_id=tenant_id,
                status=RecordingStatus.WANTED,
                audio_format=audio_format,
                wanted_at=at,
            )
        )


class MemoryRecordingBook:
    """The `RecordingBook`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._shelf = kept.recordings

    def find(self, serial: int) -> Recording | None:
        entry = self._shelf.entries.get(serial)
        return None if entry is None else entry.shown

    def listed(self, tenant_id: str, *, before: int | None = None, limit: int) -> Sequence[Recording]:
        found = [
            entry.shown
            for serial, entry in sorted(self._shelf.entries.items(), reverse=True)
            if entry.recording.tenant_id == tenant_id and (before is None or serial < before)
        ]
        return found[:limit]

    def is_empty(self) -> bool:
        return not self._shelf.entries

    def is_wanted(self, serial: int) -> bool:
        entry = self._shelf.entries.get(serial)
        return entry is not None and entry.recording.status is RecordingStatus.WANTED

    def newest_position(self) -> int:
        return len(self._shelf.asked)

    def asked_after(self, position: int) -> Sequence[Asked]:
        return self._shelf.asked[position:]

    def unfinished(self, *, silent_since: int, limit: int) -> Sequence[Unfinished]:
        found = []
        for serial, entry in sorted(self._shelf.entries.items()):
            call = self._kept.calls.get(serial)
            if entry.is_over or call is None or call.ended_at is None:
                continue
            status = entry.recording.status
            if entry.is_captured or status is RecordingStatus.FAILED or call.ended_at <= silent_since:
                found.append(
                    Unfinished(
                        serial=serial,
                        tenant_id=call.tenant_id,
                        status=status,
                        audio_format=entry.recording.audio_format,
                        talking_at=call.talking_at,
                        call_ended_at=call.ended_at,
                        pieces=entry.shown.pieces,
                        detail=entry.recording.detail,
                    )
                )
        return found[:limit]

    def outlived(self, *, now: int, limit: int) -> Sequence[Outlived]:
        found = [
            (entry.recording.ended_at, Outlived(serial, entry.recording.tenant_id, entry.recording.key))
            for serial, entry in self._shelf.entries.items()
            if entry.is_over
            and entry.recording.ended_at is not None
            and entry.recording.status in (RecordingStatus.READY, RecordingStatus.FAILED)
            and purge_due_at(ended_at=entry.recording.ended_at, days=self._days(entry)) <= now
        ]
        return [outlived for _, outlived in sorted(found, key=lambda one: one[0])][:limit]

    async def ask(
        self, serial: int, tenant_id: str, command: Command, *, audio_format: AudioFormat, at: int
    ) -> Recording | CommandRefused:
        await self._write()
        call = self._kept.calls.get(serial)
        if call is None or call.tenant_id != tenant_id:
            raise NotFound(f"no call {serial}")
        if call.phase is Phase.ENDED:
            return CommandRefused("the call has ended")
        entry = self._shelf.entries.get(serial)
        status = None if entry is None else entry.recording.status
        reached = after(status, command)
        if isinstance(reached, CommandRefused):
            return reached
        if entry is None:
            self._shelf.want(serial, tenant_id, audio_format, at)
            entry = self._shelf.entries[serial]
        entry.recording = replace(entry.recording, status=reached)
        entry.is_captured = False
        if reached is not status:
            self._shelf.asked.append(Asked(len(self._shelf.asked) + 1, serial, command, at))
            if command in MARKS:
                entry.marks.append((MARKS[command], at))
        return entry.shown

    async def began(self, serial: int, *, at: int) -> bool:
        await self._write()
        if not self.is_wanted(serial):
            return False
        entry = self._shelf.entries[serial]
        began_at = entry.recording.began_at or at
        entry.recording = replace(entry.recording, status=RecordingStatus.RECORDING, began_at=began_at)
        entry.marks.append((Mark.BEGAN, at))
        return True

    async def captured(self, serial: int, *, at: int) -> None:
        await self._write()
        entry = self._open(serial)
        if entry is not None:
            entry.is_captured = True

    async def failed(self, serial: int, why: str, *, at: int, is_over: bool = True) -> None:
        await self._write()
        entry = self._open(serial)
        if entry is None:
            return
        entry.recording = replace(entry.recording, status=RecordingStatus.FAILED, ended_at=at, detail=why)
        entry.is_over = is_over
        if is_over:
            self._tell(serial, EventType.RECORDING_FAILED, at, why)

    async def ready(self, serial: int, audio: Audio, *, key: str, at: int, detail: str | None = None) -> None:
        await self._write()
        entry = self._open(serial)
        if entry is None:
            return
        entry.is_over = True
        entry.recording = replace(
            entry.recording,
            status=RecordingStatus.READY,
            began_at=audio.began_at,
            ended_at=at,
            duration_ms=audio.duration_ms,
            bytes=audio.bytes,
            sha256=audio.sha256,
            key=key,
            detail=detail,
        )
        self._tell(serial, EventType.RECORDING_READY, at, detail)

    async def drop(self, serial: int) -> None:
        await self._write()
        if self._open(serial) is not None:
            del self._shelf.entries[serial]

    async def purged(self, serial: int, why: str, *, at: int) -> None:
        await self._write()
        entry = self._shelf.entries.get(serial)
        kept = (RecordingStatus.READY, RecordingStatus.FAILED)
        if entry is None or not entry.is_over or entry.recording.status not in kept:
            return
        entry.recording = replace(entry.recording, status=RecordingStatus.PURGED, purged_at=at, detail=why)
        self._tell(serial, EventType.RECORDING_PURGED, at, why)

    async def _write(self) -> None:
        await asyncio.sleep(0)
        self._kept.check()

    def _open(self, serial: int) -> Entry | None:
        entry = self._shelf.entries.get(serial)
        return None if entry is None or entry.is_over else entry

    def _days(self, entry: Entry) -> int:
        return self._kept.tenants[entry.recording.tenant_id].recording_days

    def _tell(self, serial: int, type_: EventType, at: int, detail: str | None) -> None:
        call = self._kept.calls.get(serial)
        told = {event.type for event in self._kept.events if event.serial == serial}
        if call is None or call.phase is not Phase.ENDED or type_ in told:
            return
        seq = max(event.seq for event in self._kept.events if event.serial == serial) + 1
        self._kept.tell(Event(serial=serial, seq=seq, at=at, type=type_, detail=detail))
        self._kept.calls[serial] = changed(call, seq=seq)


class MemoryStorage:
    """The `RecordingStorage`. Set `trouble`, and all of it raises that."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.trouble: Exception | None = None
        self.longest_piece = 1 << 16
        self._versions = 0

    def put(self, key: str, write: Callable[[BinaryIO], None]) -> Stored:
        self._check()
        file = io.BytesIO()
        write(file)
        self.files[key] = file.getvalue()
        return Stored(len(self.files[key]), hashlib.sha256(self.files[key]).hexdigest())

    def version(self, key: str) -> Version | None:
        self._check()
        content = self.files.get(key)
        return None if content is None else Version(len(content), str(hash(content)))

    def read(self, key: str, begin: int, end: int) -> Iterator[bytes]:
        while begin < end:
            self._check()
            upto = min(end, begin + self.longest_piece)
            yield self.files[key][begin:upto]
            begin = upto

    def delete(self, key: str) -> None:
        self._check()
        self.files.pop(key, None)

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble
