"""Recordings: who may have one, what may be asked of it when, and which stretches of the call are in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, unique


@unique
class RecordingPolicy(Enum):
    """A tenant's rule."""

    OFF = "off"
    """Nothing is recorded, whoever asks."""
    ALWAYS = "always"
    """Every call, from the moment both talk; the API may pause, resume and stop."""
    ON_DEMAND = "on-demand"
    """What is asked for: with the call, or while it lives."""


@unique
class AudioFormat(Enum):
    """What a recording is stored as: RIFF/WAV, 8 kHz, left agent, right customer (decisions 6)."""

    PCM = "pcm"
    """16 bit linear: 32,000 bytes a second; every player takes it."""
    ALAW = "alaw"
    """G.711 A-law, format tag 6: 16,000 bytes a second, and nothing is lost against the telephone network."""


@unique
class RecordingStatus(Enum):
    """Where a recording stands."""

    WANTED = "wanted"
    """It begins as soon as both talk and the relay has begun to write."""
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPED = "stopped"
    """By request, in a call that goes on: it may be started again."""
    READY = "ready"
    """Whole, stored, and fit to be heard."""
    FAILED = "failed"
    """There is none, and there will be none."""
    PURGED = "purged"
    """Deleted when its time was over, or by an operator; what it was is still known."""

    @property
    def is_over(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return self in (RecordingStatus.READY, RecordingStatus.FAILED, RecordingStatus.PURGED)


@unique
class Command(Enum):
    """What an API client or operator may ask for while the call lives."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


WANTED, RECORDING, PAUSED, STOPPED, READY, FAILED, PURGED = RecordingStatus
START, PAUSE, RESUME, STOP = Command

COMMANDS: dict[tuple[RecordingStatus | None, Command], RecordingStatus] = {
    (None, START): WANTED,
    (WANTED, START): WANTED,
    (WANTED, STOP): STOPPED,
    (RECORDING, START): RECORDING,
    (RECORDING, PAUSE): PAUSED,
    (RECORDING, RESUME): RECORDING,
    (RECORDING, STOP): STOPPED,
    (PAUSED, PAUSE): PAUSED,
    (PAUSED, RESUME): RECORDING,
    (PAUSED, STOP): STOPPED,
    (STOPPED, START): WANTED,
    (STOPPED, STOP): STOPPED,
}
"""What a command makes of a recording (None: the call has none). A repeat is harmless: the status stays."""

REFUSED: dict[tuple[RecordingStatus | None, Command], str] = {
    (None, PAUSE): "the call is not being recorded",
    (None, RESUME): "the call is not being recorded",
    (None, STOP): "the call is not being recorded",
    (WANTED, PAUSE): "the recording has not begun: stop it, or pause it once both talk",
    (WANTED, RESUME): "the recording has not begun",
    (PAUSED, START): "the recording is paused: resume it",
    (STOPPED, PAUSE): "the recording is stopped: start it",
    (STOPPED, RESUME): "the recording is stopped: start it",
    **{
        (status, command): f"the recording is {status.value}"
        for status in (READY, FAILED, PURGED)
        for command in Command
    },
}
"""Every cell that `COMMANDS` lacks, and why; a test proves that the two together are all."""


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """The command makes no sense now; the text is for the one who asked."""

    why: str


def after(status: RecordingStatus | None, command: Command) -> RecordingStatus | CommandRefused:
    """What the command makes of a recording of a living call."""
    reached = COMMANDS.get((status, command))
    return CommandRefused(REFUSED[status, command]) if reached is None else reached


def may_record(policy: RecordingPolicy) -> bool:
    """Whether calls of such a tenant may be recorded on demand."""
    return policy is not RecordingPolicy.OFF


def is_wanted(policy: RecordingPolicy, *, asked: bool) -> bool:
    """Whether a new call is to be recorded. Asking under OFF is to be refused before (`may_record`)."""
    return policy is RecordingPolicy.ALWAYS or (asked and may_record(policy))


@unique
class Mark(Enum):
    """What is noted of a recording while its call lives; the pieces follow from it."""

    BEGAN = "began"
    """The relay writes."""
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time that may be heard. Ms since the epoch."""

    begins: int
    ends: int | None
    """None: until the last packet that was captured."""


def pieces(marks: Iterable[tuple[Mark, int]]) -> tuple[Piece, ...]:
    """The stretches between the marks (in the order in which they were made); empty when it never began.

    A pause counts from when it was asked for, whenever the relay obeyed: what was said after it is in no piece.
    """
    found: list[Piece] = []
    began: int | None = None
    for mark, at in marks:
        opens = mark in (Mark.BEGAN, Mark.RESUMED)
        if opens and began is None:
            began = at
        elif not opens and began is not None:
            found.append(Piece(began, max(began, at)))
            began = None
    return tuple(found) if began is None else (*found, Piece(began, None))


def purge_due_at(*, ended_at: int, days: int) -> int:
    """When a recording may be deleted: so many whole days after its end. Ms since the epoch."""
    return ended_at + days * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The one recording of a call. Times: ms since the epoch; None: not (yet)."""

    serial: int
    tenant_id: str
    status: RecordingStatus
    audio_format: AudioFormat
    wanted_at: int
    began_at: int | None = None
    """The first moment that can be heard."""
    ended_at: int | None = None
    """When it became ready or failed."""
    pieces: tuple[Piece, ...] = ()
    duration_ms: int | None = None
    bytes: int | None = None
    """Of the file, its header included."""
    sha256: str | None = None
    """Of the whole file, in lower case hex."""
    key: str | None = None
    """Where it is in the storage."""
    detail: str | None = None
    """Why it failed, was purged, or lacks something; a plain sentence."""
    purged_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """A finished file."""

    bytes: int
    sha256: str
    duration_ms: int
    began_at: int
    """Ms since the epoch: its first sample."""


def storage_key(*, tenant_id: str, serial: int, call_ended_at: int) -> str:
    """Where a recording is kept: `tenant/2026/01/31/serial.wav`, by the UTC day of the call's end (ms)."""
    return f"{tenant_id}/{datetime.fromtimestamp(call_ended_at / 1000, UTC):%Y/%m/%d}/{serial}.wav"


def file_of(recording: Recording, *, call_ended_at: int) -> str | None:
    """Where the recording of an ended call is, or will be once it is finished; None: there is none to be had.

    A recording that began will be finished, unless it fails then: of a file that is not ready yet this is a promise of
    its place, not of its coming.
    """
    if recording.status in (FAILED, PURGED) or recording.began_at is None:
        return None
    return recording.key or storage_key(
        tenant_id=recording.tenant_id, serial=recording.serial, call_ended_at=call_ended_at
    )
