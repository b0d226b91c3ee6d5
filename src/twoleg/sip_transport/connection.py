"""One TCP or TLS connection: octets to messages and back, keep-alives, and what a bad peer may cost."""

from __future__ import annotations

import asyncio
import socket as sockets_of_python
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from twoleg.sip.errors import SipParseError
from twoleg.sip.parser import StreamParser
from twoleg.sip.peers import Peer, Transmit

_BATCH: Final = 16
"""Messages heard before the rest of the loop gets its turn."""

_MOST_WAITING: Final = 1024 * 1024
"""Octets that may wait for a peer who does not read, or for a connection to come about."""

_PING: Final = b"\r\n\r\n"
_PONG: Final = b"\r\n"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What connections may cost; times in seconds."""

    most: int = 4096
    """Connections at once."""
    most_from_one: int = 1024
    """Connections taken from one address: an office behind one NAT may have many phones."""
    connect: float = 5.0
    """A connection of ours not made by then, TLS included, has failed."""
    handshake: float = 10.0
    """The same for one that we take."""
    message: float = 10.0
    """From the first octet of a message to its last."""
    first_message: float = 32.0
    """From taking a connection to the first message on it."""
    idle: float = 600.0
    """Without a message, or a ping of the other end, a connection is closed; RFC 3261 18 wants 32 s at least."""
    ping: float = 25.0
    """Between our pings when nothing else comes (RFC 5626 4.4.1 has 24 to 29 s for flows that may pass a NAT)."""
    pong: float = 10.0
    """A peer who has answered pings and answers none for so long is gone (RFC 5626 4.4.1)."""
    unread: float = 20.0
    """A peer that takes nothing of what we send for so long is gone; the kernel sees to most of it (tcp(7))."""


class Owner(Protocol):
    """Who has the connections: `streams.Streams`."""

    def now(self) -> float:
        """Seconds."""
        ...

    def wait_for(self, connection: Connection) -> float:
        """0 when one more message may be heard (it is counted), else the seconds until one may."""
        ...

    def heard(self, connection: Connection, data: bytes) -> None:
        """One message came."""

    def batch_over(self) -> None:
        """All that could be heard now was."""

    def pinged(self) -> None:
        """A keep-alive came."""

    def dropped(self, connection: Connection, why: str) -> None:
        """It is being ended by us."""

    def refuses(self, connection: Connection) -> str | None:
        """Why it must not be used, now that it is seen who is at the other end; None when all is well."""
        ...

    def lost(self, connection: Connection) -> None:
        """It is over, whoever ended it."""


class Connection(asyncio.Protocol):
    """Either ours, made to send to `peer`, or taken from it.  Before it is open, what is sent waits."""

    def __init__(self, owner: Owner, peer: Peer, *, is_ours: bool, limits: StreamLimits) -> None:
        self.peer = peer
        self.is_ours = is_ours
        self.waiting: list[Transmit] = []
        """What was sent before it was open."""
        self.refusal: str | None = None
        """Why it was not used, although it came about."""
        self.has_heard = False
        """Whether any message came."""
        self.is_named = False
        """Whether its first message was asked for other names."""
        self.aliases: list[Peer] = []
        self._owner = owner
        self._limits = limits
        self._parser = StreamParser()
        self._transport: asyncio.Transport | None = None
        self._turn: asyncio.Handle | None = None
        self._held: bytes | None = None
        """A message whose turn has not come, for its sender is too loud."""
        self._size = 0
        self._opened = self._used = self._came = owner.now()
        self._partial: float | None = None
        self._choked: float | None = None
        self._pinged: float | None = None
        self._has_ponged = False

    # ------------------------------------------------------------------ the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open; when the other end is who it should be, what waits is sent, before anything is heard."""
        opened = self._transport = cast(asyncio.Transport, transport)
        self.refusal = self._owner.refuses(self)
        if self.refusal is not None:
            opened.abort()
            return
        bound = transport.get_extra_info("socket")
        if bound is not None:
            _guard_against_silence(bound, self._limits.unread)
        self._opened = self._used = self._came = self._owner.now()
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            opened.write(message.data)

    @property
    def certificate(self) -> Mapping[str, Any]:
        """What the other end showed, verified; empty when it showed none."""
        found = self._transport.get_extra_info("peercert") if self._transport is not None else None
        return found or {}

    def data_received(self, data: bytes) -> None:
        """Octets came."""
        if self.refusal is not None:
            return
        self._came = self._owner.now()
        self._pinged = None
        if self.is_ours and not data.strip(_PONG):
            self._has_ponged = True  # nobody but us pings here, so line breaks are answers
            self._owner.pinged()
            return
        self._parser.add(data)
        if self._turn is None:
            self._hear()

    def _hear(self) -> None:
        """Up to a batch of messages; with more of them waiting, read nothing until their turn comes."""
        self._turn = None
        try:
            wait = self._hear_some()
        except SipParseError as error:
            self.drop(f"not SIP: {error.why}")
            return
        finally:
            self._owner.batch_over()
        if wait is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._turn = asyncio.get_running_loop().call_later(wait, self._resume)

    def _hear_some(self) -> float | None:
        """None when all was heard, else after how many seconds to go on."""
        owner, parser = self._owner, self._parser
        for _ in range(_BATCH):
            octets = self._held or parser.take()
            if octets is None:
                self._note_rest()
                return None
            wait = owner.wait_for(self)
            if wait > 0:
                self._held = octets
                return wait
            self._held = None
            self.has_heard = True
            self._used = owner.now()
            owner.heard(self, octets)
        return 0.0

    def _resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._hear()

    def _note_rest(self) -> None:
        now = self._owner.now()
        if self._parser.take_pings():
            self._used = now
            self._owner.pinged()
            self._write(_PONG)
        if not self._parser.is_inside:
            self._partial = None
        elif self._partial is None or self._used > self._partial:
            self._partial = now

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._choked = self._owner.now()

    def resume_writing(self) -> None:
        """It reads again."""
        self._choked = None

    def connection_lost(self, _exc: Exception | None) -> None:
        """It is over."""
        if self._turn is not None:
            self._turn.cancel()
        self._owner.lost(self)

    # ------------------------------------------------------------------ the owner's side

    def send(self, message: Transmit) -> bool:
        """Send, or keep it until the connection is open; False when that is too much for it."""
        if self._transport is None:
            self._size += len(message.data)
            if self._size <= _MOST_WAITING:
                self.waiting.append(message)
            return self._size <= _MOST_WAITING
        if self._transport.get_write_buffer_size() + len(message.data) > _MOST_WAITING:
            self.drop("it does not read")
            return False
        self._used = self._owner.now()
        self._write(message.data)
        return True

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    @property
    def is_open(self) -> bool:
        """Whether what is sent may still arrive."""
        return self._transport is None or not self._transport.is_closing()

    @property
    def last_used(self) -> float:
        """When a message, or a ping of the other end, went by."""
        return self._used

    def look(self, now: float) -> None:
        """Once a second or so: end it when its time is up, ping when nothing came for a while."""
        why = self._overdue(now)
        if why is not None:
            self.drop(why)
        elif now - self._used > self._limits.idle:
            self.close()
        elif self.is_ours and self._pinged is None and now - self._came > self._limits.ping:
            self._pinged = self._came = now
            self._write(_PING)

    def _overdue(self, now: float) -> str | None:
        limits = self._limits
        if self._partial is not None and now - self._partial > limits.message:
            return "half a message"
        if self._choked is not None and now - self._choked > limits.unread:
            return "it does not read"
        if self._pinged is not None and self._has_ponged and now - self._pinged > limits.pong:
            return "no answer to a ping"
        if not self.is_ours and not self.has_heard and now - self._opened > limits.first_message:
            return "silent from the start"
        return None

    def drop(self, why: str) -> None:
        """End it at once."""
        self._owner.dropped(self, why)
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End it when what is on its way out is out."""
        if self._transport is not None:
            self._transport.close()


def _guard_against_silence(bound: Any, seconds: float) -> None:
    """RFC 5482: data that is not acknowledged for so long ends the connection, and so does a peer that vanished."""
    bound.setsockopt(sockets_of_python.IPPROTO_TCP, sockets_of_python.TCP_NODELAY, 1)
    bound.setsockopt(sockets_of_python.IPPROTO_TCP, sockets_of_python.TCP_USER_TIMEOUT, int(seconds * 1000))
    bound.setsockopt(sockets_of_python.SOL_SOCKET, sockets_of_python.SO_KEEPALIVE, 1)
