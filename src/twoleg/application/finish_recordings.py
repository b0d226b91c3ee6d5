"""Use case: after a call's end, what its relay captured becomes a recording; when its time is over, it is deleted.

Everything here may be cut off at any place and done again: the file appears whole or not at all, the book is changed
after it, and the captures go last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final, Protocol

from twoleg.application.errors import ApplicationError
from twoleg.application.ports import Clock
from twoleg.application.recording_book import RecordingBook, Unfinished
from twoleg.application.recording_storage import RecordingStorage, StorageUnavailable
from twoleg.domain.call import Role
from twoleg.domain.recording import Audio, AudioFormat, Piece, RecordingStatus, storage_key

SILENT_MS: Final = 15_000
"""How long a relay may take for its last word after its call has ended."""
TAIL_MS: Final = 2_000
"""What the clocks of relay and engine may be apart at the end of a call."""
PATIENCE_MS: Final = 86_400_000
"""How long a storage in trouble is tried again before the recording is given up."""
_AT_ONCE: Final = 20


class CaptureUnusable(ApplicationError):
    """What was captured is no recording of what was said; the message says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be assembled."""

    serial: int
    pieces: Sequence[Piece]
    """At least one; the file begins with the first."""
    audio_format: AudioFormat


@dataclass(frozen=True, slots=True)
class Assembled:
    """What was assembled."""

    duration_ms: int
    silent: tuple[Role, ...]
    """Phones of which nothing was heard."""
    is_cut: bool
    """The file could hold no more."""


class Captures(Protocol):
    """What relays left behind. Everything blocks."""

    def is_there(self, serial: int) -> bool:
        """Whether anything of that call was captured."""

    def assemble(self, order: Order, file: BinaryIO) -> Assembled:
        """Write the recording into a new, empty file. Raises `CaptureUnusable`, `OSError`."""

    def remove(self, serial: int) -> None:
        """Delete what is left of the call; harmless when there is nothing. Never raises."""

    def serials(self) -> list[int]:
        """The calls of which something is left."""


class RecorderLog(Protocol):
    """structlog's way of calling."""

    def info(self, event: str, /, **facts: Any) -> Any:
        """A recording is ready, or was purged."""

    def warning(self, event: str, /, **facts: Any) -> Any:
        """A recording failed, or has to wait."""


