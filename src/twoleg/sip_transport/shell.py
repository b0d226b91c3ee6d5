"""What shells, the cores inside them, and the owners outside promise each other.  Protocols and counters only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from twoleg.sip.events import Event
from twoleg.sip.peers import Peer, Transmit


class SansIo(Protocol):
    """A core without I/O: `twoleg.sip.user_agent.UserAgent`, where the contract is written, or what wraps one."""

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        """Take one message."""

    def transport_failed(self, peer: Peer, now: float) -> None:
        """Nothing gets through to `peer`."""

    def connection_lost(self, peer: Peer, now: float) -> None:
        """The connection to `peer` ended; sending to it makes a new one."""

    def fire_timers(self, now: float) -> None:
        """Do what is due."""

    def next_deadline(self) -> float | None:
        """When `fire_timers` is wanted next."""

    def take_output(self) -> list[Transmit]:
        """What is to be sent, once."""

    def take_events(self) -> list[Event]:
        """What happened, once."""


Core = TypeVar("Core", bound=SansIo)
Core_co = TypeVar("Core_co", bound=SansIo, covariant=True)


class Shell(Protocol[Core_co]):
    """A core with an address or several, running on the current loop: `udp.UdpShell`, `transports.Transports`.

    Everything is called on the loop's own thread.
    """

    @property
    def local(self) -> Peer:
        """The address that peers reach us at; the first of several."""

    @property
    def agent(self) -> Core_co:
        """The core.  Call its verbs with `now()`; outside an event callback, `wake()` afterwards."""

    def now(self) -> float:
        """The clock of the core: seconds, monotonic."""

    def wake(self) -> None:
        """Verbs were called from outside: send what they produced, in this turn of the loop.  Cheap to repeat."""

    def close(self) -> None:
        """Send what is waiting if that is possible at once, then let go of the socket.  Again is harmless."""


class Hub(Protocol):
    """What a port does with what comes in; `driver.Driver` is one."""

    def now(self) -> float:
        """The clock, in seconds."""
        ...

    def hear(self, data: bytes, source: Peer) -> None:
        """One message came."""

    def unreachable(self, peer: Peer, why: str) -> None:
        """Nothing gets through to `peer`."""

    def connection_lost(self, peer: Peer) -> None:
        """The connection to `peer` ended."""

    def flush(self) -> None:
        """After a batch of the above: send and tell what came of it."""


class Port(Protocol):
    """One way in and out: sockets of one kind."""

    def start(self) -> None:
        """Begin to read."""

    def send(self, message: Transmit) -> None:
        """Send to a peer of this port's kind, or tell the hub that it is unreachable."""

    def close(self) -> None:
        """Send what can be sent at once and let go of the sockets.  Again is harmless."""


class Tap(Protocol):
    """Somebody who watches what goes over the wire.  Neither blocks nor raises, and changes nothing."""

    def heard(self, data: bytes, source: Peer) -> None:
        """A message came; the core is shown it next."""

    def sent(self, data: bytes, peer: Peer) -> None:
        """A message goes out, or tries to."""


class TransportLog(Protocol):
    """Where a shell says what people need to know; a structlog logger is one."""

    def info(self, event: str, /, **fields: object) -> object:
        """Good to know."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Somebody else's trouble."""

    def error(self, event: str, /, **fields: object) -> object:
        """Trouble of ours; `exc_info` is the exception."""


@dataclass(slots=True)
class Counters:
    """How often each thing happened since the start."""

    received: int = 0
    """Datagrams, and messages in streams, whatever was in them."""
    sent: int = 0
    keep_alives: int = 0
    """Empty datagrams and bare line breaks; never shown to the core."""
    malformed: int = 0
    stray: int = 0
    unsent: int = 0
    """Messages that the kernel refused or had no room for; the timers of RFC 3261 repeat what matters."""
    unreachable: int = 0
    """Times we learned that a peer cannot be reached (ICMP, no route)."""
    flooded: int = 0
    """Datagrams not heard, and pauses made, because their source sent more than it may."""
    connections_made: int = 0
    connections_taken: int = 0
    connections_refused: int = 0
    """Not taken: too many, from everywhere or from one address, or no good handshake."""
    connections_failed: int = 0
    """Not made: refused, too slow, or not who they should be."""
    connections_dropped: int = 0
    """Ended by us: too slow, too full, silent, or not SIP."""
    owner_faults: int = 0
    """Exceptions in the owner's callback."""
    core_faults: int = 0
    """Exceptions of ours inside the core; the leg concerned was ended."""
