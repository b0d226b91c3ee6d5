"""rtpengine daemons for tests: on loopback, in the foreground, without the kernel module, with ports of their own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from patience import eventually

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_PORTS_EACH = 400
_COOKIES = count()
"""A daemon repeats its answer to a cookie that it knows."""


@dataclass(slots=True)
class Rtpengine:
    """A running daemon."""

    process: subprocess.Popen[bytes]
    port: int
    """Of the ng protocol, on 127.0.0.1."""
    folder: Path

    @property
    def captures(self) -> Path:
        """Where its recordings appear."""
        return self.folder / "pcaps"

    def sessions(self) -> int:
        """How many calls it has."""
        with _asker(self.port) as asker:
            asker.send(b"test-%d d7:command10:statisticse" % next(_COOKIES))
            told = re.search(rb"13:sessionstotali(\d+)e", asker.recv(65_536))
        assert told is not None
        return int(told[1])

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def rtpengine(folder: Path, *, port: int | None = None) -> Iterator[Rtpengine]:
    """A daemon, gone when the block ends; its recordings are kept below `folder`."""
    program = shutil.which("rtpengine", path=_PATH)
    assert program is not None, "rtpengine is missing: make test installs it"
    folder.mkdir(parents=True, exist_ok=True)
    control, first = port or _free_port(), _free_range()
    command = [
        *(program, "--foreground", "--log-stderr", "--log-level=6", "--table=-1", "--num-threads=2"),
        *("--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{control}", "--delete-delay=0"),
        *(f"--port-min={first}", f"--port-max={first + _PORTS_EACH}", f"--pidfile={folder / 'pid'}"),
        *(f"--recording-dir={folder}", "--recording-method=pcap", "--recording-format=eth", "--config-file=none"),
    ]
    with (folder / "log").open("wb") as log:
        # In its own folder: 10.5 crashes when it is stopped while it records, and allows itself a core of any size.
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    daemon = Rtpengine(process, control, folder)
    try:
        assert eventually(lambda: _answers(control), unless=lambda: process.poll() is not None, seconds=20), (
            daemon.log()
        )
        yield daemon
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()


def _answers(port: int) -> bool:
    with _asker(port) as asker:
        try:
            asker.send(b"1 d7:command4:pinge")
            return asker.recv(100) == b"1 d6:result4:ponge"
        except OSError:
            return False


@contextmanager
def _asker(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.connect(("127.0.0.1", port))
        yield asker


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _free_range() -> int:
    """The first of that many ports below the range the system gives away by itself; daemons take what is free in it.

    By process, so that tests that run side by side are apart.
    """
    return 10_000 + (os.getpid() * 7919 % 50) * _PORTS_EACH
