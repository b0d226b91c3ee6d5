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
    """Names by process id: the supervisor, all that descend from it, and its children whose nursery has died.

    The service's lock file has the supervisor's process id, and is held open by all that work on calls.
    """
    everybody = dict(_all_processes())
    supervisor = _number_in(lock)
    if supervisor not in everybody or not _holds(supervisor, lock):
        supervisor = -1
    found = {}
    for pid, (name, parent) in everybody.items():
        if pid == supervisor:
            found[pid] = "supervisor"
        elif _descends(pid, supervisor, everybody):
            unnamed = "nursery" if parent == supervisor and not _holds(pid, lock) else "starting"
            found[pid] = _role_of(name) or unnamed
        elif _role_of(name) and _holds(pid, lock):
            found[pid] = _role_of(name)
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
            if _holds(pid, lock) or _descends(pid, _number_in(lock), dict(_all_processes())):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


def _all_processes() -> Iterator[tuple[int, tuple[str, int]]]:
    """Of this machine that have not ended: id, name and parent."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                state, parent = rest.split()[:2]
                if state not in "ZX":
                    yield int(folder.name), (name, int(parent))


def _descends(pid: int, ancestor: int, everybody: dict[int, tuple[str, int]]) -> bool:
    while pid in everybody:
        pid = everybody[pid][1]
        if pid == ancestor:
            return True
    return False


def _holds(pid: int, lock: Path) -> bool:
    with contextlib.suppress(OSError):
        return any(_leads_to(each) == str(lock) for each in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _leads_to(link: Path) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(link)  # noqa: PTH115 - one call of the kernel's, thousands of times
    return ""


def _role_of(name: str) -> str:
    """What a child calls itself once it has its orders; "": it has not yet, or it is none."""
    first, _, role = name.partition(" ")
    return role if first == "twoleg" else ""


def _number_in(lock: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(lock.read_text())
    return -1
