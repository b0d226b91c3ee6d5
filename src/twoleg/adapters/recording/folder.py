"""Recordings in a folder of this machine, or of one that is mounted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from twoleg.adapters.recording.files import pieces_of, sync_folder, write_whole
from twoleg.application.recording_storage import StorageUnavailable, Stored, Version


class FolderStorage:
    """The `RecordingStorage`. A file appears under its name by one rename, after all of it is on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, write: Callable[[BinaryIO], None]) -> Stored:
        """See `RecordingStorage.put`."""
        path = self._path(key)
        part = path.with_name(f".{path.name}.part")
        with _trouble("written"):
            self._make(path.parent)
            try:
                stored = write_whole(part, write)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            sync_folder(path.parent)
        return stored

    def version(self, key: str) -> Version | None:
        """See `RecordingStorage.version`."""
        with _trouble("read"):
            try:
                found = self._path(key).stat()
            except FileNotFoundError:
                return None
        # Times of modification can be set, and a restored file has its old one; that of the change to its inode cannot.
        return Version(found.st_size, f"{found.st_mtime_ns}-{found.st_ctime_ns}-{found.st_ino}")

    def read(self, key: str, begin: int, end: int) -> Iterator[bytes]:
        """See `RecordingStorage.read`."""
        with _trouble("read"):
            yield from pieces_of(self._path(key), begin, end)

    def delete(self, key: str) -> None:
        """See `RecordingStorage.delete`. Folders that are empty by it stay: another recording may be on its way."""
        path = self._path(key)
        with _trouble("deleted"):
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                sync_folder(path.parent)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..") or part.startswith(".") for part in parts):
            raise ValueError(f"{key!r} is no key of a recording")
        return self._folder.joinpath(*parts)

    def _make(self, folder: Path) -> None:
        """With all folders above it, each durable in the one that holds it."""
        if folder.is_dir():
            return
        if folder.parent != folder:
            self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


@contextmanager
def _trouble(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"recordings cannot be {done}: {error.strerror or error}") from error
