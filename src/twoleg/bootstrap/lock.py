"""One service per store: a lock that every process of a service holds, so that it ends with the last of them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from pathlib import Path

from twoleg.bootstrap.errors import ServiceError

_PATIENCE = 3.0
"""Seconds to wait for the processes of a service that was killed: they notice within milliseconds."""
_PAUSE = 0.02


class ServiceLock:
    """A `flock` on a file beside the store. It belongs to the open file: hand `descriptor` on to child processes.

    Two services on one store would dial every queued call twice, so the second one must not start.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    async def take(cls, store: Path, *, patience: float = _PATIENCE) -> ServiceLock:
        """Lock the service of the store. Raises `ServiceError` when another one still runs after `patience` seconds."""
        descriptor = _open(store)
        attempts = round(patience / _PAUSE)
        while not _locked(descriptor):
            attempts -= 1
            if attempts <= 0:
                pid = _holder(descriptor)
                os.close(descriptor)
                raise ServiceError(f"another twoleg (process {pid}) is serving {store}; stop it first")
            await asyncio.sleep(_PAUSE)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give it back; child processes that were handed the descriptor still hold it."""
        os.close(self.descriptor)


def serving_pid(store: Path) -> int | None:
    """The supervisor that serves this store now; None when there is none."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        descriptor = os.open(_path(store), os.O_RDWR | os.O_CLOEXEC)
        try:
            if not _locked(descriptor):
                return _holder(descriptor)
        finally:
            os.close(descriptor)
    return None


def _path(store: Path) -> Path:
    return store.with_name(store.name + ".lock")


def _open(store: Path) -> int:
    try:
        return os.open(_path(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServiceError(f"store.url: {_path(store)} cannot be written: {error.strerror}") from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int:
    return int(os.pread(descriptor, 20, 0) or b"0")
