"""Processes under measurement: which core they run on, what CPU and memory they used, and how they end (Linux)."""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEASURED_CORE = 0
"""Where the process under measurement runs, alone."""
OTHER_CORE = 1
"""Where everything else runs: phones, load, and of our service the processes that are not being measured."""

_TICKS = os.sysconf("SC_CLK_TCK")
_LAST_WORDS = 5.0
"""Seconds between SIGTERM and SIGKILL."""


def machine() -> str:
    """What the figures depend on, without saying whose machine it is."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run this process, and the children it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pid: int, core: int) -> None:
    """Move a process with all its threads to one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far; a resolution of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_kib(pid: int) -> int:
    """Physical memory it holds now, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} is gone")


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A loopback port that nobody has now, for programs that cannot ask for one themselves."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_up_on_sigterm() -> None:
    """Leave by way of every `finally` and `with` also when told to end: processes of ours must not be left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def stop(process: subprocess.Popen[bytes], *, patience: float = _LAST_WORDS) -> None:
    """End a child of ours for certain: SIGTERM, then SIGKILL."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait(patience)
