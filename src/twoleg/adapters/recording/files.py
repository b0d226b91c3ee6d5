"""A finished file before anybody may see it: written under a temporary name, flushed to the disk, read back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from twoleg.adapters.recording.wav import fault_of
from twoleg.application.recording_storage import StorageUnavailable, Stored

PIECE = 1 << 18
"""Octets read at once."""


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> Stored:
    """Write a new file that only its owner may read, make it durable, and check that it is a WAV file with audio.

    What was half written there before, by a process that died, is replaced. Raises `OSError`, `StorageUnavailable`.
    """
    with open(path, "wb", opener=_for_owner) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        fault = fault_of(file, size)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
    if fault is not None:
        raise StorageUnavailable(f"what was written is no recording: {fault}")
    return Stored(size, digest.hexdigest())


def sync_folder(folder: Path) -> None:
    """Make the names in it durable. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def pieces_of(path: Path, begin: int, end: int) -> Iterator[bytes]:
    """The bytes between the two places. Raises `OSError`; ends early where the file does."""
    with path.open("rb", buffering=0) as file:
        file.seek(begin)
        while begin < end and (piece := file.read(min(PIECE, end - begin))):
            begin += len(piece)
            yield piece


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
