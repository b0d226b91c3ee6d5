"""Recordings in an S3-compatible object store. Needs the extra `s3` (obstore)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore, S3Store

from twoleg.adapters.recording.files import write_whole
from twoleg.application.recording_storage import StorageUnavailable, Stored, Version

_PIECE = 1 << 20
"""Octets asked for at once."""
_PART = 8 << 20
"""Octets of one part of an upload; S3 takes 10,000 parts of 5 MiB or more."""
_PATIENCE = timedelta(seconds=60)


class UnusableStore(ValueError):
    """The store cannot even be tried: what is said of it makes no sense."""


def s3_store(
    *,
    bucket: str,
    prefix: str,
    endpoint: str | None,
    region: str | None,
    access_key: str | None,
    secret_key: str | None,
) -> ObjectStore:
    """The store at that bucket; what is None comes from the environment (AWS_REGION and its like) or the machine.

    Raises `UnusableStore`.
    """
    given = {
        "endpoint": endpoint,
        "region": region,
        "access_key_id": access_key,
        "secret_access_key": secret_key,
    }
    try:
        return S3Store(
            bucket,
            prefix=prefix or None,
            config={name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # its keys are these
            client_options={
                "allow_http": endpoint is not None and endpoint.startswith("http://"),
                "timeout": _PATIENCE,
            },
            retry_config={"max_retries": 3, "retry_timeout": _PATIENCE},
        )
    except BaseError as error:
        raise UnusableStore(type(error).__name__) from error


class ObjectStorage:
    """The `RecordingStorage`. An object appears when all of it has arrived; its size is compared with what was sent."""

    def __init__(self, store: ObjectStore, *, scratch: Path) -> None:
        """`scratch`: a folder of this machine for files on their way."""
        self._store = store
        self._scratch = scratch

    def put(self, key: str, write: Callable[[BinaryIO], None]) -> Stored:
        """See `RecordingStorage.put`."""
        part = self._scratch / f".{key.replace('/', '-')}.part"
        with _trouble("written"):
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                stored = write_whole(part, write)
                obstore.put(self._store, key, part, attributes={"Content-Type": "audio/wav"}, chunk_size=_PART)
            finally:
                part.unlink(missing_ok=True)
        self._compare(key, stored)
        return stored

    def version(self, key: str) -> Version | None:
        """See `RecordingStorage.version`."""
        with _trouble("read"):
            try:
                found = obstore.head(self._store, key)
            except (NotFoundError, FileNotFoundError):
                return None
        return Version(found["size"], f"{found['e_tag']}-{found['last_modified'].timestamp()}")

    def read(self, key: str, begin: int, end: int) -> Iterator[bytes]:
        """See `RecordingStorage.read`."""
        while begin < end:
            upto = min(begin + _PIECE, end)
            with _trouble("read"):
                piece = bytes(obstore.get_range(self._store, key, start=begin, end=upto))
            if not piece:
                return
            begin += len(piece)
            yield piece

    def delete(self, key: str) -> None:
        """See `RecordingStorage.delete`."""
        with _trouble("deleted"):
            try:
                obstore.delete(self._store, key)
            except (NotFoundError, FileNotFoundError):
                return

    def _compare(self, key: str, stored: Stored) -> None:
        found = self.version(key)
        if found is None or found.bytes != stored.bytes:
            there = "nothing" if found is None else f"{found.bytes} bytes"
            raise StorageUnavailable(f"the object store kept {there} of {stored.bytes} bytes")


@contextmanager
def _trouble(done: str) -> Iterator[None]:
    """What the store says may be long, and may quote a signed request: only its kind is told."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"recordings cannot be {done}: {error.strerror or type(error).__name__}") from error
    except BaseError as error:
        raise StorageUnavailable(
            f"recordings cannot be {done}: the object store says {type(error).__name__}"
        ) from error
