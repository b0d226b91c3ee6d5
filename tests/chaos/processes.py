"""The service's processes, seen from outside: who they are, and their sudden end."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

WEIGHTS = {"engine": 4.0, "supervisor": 1.5}
"""How often one is chosen, the others' being 1: it is the engine that holds the calls."""


@dataclass(frozen=True, slots=True)
class Kill:
    """What was killed, and when."""

    at: float
    """Seconds since the epoch."""
    name: str
    pid: int


def processes_of(lock: Path) -> dict[int, str]:
    """Names by process id: whoever holds that open file, and what their supervisor started beside them.

    The service's lock file is handed to all that work on calls, and has the supervisor's process id.
    """
    supervisor = _number_in(lock)
    found: dict[int, str] = {}
    for pid, name, parent in _all_processes():
        if _holds(pid, lock):
            found[pid] = "supervisor" if pid == supervisor else _named(name, "starting")
        elif parent == supervisor:
            found[pid] = _named(name, "nursery")
    return found


def choose(found: dict[int, str], chance: random.Random) -> int:
    """One of them."""
    pids = sorted(found)
    return chance.choices(pids, [WEIGHTS.get(found[pid], 1.0) for pid in pids])[0]


def kill(pid: int, lock: Path) -> bool:
    """SIGKILL, if that process is the service's still; whether it was."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        handle = os.pidfd_open(pid)  # from here on it means that process, even after its number is somebody else's
        try:
            if _holds(pid, lock) or _parent_of(pid) == _number_in(lock):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


def _all_processes() -> Iterator[tuple[int, str, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                name, state, parent = _status(int(folder.name))
                if state not in "ZX":
                    yield int(folder.name), name, parent


def _parent_of(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return _status(pid)[2]
    return None


def _status(pid: int) -> tuple[str, str, int]:
    """Its name, its state, its parent."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    state, parent = rest.split()[:2]
    return name, state, int(parent)


def _holds(pid: int, lock: Path) -> bool:
    with contextlib.suppress(OSError):
        return any(_leads_to(each) == str(lock) for each in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _leads_to(link: Path) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(link)  # noqa: PTH115 - one call of the kernel's, thousands of times
    return ""


def _named(name: str, otherwise: str) -> str:
    first, _, role = name.partition(" ")
    return role if first == "twoleg" and role else otherwise


def _number_in(lock: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(lock.read_text())
    return -1
