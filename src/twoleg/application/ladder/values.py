"""What a ladder is made of.  Values only; times are microseconds since the Unix epoch unless a name says otherwise."""

from __future__ import annotations

from enum import Enum, unique
from ipaddress import IPv4Address, IPv6Address, ip_address

from twoleg.domain.call import Call, Role
from twoleg.domain.values import Value


class Place(Value, frozen=True, gc=False):
    """A transport address; `host` is an IP address without brackets."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """`host:port`, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class WireMessage(Value, frozen=True, gc=False):
    """One SIP message as it went over the wire, without its secrets (`twoleg.sip.redaction`)."""

    at: int
    role: Role
    """Whose leg it belongs to."""
    is_out: bool
    """We sent it."""
    transport: str
    """"udp", "tcp" or "tls"."""
    local: Place
    """The address of ours that the peer is told; over TCP and TLS the connection may have another port."""
    peer: Place
    data: bytes

    @property
    def source(self) -> Place:
        """Who sent it."""
        return self.local if self.is_out else self.peer

    @property
    def destination(self) -> Place:
        """Who was to get it."""
        return self.peer if self.is_out else self.local

    @property
    def addresses(self) -> tuple[IPv4Address, IPv4Address] | tuple[IPv6Address, IPv6Address]:
        """Those of source and destination, in one family: an odd IPv4 one is mapped (RFC 4291 2.5.5.2)."""
        source, target = ip_address(self.source.host), ip_address(self.destination.host)
        if isinstance(source, IPv4Address) and isinstance(target, IPv4Address):
            return source, target
        return _six(source), _six(target)


class Capture(Value, frozen=True, gc=False):
    """All that is kept of a call's messages."""

    serial: int
    tenant_id: str
    ended_at: int
    """ms since the epoch."""
    messages: tuple[WireMessage, ...] = ()
    """In the order in which they were seen."""
    omitted: int = 0
    """Messages from the middle that exceeded what one call may keep."""
    is_dropped: bool = False
    """Nothing was kept, for want of room: the memory of all calls together is bounded."""


def _six(address: IPv4Address | IPv6Address) -> IPv6Address:
    return address if isinstance(address, IPv6Address) else IPv6Address(f"::ffff:{address}")


@unique
class Lane(Enum):
    """The columns, from left to right."""

    API = "api"
    AGENT = "agent"
    TWOLEG = "twoleg"
    CUSTOMER = "customer"
    WEBHOOK = "webhook"


@unique
class Kind(Enum):
    """What an entry is."""

    API = "api"
    SIP = "sip"
    STEP = "step"
    """A fact of the call machine, from the event table."""
    WEBHOOK = "webhook"


class Delivery(Value, frozen=True, gc=False):
    """One try to tell a webhook receiver of an event."""

    at: int
    """ms since the epoch, like the steps."""
    receiver: str
    """Its host; the rest of a URL may hold secrets."""
    event: str
    outcome: str
    """`HTTP 200`, or why there was no answer."""


class Entry(Value, frozen=True, gc=False):
    """One line of the ladder: an arrow from lane to lane, or, when both are the same, a note on it."""

    at: int
    kind: Kind
    source: Lane
    target: Lane
    label: str
    """A few words."""
    detail: str = ""
    """One line more, "" for none."""
    message: WireMessage | None = None
    is_repeat: bool = False
    """The same message was seen before, in the same direction: sent again, or heard again."""


@unique
class Fate(Enum):
    """What became of the capture of a call's messages."""

    KEPT = "kept"
    IN_PROGRESS = "in_progress"
    NOTHING_SENT = "nothing_sent"
    SWITCHED_OFF = "switched_off"
    SAMPLED_OUT = "sampled_out"
    DROPPED_FOR_ROOM = "dropped_for_room"
    EXPIRED = "expired"
    NOT_FOUND = "not_found"


class Ladder(Value, frozen=True, gc=False):
    """Everything there is to draw."""

    call: Call
    entries: tuple[Entry, ...]
    fate: Fate
    says: str
    """The fate in one plain sentence."""
    omitted: int = 0
    """Messages that are missing between the first and the last ones."""

    @property
    def began_at(self) -> int:
        """Where the time axis starts."""
        return self.entries[0].at if self.entries else self.call.created_at * 1000

    @property
    def messages(self) -> tuple[WireMessage, ...]:
        """The SIP messages, in order."""
        return tuple(entry.message for entry in self.entries if entry.message is not None)
