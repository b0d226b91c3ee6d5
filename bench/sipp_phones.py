"""sipp as both phones: every call of a stage must keep its scenario at both ends."""

from __future__ import annotations

import csv
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.processes import free_port, stop

_SCENARIOS = Path(__file__).parent / "scenarios"
_RINGING = '<pause milliseconds="200"/>'
_AT_HOME = "[local_ip]:[local_port]"
"""In the scenarios: how long a phone rings, and its own address in its Contact."""
_BUFFER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two phones listen, in every stage."""

    agent: int
    customer: int

    @classmethod
    def choose(cls) -> Self:
        """Two free ports."""
        return cls(free_port(), free_port())

    @classmethod
    def choose_tcp(cls) -> Self:
        """Two free ports for TCP."""
        return cls(free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM))


@dataclass(frozen=True, slots=True)
class Manner:
    """How the phones behave, where it is not as usual."""

    ring: float = 0.2
    """Seconds."""
    way: str = "udp"
    """Their own transport, "udp" or "tcp"."""
    contact: str = ""
    """Where in-dialog requests reach them, as `host:port;transport=...`; "": at their own address."""


USUAL = Manner()


@dataclass(frozen=True, slots=True)
class PhoneCount:
    """What one sipp says of a stage."""

    kept: int
    """Calls that went through the whole scenario."""
    failed: int
    retransmissions: int


class Phones:
    """Two sipp processes that wait for `calls` calls each; the customer hangs up after `talk` seconds of talking.

    Use it in a `with`: leaving the block ends both, whatever happened.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        *,
        calls: int,
        talk: float,
        patience: float,
        agent: Manner = USUAL,
        customer: Manner = USUAL,
    ) -> None:
        """`patience`: seconds after which sipp gives up."""
        self._folder = folder
        limits = (*("-m", str(calls), "-d", str(round(talk * 1000))), *("-timeout", f"{patience:.0f}s"))
        self._agent = _start("agent", folder, ports.agent, limits, agent)
        self._customer = _start("customer", folder, ports.customer, limits, customer)

    @property
    def are_done(self) -> bool:
        """Both have seen the end of their last call."""
        return self._agent.poll() is not None and self._customer.poll() is not None

    def counts(self) -> dict[str, PhoneCount]:
        """By phone, as of the last second or of its end."""
        return {name: _count(self._folder / f"{name}.csv") for name in ("agent", "customer")}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            stop(self._agent)
        finally:
            stop(self._customer)


def _start(name: str, folder: Path, port: int, limits: tuple[str, ...], manner: Manner) -> subprocess.Popen[bytes]:
    scenario = folder / f"{name}.xml"
    scenario.write_text(_scenario(name, manner))
    command = [
        *("sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port), "-t", f"{manner.way[0]}1"),
        *(*limits, "-timeout_error", "-nostdin", "-buff_size", str(_BUFFER), "-max_recv_loops", "1000"),
        # sipp knows a repeated INVITE only until it has sent a second answer; a repetition is no failure of a call
        *("-default_behaviors", "all,-abortunexp"),
        *("-watchdog_major_maxtriggers", "-1", "-watchdog_minor_maxtriggers", "-1"),
        *("-trace_stat", "-stf", str(folder / f"{name}.csv"), "-fd", "1"),
        *("-trace_err", "-error_file", str(folder / f"{name}.errors")),
    ]
    with (folder / f"{name}.screen").open("wb") as screen:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)


def _scenario(name: str, manner: Manner) -> str:
    text = (_SCENARIOS / f"{name}.xml").read_text()
    text = text.replace(_RINGING, f'<pause milliseconds="{round(manner.ring * 1000)}"/>')
    return text.replace(_AT_HOME, manner.contact) if manner.contact else text


def _count(statistics: Path) -> PhoneCount:
    if not statistics.exists():
        return PhoneCount(0, 0, 0)
    with statistics.open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    if not rows:
        return PhoneCount(0, 0, 0)
    last = rows[-1]
    return PhoneCount(int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]), int(last["Retransmissions(C)"]))
