"""The book of recordings in the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence

from twoleg.adapters.store.sqlite.asking import AskedWriter
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.rows import Row
from twoleg.application.errors import ApplicationError, NotFound
from twoleg.application.recording_book import Asked, Outlived, Unfinished
from twoleg.domain.call import Phase
from twoleg.domain.events import EventType
from twoleg.domain.recording import (
    Audio,
    AudioFormat,
    Command,
    CommandRefused,
    Mark,
    Piece,
    Recording,
    RecordingStatus,
    after,
    pieces,
)
from twoleg.domain.serials import LARGEST_SERIAL

_WANT = query("want_recording")
_CALL = query("recorded_call")
_SET_STATUS = query("set_recording_status")
_ADD_NOTE = query("add_recording_note")
_ANY = query("any_recording")
_IS_WANTED = query("recording_is_wanted")
_COMMANDS = query("recording_commands_after")
_NEWEST_NOTE = query("newest_recording_note")
_BEGAN = query("recording_began")
_CAPTURED = query("recording_captured")
_FAILED = query("recording_failed")
_READY = query("recording_ready")
_PURGED = query("recording_purged")
_DROP = query("drop_recording")
_DROP_NOTES = query("drop_recording_notes")
_TELL = query("tell_of_recording")
_COUNT = query("count_events")
_FIND = query("recording")
_LIST = query("recordings")
_UNFINISHED = query("unfinished_recordings")
_OUTLIVED = query("outlived_recordings")

_BEGAN_NOTE = "began"
_MARKS = {"began": Mark.BEGAN, "pause": Mark.PAUSED, "resume": Mark.RESUMED, "stop": Mark.STOPPED}
"""A `start` is a wish: only when the relay began is there something to hear."""


class SqliteRecordingBook:
    """The `RecordingBook`. Reads for one thread at a time; changes run on whatever loop awaits them."""

    def __init__(self, reads: Reads, writer: AskedWriter) -> None:
        self._reads = reads
        self._writer = writer

    # ------------------------------------------------------------------------ reading

    def find(self, serial: int) -> Recording | None:
        """See `RecordingReader.find`."""
        row = self._reads.one(_FIND, serial)
        return None if row is None else recording_from(row)

    def listed(self, tenant_id: str, *, before: int | None = None, limit: int) -> Sequence[Recording]:
        """See `RecordingReader.listed`."""
        upto = LARGEST_SERIAL if before is None else before
        return [recording_from(row) for row in self._reads.all(_LIST, tenant_id, upto, limit)]

    def is_empty(self) -> bool:
        """See `RecordingReader.is_empty`."""
        return self._reads.one(_ANY) is None

    def is_wanted(self, serial: int) -> bool:
        """See `RecordingReader.is_wanted`."""
        return self._reads.one(_IS_WANTED, serial) is not None

    def newest_position(self) -> int:
        """See `RecordingReader.newest_position`."""
        row = self._reads.one(_NEWEST_NOTE)
        return 0 if row is None else int(row[0])

    def asked_after(self, position: int) -> Sequence[Asked]:
        """See `RecordingReader.asked_after`."""
        return [
            Asked(place, serial, Command(note), at) for place, serial, note, at in self._reads.all(_COMMANDS, position)
        ]

    def unfinished(self, *, silent_since: int, limit: int) -> Sequence[Unfinished]:
        """See `RecordingReader.unfinished`."""
        return [_unfinished_from(row) for row in self._reads.all(_UNFINISHED, silent_since, limit)]

    def outlived(self, *, now: int, limit: int) -> Sequence[Outlived]:
        """See `RecordingReader.outlived`."""
        return [
            Outlived(serial, tenant_id, key) for serial, tenant_id, _, key in self._reads.all(_OUTLIVED, now, limit)
        ]

    # ------------------------------------------------------------------------ changing

    async def ask(
        self, serial: int, tenant_id: str, command: Command, *, audio_format: AudioFormat, at: int
    ) -> Recording | CommandRefused:
        """See `RecordingBook.ask`."""

        def act(connection: sqlite3.Connection) -> Recording | CommandRefused | ApplicationError:
            known = connection.execute(_CALL, (serial, tenant_id)).fetchone()
            if known is None:
                return NotFound(f"no call {serial}")
            if known[0] == Phase.ENDED:
                return CommandRefused("the call has ended")
            return _obey(connection, serial, tenant_id, command, known[1], audio_format, at)

        return await self._writer.ask(act)

    async def began(self, serial: int, *, at: int) -> bool:
        """See `RecordingBook.began`."""

        def act(connection: sqlite3.Connection) -> bool:
            begins = connection.execute(_BEGAN, {"serial": serial, "at": at}).rowcount > 0
            if begins:
                connection.execute(_ADD_NOTE, (serial, _BEGAN_NOTE, at))
            return begins

        return await self._writer.ask(act)

    async def captured(self, serial: int, *, at: int) -> None:
        """See `RecordingBook.captured`."""
        await self._writer.ask(lambda connection: connection.execute(_CAPTURED, {"serial": serial, "at": at}).rowcount)

    async def failed(self, serial: int, why: str, *, at: int, is_over: bool = True) -> None:
        """See `RecordingBook.failed`."""
        facts = {"serial": serial, "at": at, "why": why, "is_over": int(is_over)}
        await self._writer.ask(_told(_FAILED, facts, EventType.RECORDING_FAILED if is_over else None, why))

    async def ready(self, serial: int, audio: Audio, *, key: str, at: int, detail: str | None = None) -> None:
        """See `RecordingBook.ready`."""
        facts = {
            "serial": serial,
            "at": at,
            "began_at": audio.began_at,
            "duration_ms": audio.duration_ms,
            "bytes": audio.bytes,
            "digest": audio.sha256,
            "key": key,
            "detail": detail,
        }
        await self._writer.ask(_told(_READY, facts, EventType.RECORDING_READY, detail))

    async def drop(self, serial: int) -> None:
        """See `RecordingBook.drop`."""

        def act(connection: sqlite3.Connection) -> None:
            if connection.execute(_DROP, (serial,)).rowcount:
                connection.execute(_DROP_NOTES, (serial,))

        await self._writer.ask(act)

    async def purged(self, serial: int, why: str, *, at: int) -> None:
        """See `RecordingBook.purged`."""
        facts = {"serial": serial, "at": at, "why": why}
        await self._writer.ask(_told(_PURGED, facts, EventType.RECORDING_PURGED, why))

    def close(self) -> None:
        """Answer what was asked, then let the file go."""
        self._writer.close()
        self._reads.close()


def want(connection: sqlite3.Connection, *, serial: int, tenant_id: str, audio_format: AudioFormat, at: int) -> None:
    """Note that a new call is to be recorded; inside the transaction that places it."""
    connection.execute(_WANT, (serial, tenant_id, audio_format.value, at))


def _obey(  # noqa: PLR0913, PLR0917 - inside a transaction, with all that was read in it
    connection: sqlite3.Connection,
    serial: int,
    tenant_id: str,
    command: Command,
    known: str | None,
    audio_format: AudioFormat,
    at: int,
) -> Recording | CommandRefused:
    status = None if known is None else RecordingStatus(known)
    reached = after(status, command)
    if isinstance(reached, CommandRefused):
        return reached
    if status is None:
        want(connection, serial=serial, tenant_id=tenant_id, audio_format=audio_format, at=at)
    else:
        connection.execute(_SET_STATUS, (reached.value, serial))
    if reached is not status:
        connection.execute(_ADD_NOTE, (serial, command.value, at))
    return recording_from(connection.execute(_FIND, (serial,)).fetchone())


def _told(
    change: str, facts: dict[str, object], type_: EventType | None, detail: str | None
) -> Callable[[sqlite3.Connection], None]:
    """A change of a recording, with the event that tells of it where the call has ended."""

    def act(connection: sqlite3.Connection) -> None:
        if connection.execute(change, facts).rowcount == 0 or type_ is None:
            return
        told = {"serial": facts["serial"], "at": facts["at"], "type": type_.value, "detail": detail}
        if connection.execute(_TELL, told).rowcount:
            connection.execute(_COUNT, {"serial": facts["serial"]})

    return act


def recording_from(row: Row) -> Recording:
    """Of a row of `recording` and its like."""
    serial, tenant_id, status, audio_format, wanted_at, began_at, ended_at, duration, size, digest, *rest = row
    key, detail, purged_at, notes = rest
    return Recording(
        serial=serial,
        tenant_id=tenant_id,
        status=RecordingStatus(status),
        audio_format=AudioFormat(audio_format),
        wanted_at=wanted_at,
        began_at=began_at,
        ended_at=ended_at,
        pieces=_pieces_from(notes),
        duration_ms=duration,
        bytes=size,
        sha256=digest,
        key=key,
        detail=detail,
        purged_at=purged_at,
    )


def _unfinished_from(row: Row) -> Unfinished:
    serial, tenant_id, status, audio_format, talking_at, ended_at, detail, notes = row
    return Unfinished(
        serial=serial,
        tenant_id=tenant_id,
        status=RecordingStatus(status),
        audio_format=AudioFormat(audio_format),
        talking_at=talking_at,
        call_ended_at=ended_at,
        pieces=_pieces_from(notes),
        detail=detail,
    )


def _pieces_from(notes: str) -> tuple[Piece, ...]:
    return pieces([(_MARKS[note], at) for note, at in json.loads(notes) if note in _MARKS])
