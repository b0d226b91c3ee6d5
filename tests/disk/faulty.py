"""A disk that fails when it is told to, for whole processes: real SQLite, real files, system calls that say no.

disk = FaultyDisk.make(tmp_path, store=tmp_path / "twoleg.db")
with disk.under(monkeypatch), Service.start(..., is_cold=True) as service:  # forks of a warm process have no such disk
    with disk.ordered(write_error=errno.ENOSPC):
        ...                                                       # every write of the store fails with ENOSPC

Why below SQLite and not in a VFS of it: the stdlib's sqlite3 brings its own library, sometimes without a door for
extensions, so a VFS registered through another binding is one that the service never meets. See docs/adr/0016.
"""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

_SOURCE = Path(__file__).with_name("faulty.c")
_INT = struct.Struct("=i")
_FIELDS = (
    *("write_error", "sync_error", "read_error", "open_error", "sync_milliseconds"),
    *("writes_failed", "syncs_failed", "reads_failed", "opens_failed", "syncs_slowed"),
    "programs",
)
_PREFIX_AT = _INT.size * len(_FIELDS)
_LONGEST_PREFIX = 1023


@cache
def _library() -> Path:
    """The shim, built once for this test process."""
    built = Path(mkdtemp(prefix="faulty-disk-")) / "faulty.so"
    command = ["gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", str(_SOURCE), "-o", str(built), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return built


@dataclass(slots=True)
class FaultyDisk:
    """Orders to every process that was started under it, whatever its files are; sound until told otherwise."""

    path: Path
    page: mmap.mmap

    @classmethod
    def make(cls, folder: Path, *, store: Path) -> FaultyDisk:
        """Faults concern the files whose path begins with `store`: the store, its log, its shared memory."""
        prefix = os.fsencode(store.resolve())
        assert len(prefix) <= _LONGEST_PREFIX
        path = folder / "faulty-disk"
        path.write_bytes((b"\0" * _PREFIX_AT + prefix).ljust(mmap.PAGESIZE, b"\0"))
        with path.open("r+b") as file:
            return cls(path, mmap.mmap(file.fileno(), mmap.PAGESIZE))

    @contextmanager
    def under(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """Programs started meanwhile have this disk."""
        with patch.context() as environment:
            environment.setenv("LD_PRELOAD", str(_library()))
            environment.setenv("FAULTY_DISK", str(self.path))
            yield

    def count(self, field: str) -> int:
        """How often it has failed or been slow, by all processes together."""
        (value,) = _INT.unpack_from(self.page, _FIELDS.index(field) * _INT.size)
        return int(value)

    @contextmanager
    def ordered(self, **orders: int) -> Iterator[None]:
        """While the block runs the disk does so; afterwards it is sound."""
        for field, value in orders.items():
            self._set(field, value)
        try:
            yield
        finally:
            for field in orders:
                self._set(field, 0)

    def _set(self, field: str, value: int) -> None:
        _INT.pack_into(self.page, _FIELDS.index(field) * _INT.size, value)