@dataclass(slots=True, kw_only=True)
class FinishRecordings:
    """Run `look` again and again; one at a time."""

    book: RecordingBook
    captures: Captures
    storage: RecordingStorage
    clock: Clock
    log: RecorderLog
    _waiting: set[int] = field(default_factory=set)
    """Told in the log already that they wait for the storage."""

    @property
    def is_waiting(self) -> bool:
        """Whether a storage in trouble holds recordings up."""
        return bool(self._waiting)

    async def look(self) -> int:
        """Finish what is to be finished; answers how many recordings are done with. Raises `StoreUnavailable`."""
        now = self.clock.now_ms()
        due = self.book.unfinished(silent_since=now - SILENT_MS, limit=_AT_ONCE + len(self._waiting))
        done = 0
        for one in due:
            done += await self._finish(one)
        return done

    async def purge(self) -> int:
        """Delete what has outlived its tenant's time for it; answers how many. Raises `StoreUnavailable`."""
        now = self.clock.now_ms()
        gone = 0
        for one in self.book.outlived(now=now, limit=_AT_ONCE):
            try:
                if one.key is not None:
                    await asyncio.to_thread(self.storage.delete, one.key)
            except StorageUnavailable as trouble:
                self.log.warning("cannot purge a recording now", call=one.serial, why=str(trouble))
                continue
            await asyncio.to_thread(self.captures.remove, one.serial)
            await self.book.purged(one.serial, "its tenant's time for recordings is over", at=now)
            self.log.info("recording purged", call=one.serial, tenant=one.tenant_id)
            gone += 1
        return gone

    async def tidy(self) -> None:
        """Remove captures that a process left behind which died after all was done. Raises `StoreUnavailable`."""
        for serial in await asyncio.to_thread(self.captures.serials):
            found = self.book.find(serial)
            if found is None:
                self.log.warning("captures of a call that has no recording; left alone", call=serial)
            elif found.status in (RecordingStatus.READY, RecordingStatus.PURGED):
                await asyncio.to_thread(self.captures.remove, serial)

    async def _finish(self, one: Unfinished) -> bool:
        if one.status is RecordingStatus.FAILED:
            return await self._fail(one, one.detail or "the relay could not record")
        pieces = await self._pieces(one)
        if pieces is None:
            await self.book.drop(one.serial)
            await asyncio.to_thread(self.captures.remove, one.serial)
            return True
        if not pieces:
            return await self._fail(one, "the media of the call went by no relay that can record")
        return await self._assemble(one, pieces)

    async def _pieces(self, one: Unfinished) -> Sequence[Piece] | None:
        """What may be heard; none: it should have been recorded and was not. None: nothing was to be recorded."""
        if one.pieces:
            return [_closed(piece, one.call_ended_at) for piece in one.pieces]
        if one.talking_at is None or one.status is RecordingStatus.STOPPED:
            return None
        if await asyncio.to_thread(self.captures.is_there, one.serial):
            # The engine died between the relay's beginning and the note of it.
            return [_closed(Piece(one.talking_at, None), one.call_ended_at)]
        return ()

    async def _assemble(self, one: Unfinished, pieces: Sequence[Piece]) -> bool:
        order = Order(one.serial, pieces, one.audio_format)
        key = storage_key(tenant_id=one.tenant_id, serial=one.serial, call_ended_at=one.call_ended_at)
        try:
            audio, detail = await asyncio.to_thread(self._store, order, key)
        except CaptureUnusable as fault:
            return await self._fail(one, str(fault))
        except (StorageUnavailable, OSError) as trouble:
            return await self._wait(one, str(trouble))
        await self.book.ready(one.serial, audio, key=key, at=self.clock.now_ms(), detail=detail)
        await asyncio.to_thread(self.captures.remove, one.serial)
        self._waiting.discard(one.serial)
        self.log.info("recording ready", call=one.serial, tenant=one.tenant_id, seconds=audio.duration_ms / 1000)
        return True

    def _store(self, order: Order, key: str) -> tuple[Audio, str | None]:
        made: list[Assembled] = []
        stored = self.storage.put(key, _noting(lambda file: self.captures.assemble(order, file), made))
        audio = Audio(
            bytes=stored.bytes,
            sha256=stored.sha256,
            duration_ms=made[-1].duration_ms,
            began_at=order.pieces[0].begins,
        )
        return audio, _remarks(made[-1])

    async def _fail(self, one: Unfinished, why: str) -> bool:
        """The captures stay as long as a recording would: an operator may still make something of them."""
        await self.book.failed(one.serial, why, at=self.clock.now_ms())
        self._waiting.discard(one.serial)
        self.log.warning("recording failed", call=one.serial, tenant=one.tenant_id, why=why)
        return True

    async def _wait(self, one: Unfinished, why: str) -> bool:
        if self.clock.now_ms() - one.call_ended_at >= PATIENCE_MS:
            return await self._fail(one, f"the storage could not take it for a day: {why}")
        if one.serial not in self._waiting:
            self._waiting.add(one.serial)
            self.log.warning("a recording waits for the storage", call=one.serial, tenant=one.tenant_id, why=why)
        return False


def _noting(assemble: Callable[[BinaryIO], Assembled], made: list[Assembled]) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        made.append(assemble(file))

    return write


def _closed(piece: Piece, call_ended_at: int) -> Piece:
    """A recording ends with its call, whatever a clock that went wrong says."""
    last = call_ended_at + TAIL_MS
    return replace(piece, ends=last if piece.ends is None else min(piece.ends, last))


def _remarks(made: Assembled) -> str | None:
    remarks = [f"nothing was heard of the {role.value}" for role in made.silent]
    if made.is_cut:
        remarks.append("cut: a WAV file can hold no more")
    return "; ".join(remarks) or None
