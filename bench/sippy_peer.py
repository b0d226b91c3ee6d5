"""The same calls through sippy: starts `peers/sippy_two_way.py`, drives it by datagrams, and takes the same figures."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bench.processes import MEASURED_CORE, free_port, pin, stop
from bench.ramp import Stage, run_stage
from bench.sipp_phones import Ports

_SCRIPT = Path(__file__).parent / "peers" / "sippy_two_way.py"
_HOST = "127.0.0.1"
_START_TRIES = 100


class Peer:
    """The running peer. Use it in a `with`: leaving the block ends it."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        sip, self._command = free_port(), free_port()
        with (folder / "sippy.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(_SCRIPT), str(sip), str(self._command), str(ports.agent), str(ports.customer)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.1)
        try:
            self._wait_until_ready()
            pin(self.process.pid, MEASURED_CORE)
        except BaseException:
            self.close()
            raise

    async def place(self, agent: str, customer: str) -> None:
        """One datagram; what became of it, the phones and the count tell."""
        self._socket.sendto(f"{agent} {customer}".encode(), (_HOST, self._command))

    def count(self) -> tuple[int, int, int]:
        """Calls that talked, that ended as they should, that failed; since the start. Raises TimeoutError."""
        self._socket.sendto(b"count", (_HOST, self._command))
        talking, ended, failed = map(int, self._socket.recv(100).split())
        return talking, ended, failed

    def close(self) -> None:
        """End it."""
        self._socket.close()
        stop(self.process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_ready(self) -> None:
        for _ in range(_START_TRIES):
            try:
                self.count()
            except TimeoutError:
                continue
            return
        raise RuntimeError("sippy did not start")


async def ramp(folder: Path, *, rates: Sequence[int], seconds: float) -> list[Stage]:
    """A stage per rate, each with a fresh peer, until one fails."""
    ports = Ports.choose()
    stages = []
    for rate in rates:
        stages.append(await _stage(folder / f"sippy-{rate}", ports, rate=rate, seconds=seconds))
        if not stages[-1].is_clean:
            break
    return stages


async def _stage(folder: Path, ports: Ports, *, rate: int, seconds: float) -> Stage:
    with Peer(folder.parent, ports) as peer:
        stage = await run_stage(
            rate=rate, seconds=seconds, first=0, place=peer.place, pid=peer.process.pid, folder=folder, ports=ports
        )
        talking, ended, _ = peer.count()
    stage.failures["never talked"] += stage.calls - talking
    stage.failures["ended otherwise"] += talking - ended
    stage.failures = +stage.failures
    return stage
