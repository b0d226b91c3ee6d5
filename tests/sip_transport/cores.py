"""A core that does what the test says, and a log that remembers: what the shells are tested with."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from twoleg.sip.events import Event, OptionsAnswered
from twoleg.sip.peers import Peer, Transmit

LOOPBACK = "127.0.0.1"


def told(token: object) -> OptionsAnswered:
    """An event like any other."""
    return OptionsAnswered(token, 200)


@dataclass(slots=True)
class ScriptedCore:
    """Remembers its verbs; `on_receive` may answer."""

    heard: list[tuple[bytes, Peer, float]] = field(default_factory=list)
    failed: list[Peer] = field(default_factory=list)
    lost: list[Peer] = field(default_factory=list)
    fired: list[float] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    output: list[Transmit] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    on_receive: Callable[[bytes, Peer], None] = lambda data, source: None  # noqa: ARG005
    flushes: int = 0

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        self.heard.append((data, source, now))
        self.on_receive(data, source)

    def transport_failed(self, peer: Peer, now: float) -> None:
        self.failed.append(peer)

    def connection_lost(self, peer: Peer, now: float) -> None:
        self.lost.append(peer)

    def fire_timers(self, now: float) -> None:
        self.fired.append(now)
        self.deadlines = [deadline for deadline in self.deadlines if deadline > now]

    def next_deadline(self) -> float | None:
        return min(self.deadlines, default=None)

    def take_output(self) -> list[Transmit]:
        self.flushes += 1
        output, self.output = self.output, []
        return output

    def take_events(self) -> list[Event]:
        events, self.events = self.events, []
        return events


@dataclass(slots=True)
class RememberingLog:
    """`lines` are (level, event, fields)."""

    lines: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, /, **fields: object) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, /, **fields: object) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, /, **fields: object) -> None:
        self.lines.append(("error", event, fields))

    def of(self, event: str) -> list[dict[str, object]]:
        """The fields of every line of that event."""
        return [fields for _, name, fields in self.lines if name == event]


class PeerSocket:
    """The other end: a plain non-blocking UDP socket on the loopback."""

    def __init__(self, host: str = LOOPBACK) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(0)

    @property
    def peer(self) -> Peer:
        host, port = self._socket.getsockname()[:2]
        return Peer("udp", host, port)

    def send(self, data: bytes, to: Peer) -> None:
        self._socket.sendto(data, (to.host, to.port))

    async def receive(self) -> bytes:
        """The next datagram."""
        return await asyncio.get_running_loop().sock_recv(self._socket, 65535)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def dead_peer() -> Peer:
    """An address where nobody listens."""
    with PeerSocket() as gone:
        return gone.peer
