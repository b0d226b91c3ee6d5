"""Where finished recordings are kept: the port, and how one learns that a file is still what was stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from twoleg.application.errors import ApplicationError
from twoleg.domain.recording import Recording, RecordingStatus

_REMEMBERED = 4096
"""Files found sound; beyond that the oldest is looked at again."""


class StorageUnavailable(ApplicationError):
    """The storage cannot do it now (disk full, not mounted, no network). Nothing is there under the final name."""


class RecordingSpoilt(ApplicationError):
    """What is stored is not what was recorded: missing, cut, empty or changed. The message says which."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it was written, read back."""

    bytes: int
    sha256: str
    """In lower case hex."""


@dataclass(frozen=True, slots=True)
class Version:
    """A file as it lies there now."""

    bytes: int
    mark: str
    """Another one whenever the content may have changed (its times and inode; an object's ETag)."""


class RecordingStorage(Protocol):
    """Files by key (`tenant/2026/01/31/serial.wav`). Everything blocks; from any thread."""

    def put(self, key: str, write: Callable[[BinaryIO], None]) -> Stored:
        """Let `write` fill a new file (it may seek), then show it under the key: whole, durable, or not at all.

        What is there already is replaced. What `write` raises passes through, and nothing is stored. Raises
        `StorageUnavailable`.
        """

    def version(self, key: str) -> Version | None:
        """What is there; None: nothing. Raises `StorageUnavailable`."""

    def read(self, key: str, begin: int, end: int) -> Iterator[bytes]:
        """The bytes from `begin` up to and without `end`, in pieces. Raises `StorageUnavailable`."""

    def delete(self, key: str) -> None:
        """Remove it for good; harmless when there is nothing. Raises `StorageUnavailable`."""


class SoundRecordings:
    """Opens recordings for those who want to hear them. What is not exactly what was stored is opened for nobody."""

    def __init__(self, storage: RecordingStorage) -> None:
        self._storage = storage
        self._sound: dict[tuple[str, str], str] = {}

    def check(self, recording: Recording) -> None:
        """Blocks: the first time for as long as it takes to read the file, later for a look at its size and time.

        Raises `RecordingSpoilt`, `StorageUnavailable`.
        """
        key = recording.key
        if recording.status is not RecordingStatus.READY or key is None:
            raise RecordingSpoilt(f"the recording of call {recording.serial} is {recording.status.value}")
        found = self._storage.version(key)
        if found is None:
            raise RecordingSpoilt(f"the recording of call {recording.serial} is missing in the storage")
        if found.bytes != recording.bytes or not found.bytes:
            raise RecordingSpoilt(
                f"the recording of call {recording.serial} has {found.bytes} bytes instead of {recording.bytes}"
            )
        if self._sound.get((key, found.mark)) != recording.sha256:
            self._read_through(recording, key, found)

    def read(self, recording: Recording, begin: int, end: int) -> Iterator[bytes]:
        """A part of a recording that was checked. Raises `StorageUnavailable`."""
        if recording.key is None:
            raise RecordingSpoilt(f"the recording of call {recording.serial} is not stored")
        return self._storage.read(recording.key, begin, end)

    def _read_through(self, recording: Recording, key: str, found: Version) -> None:
        digest = hashlib.sha256()
        for piece in self._storage.read(key, 0, found.bytes):
            digest.update(piece)
        if digest.hexdigest() != recording.sha256:
            raise RecordingSpoilt(
                f"the recording of call {recording.serial} is not what was stored: its content changed"
            )
        while len(self._sound) >= _REMEMBERED:
            del self._sound[next(iter(self._sound))]
        self._sound[key, found.mark] = digest.hexdigest()
