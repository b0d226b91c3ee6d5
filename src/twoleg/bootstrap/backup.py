"""Backup, restore and check of the store: files that appear under their name only when they are whole and sound."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from twoleg.adapters.store.sqlite.backup import copy_store
from twoleg.adapters.store.sqlite.soundness import Soundness, look_through
from twoleg.adapters.system import SystemClock
from twoleg.adapters.webhooks.secret_box import key_file_of
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.ladders import ladder_path
from twoleg.bootstrap.lock import ServiceLock, serving_pid
from twoleg.bootstrap.store_file import file_of
from twoleg.config import Settings

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file in use: its log, and that log's index."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made, and found sound."""

    file: Path
    size: int
    """Bytes."""
    calls: int
    not_in_it: tuple[Path, ...]
    """What belongs to the service too and lies elsewhere."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that was put in place."""

    file: Path
    calls: int
    replaced: Path | None
    """Where what was there before lies now; None: there was nothing."""


def back_up(settings: Settings, target: Path, *, replace: bool, told: Callable[[float], None]) -> Backup:
    """Copy the store while it is in use. A folder as the target: a file in it, named by the time.

    Raises `ServiceError`, `UnusableStore`, `OSError`; then there is no new file.
    """
    source = _store_of(settings)
    file = target / f"twoleg-{_stamp()}.db" if target.is_dir() else target
    if file.exists() and file.samefile(source):
        raise ServiceError(f"{file} is the store itself")
    if file.exists() and not replace:
        raise ServiceError(f"{file} exists already; --replace replaces it")
    with _whole_file(file) as part:
        copy_store(source, part, told=told)
        calls = _sound(part, called=f"the copy of {source}").calls
    return Backup(file, file.stat().st_size, calls, _not_in_it(settings))


def restore(settings: Settings, source: Path, *, told: Callable[[float], None]) -> Restored:
    """Put a backup in the store's place; what is there is kept under another name. Not while a service runs.

    Raises `ServiceError`, `UnusableStore`, `OSError`; then the store is as it was.
    """
    store = file_of(settings.store.url)
    if not source.is_file():
        raise ServiceError(f"there is no file {source}")
    if store.exists() and source.samefile(store):
        raise ServiceError(f"{source} is the store itself")
    pid = serving_pid(store)
    if pid is not None:
        raise ServiceError(f"twoleg (process {pid}) is serving {store}; stop it first")
    lock = asyncio.run(ServiceLock.take(store))
    try:
        return _restore(store, source, told)
    finally:
        lock.release()


def check_store(settings: Settings, file: Path | None) -> tuple[Path, Soundness]:
    """Look through the store, or through a backup. Raises `ServiceError`, `UnusableStore`."""
    looked_at = _store_of(settings) if file is None else file
    if not looked_at.is_file():
        raise ServiceError(f"there is no file {looked_at}")
    return looked_at, look_through(looked_at)


def _restore(store: Path, source: Path, told: Callable[[float], None]) -> Restored:
    calls = _sound(source, called=str(source)).calls
    replaced = None
    with _whole_file(store) as part:
        copy_store(source, part, told=told)
        _sound(part, called=f"the copy of {source}")
        if store.exists():
            replaced = _keep(store)
    return Restored(store, calls, replaced)


def _keep(store: Path) -> Path:
    """Give the store and its log a second name, then take the log away: it would be taken for that of the new file."""
    kept = store.with_name(f"{store.name}.replaced-{_stamp()}")
    os.link(store, kept)
    for suffix in _BESIDE:
        beside = store.with_name(store.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    _flush(store.parent)
    return kept


def _sound(file: Path, *, called: str) -> Soundness:
    found = look_through(file)
    if found.flaws:
        more = f" (and {len(found.flaws) - 1} more)" if len(found.flaws) > 1 else ""
        raise ServiceError(f"{called} is not sound: {found.flaws[0]}{more}")
    return found


def _store_of(settings: Settings) -> Path:
    store = file_of(settings.store.url)
    if not store.is_file():
        raise ServiceError(f"there is no store {store}")
    return store


def _not_in_it(settings: Settings) -> tuple[Path, ...]:
    wanted = [key_file_of(file_of(settings.store.url)), ladder_path(settings)]
    if settings.recording.bucket is None:
        wanted.append(Path(settings.recording.storage))
    return tuple(path for path in wanted if path.exists())


def _stamp() -> str:
    return datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """A file for its owner's eyes; it gets its name when the block ends well, else nothing is left of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    finally:
        for left in (part, *(part.with_name(part.name + suffix) for suffix in ("-journal", *_BESIDE))):
            with contextlib.suppress(FileNotFoundError):
                left.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
