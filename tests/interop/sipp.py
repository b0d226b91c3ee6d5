"""sipp as a test peer: start a scenario on a free loopback port, watch its message trace, read its verdict.

A `Sipp` is one sipp process. It says its port once it is bound, so a test never guesses and never sleeps.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Self

import witness
from interop.sockets import tcp_ports_of, udp_ports_of
from patience import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOOPBACK = "127.0.0.1"
_ATTEMPTS = 5
_TRACE_HEAD = re.compile(
    rb"-{40,} (?P<stamp>\d{4}-\d\d-\d\d[ \t]\d\d:\d\d:\d\d\.\d+)[^\n]*\n"
    rb"(?:UDP|TCP) message (?P<direction>sent|received)[^\n]*:\n\n"
)
_LOST_ON_ARRIVAL = "UDP message lost (recv)."
_LOST_ON_SENDING = "UDP message voluntary lost (while sending)."
"""What `-lost` writes straight behind a message: it came and was dropped, or another one was never sent."""


class Direction(Enum):
    """Seen from sipp."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class TracedMessage:
    """One SIP message as sipp logged it. `time` is sipp's wall clock; compare it with its own messages only."""

    time: datetime
    direction: Direction
    text: str

    @property
    def start_line(self) -> str:
        """The request line or the status line."""
        return self.text.partition("\n")[0].strip()

    @property
    def method(self) -> str:
        """The request's method, or the one in a response's CSeq: `BYE` for a BYE and for its 200."""
        return self.header("CSeq").partition(" ")[2]

    @property
    def status(self) -> int | None:
        """The response's code; None for a request."""
        return int(self.start_line.split()[1]) if self.start_line.startswith("SIP/2.0 ") else None

    def header(self, name: str) -> str:
        """The first header field of that long name, without its name; empty where there is none."""
        found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*?)[ \t]*\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found.group(1) if found else ""

    @property
    def word(self) -> str:
        """`INVITE` or `200 BYE` when it was heard, `-> BYE` or `-> 200` when it was said."""
        word = self.method if self.status is None else f"{self.status}"
        if self.direction is Direction.SENT:
            return f"-> {word}"
        return word if self.status is None else f"{word} {self.method}"

    @property
    def body(self) -> str:
        """What follows the empty line: a session description, or nothing."""
        return self.text.replace("\r\n", "\n").partition("\n\n")[2]


class SippFailedError(AssertionError):
    """sipp did not start, did not end in time, or judged that the scenario was not kept. Holds its error log."""


