"""The book of recordings: what was asked for, what became of it, and what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twoleg.domain.recording import Audio, AudioFormat, Command, CommandRefused, Piece, Recording, RecordingStatus


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that an API client or operator gave."""

    position: int
    """Grows with each."""
    serial: int
    command: Command
    at: int
    """Ms since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A recording whose call has ended, and of which there is no file yet. Times: ms since the epoch."""

    serial: int
    tenant_id: str
    status: RecordingStatus
    """FAILED: while the call lived; what is left is to tell it."""
    audio_format: AudioFormat
    talking_at: int | None
    """None: the two never talked, so there was nothing to record."""
    call_ended_at: int
    pieces: tuple[Piece, ...]
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Outlived:
    """A recording whose time is over."""

    serial: int
    tenant_id: str
    key: str | None
    """None: there never was a file."""


class RecordingReader(Protocol):
    """Reads; synchronous, by index. All raise `StoreUnavailable`."""

    def find(self, serial: int) -> Recording | None:
        """The recording of that call, whosever it is: compare `tenant_id`."""

    def listed(self, tenant_id: str, *, before: int | None = None, limit: int) -> Sequence[Recording]:
        """A tenant's recordings, newest call first; with `before` only those of older calls than that serial."""

    def is_empty(self) -> bool:
        """Whether nothing was ever to be recorded."""

    def is_wanted(self, serial: int) -> bool:
        """Whether it waits for the relay to begin."""

    def newest_position(self) -> int:
        """The position of the last command given so far; 0 when none was."""

    def asked_after(self, position: int) -> Sequence[Asked]:
        """The commands given after that one, in order."""

    def unfinished(self, *, silent_since: int, limit: int) -> Sequence[Unfinished]:
        """Recordings of ended calls that are to be finished, oldest first.

        Those whose relay said its last word, and those whose call ended at `silent_since` (ms since the epoch) or
        earlier: an engine that died says no last words.
        """

    def outlived(self, *, now: int, limit: int) -> Sequence[Outlived]:
        """Recordings, and failed ones, that ended longer ago than their tenant keeps them."""


class RecordingBook(RecordingReader, Protocol):
    """Reads and changes. A change is durable when it is answered; each raises `StoreUnavailable`. Repeats are harmless.

    Whatever becomes of a recording after its call has ended is told in the call's event log, once.
    """

    async def ask(
        self, serial: int, tenant_id: str, command: Command, *, audio_format: AudioFormat, at: int
    ) -> Recording | CommandRefused:
        """Give a command for a living call, by the table of `domain.recording`. `audio_format`: of a new recording.

        Raises `NotFound` for a call that is not this tenant's.
        """

    async def began(self, serial: int, *, at: int) -> bool:
        """The relay writes. False: it is not wanted (any more)."""

    async def captured(self, serial: int, *, at: int) -> None:
        """The relay has said its last word."""

    async def failed(self, serial: int, why: str, *, at: int, is_over: bool = True) -> None:
        """There will be none. Not `is_over`: the call lives, so it is still to be told."""

    async def ready(self, serial: int, audio: Audio, *, key: str, at: int, detail: str | None = None) -> None:
        """The file is stored, whole."""

    async def drop(self, serial: int) -> None:
        """Nothing was ever recorded, and nothing should have been."""

    async def purged(self, serial: int, why: str, *, at: int) -> None:
        """The file is gone for good."""