@dataclass(slots=True)
class Sipp:
    """A running sipp. Use it in a `with`: leaving the block stops it, whatever happened."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    host: str = LOOPBACK
    over: str = "udp"

    @classmethod
    def start(
        cls,
        scenario: Path,
        folder: Path,
        *,
        remote: tuple[str, int] | None = None,
        at: tuple[str, int] | None = None,
        calls: int = 1,
        user: str = "service",
        keys: Mapping[str, str] | None = None,
        lose_percent: int = 0,
        deadline: float = 60.0,
        credentials: tuple[str, str] | None = None,
        over: str = "udp",
        options: Sequence[str] = (),
    ) -> Self:
        """Run `scenario` and return once its port is bound (as UAC: once it sends).

        Args:
            scenario: sipp's XML file.
            folder: an existing folder for this process's logs and traces; one per sipp, or the files mix.
            remote: (host, port) to call; None for a scenario that waits to be called.
            at: (host, port) of loopback to listen at; None: any free port of 127.0.0.1.
            calls: how many calls the scenario handles before sipp ends by itself.
            user: what `[service]` stands for in the scenario.
            keys: values of further `[name]` words.
            lose_percent: sipp drops this share of its packets, each way.
            deadline: seconds after which sipp gives up and fails.
            credentials: (user, password) behind `[authentication]`.
            over: "udp" or "tcp"; all calls share one socket or connection.
            options: more of sipp's own arguments; the defaults here already accept messages out of order.

        Raises:
            SippFailedError: sipp is not installed or never bound a port.
        """
        arguments = [
            *("-sf", str(scenario), "-m", str(calls), "-s", user, "-nostdin"),
            *("-default_behaviors", "all,-abortunexp", "-timeout", f"{deadline:.0f}s", "-timeout_error"),
            *("-trace_msg", "-message_file", str(folder / "messages.log")),
            *("-trace_err", "-error_file", str(folder / "errors.log")),
        ]
        if over == "tcp":
            arguments += ["-t", "t1"]
        for name, value in (keys or {}).items():
            arguments += ["-key", name, value]
        if lose_percent:
            arguments += ["-lost", str(lose_percent)]
        if credentials:
            arguments += ["-au", credentials[0], "-ap", credentials[1]]
        arguments += options
        if remote:
            arguments.append(f"{remote[0]}:{remote[1]}")
        return cls._listening(arguments, folder, at, over)

    @classmethod
    def _listening(cls, arguments: list[str], folder: Path, at: tuple[str, int] | None, over: str) -> Self:
        """Ask the kernel for a port and hand it to sipp, which cannot ask itself; again if another took it by then."""
        binary = shutil.which("sipp")
        if binary is None:
            raise SippFailedError("sipp is not installed: run `make test` once, or install the package sip-tester")
        for _attempt in range(_ATTEMPTS):
            started = cls._spawn([binary, *arguments], folder, at or (LOOPBACK, _free_udp_port()), over)
            if eventually(started._is_bound, unless=started._has_ended) or started.process.poll() == 0:
                witness.phone(folder.name, started.story)
                return started  # or so short a scenario that it is over already
            started.stop()
        raise SippFailedError(f"sipp never bound a port:\n{(folder / 'screen.log').read_text(errors='replace')}")

    @classmethod
    def _spawn(cls, command: list[str], folder: Path, at: tuple[str, int], over: str) -> Self:
        host, port = at
        with (folder / "screen.log").open("wb") as screen:
            process = subprocess.Popen(
                [*command, "-i", host, "-p", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )
        return cls(process, folder, port, host, over)

    def _is_bound(self) -> bool:
        ports = udp_ports_of if self.over == "udp" else tcp_ports_of
        return self.port in ports(self.process.pid)

    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def address(self) -> tuple[str, int]:
        """Where this sipp listens."""
        return self.host, self.port

    @property
    def uri(self) -> str:
        """The same as a SIP URI without a user."""
        return f"sip:{self.host}:{self.port}"

    def messages(self) -> list[TracedMessage]:
        """Everything sent and received so far, in order. Packets that sipp lost on purpose are not in it."""
        trace = self.folder / "messages.log"
        return list(_parse_trace(trace.read_bytes())) if trace.exists() else []

    def received(self, start: str) -> list[TracedMessage]:
        """The received messages whose start line begins with `start`: "BYE", "SIP/2.0 487"."""
        return self._traced(Direction.RECEIVED, start)

    def sent(self, start: str) -> list[TracedMessage]:
        """The sent ones, likewise."""
        return self._traced(Direction.SENT, start)

    def _traced(self, direction: Direction, start: str) -> list[TracedMessage]:
        return [
            message
            for message in self.messages()
            if message.direction is direction and message.start_line.startswith(start)
        ]

    def wait_for(
        self, start: str, *, direction: Direction = Direction.RECEIVED, seconds: float = 10.0
    ) -> TracedMessage:
        """The first message that goes in `direction` and whose start line begins with `start`, once there is one.

        Raises:
            SippFailedError: there was none in time, or sipp ended without it.
        """
        found: list[TracedMessage] = []

        def seen() -> bool:
            found[:] = self._traced(direction, start)
            return bool(found)

        if not eventually(seen, unless=self._has_ended, seconds=seconds):
            raise SippFailedError(f"sipp never {direction.value} {start!r}:\n{self.report()}")
        return found[0]

    def wait(self, seconds: float = 30.0) -> int:
        """Its exit status once it ended: 0 when all calls kept the scenario, 1 when one did not, 97 on its deadline.

        Raises:
            SippFailedError: it still ran after `seconds`.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise SippFailedError(f"sipp did not end within {seconds} s:\n{self.report()}") from None

    def kept(self, seconds: float = 30.0) -> list[TracedMessage]:
        """Wait for the end, insist that every call kept the scenario, and return the whole trace.

        Raises:
            SippFailedError: otherwise.
        """
        status = self.wait(seconds)
        if status != 0:
            raise SippFailedError(f"sipp ended with status {status}:\n{self.report()}")
        return self.messages()

    def story(self) -> str:
        """What it heard and said in its first call, in order, repeats told once; what it said after an arrow."""
        messages = once(self.messages())
        calls = list(dict.fromkeys(message.header("Call-ID") for message in messages))
        words = [message.word for message in messages if message.header("Call-ID") in calls[:1]]
        more = f" (and {len(calls) - 1} more calls)" if len(calls) > 1 else ""
        return ", ".join(words) + more

    def errors(self) -> str:
        """sipp's error log; empty when it had nothing to complain of."""
        log = self.folder / "errors.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def report(self) -> str:
        """What a person needs to see why it failed: its errors, the last of its screen, its trace in start lines."""
        screen = (self.folder / "screen.log").read_text(errors="replace")[-1500:]
        lines = [
            f"{message.time:%H:%M:%S.%f} {message.direction.value:8} {message.start_line}"
            for message in self.messages()
        ]
        return "\n".join([self.errors()[:1500], screen, *lines])

    def stop(self) -> None:
        """End the process now if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def once(messages: list[TracedMessage]) -> list[TracedMessage]:
    """Without retransmissions: on a busy machine a timer of 500 ms may run out before the answer is read."""
    seen = set()
    kept = []
    for message in messages:
        known_by = (message.direction, message.start_line, message.header("CSeq"), message.header("Via"))
        if known_by not in seen:
            seen.add(known_by)
            kept.append(message)
    return kept


def _parse_trace(trace: bytes) -> Iterator[TracedMessage]:
    heads = list(_TRACE_HEAD.finditer(trace))
    for index, head in enumerate(heads):
        end = heads[index + 1].start() if index + 1 < len(heads) else len(trace)
        stamp = head["stamp"].decode().replace("\t", " ")
        text = trace[head.end() : end].decode(errors="replace").replace(_LOST_ON_SENDING, "")
        if not text.endswith(_LOST_ON_ARRIVAL):
            yield TracedMessage(datetime.fromisoformat(stamp), Direction(head["direction"].decode()), text.rstrip("\n"))


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
