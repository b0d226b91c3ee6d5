"""Where a message comes from or goes to, and the address we give of ourselves.  Values only."""

from __future__ import annotations

from typing import Protocol

from twoleg.sip.values import Value


class Peer(Value, frozen=True, gc=False):
    """A transport address: `transport` is "udp", "tcp" or "tls"; `host` an IP address without brackets; `port` 1-65535.

    `domain` is for TLS alone: the name that the peer's certificate must be for (RFC 5922 7.1), empty for `host` itself.
    """

    transport: str
    host: str
    port: int
    domain: str = ""

    @property
    def is_reliable(self) -> bool:
        """Whether the transport delivers or says that it cannot (RFC 3261 17): everything but UDP."""
        return self.transport != "udp"

    @property
    def host_port(self) -> str:
        """`host:port` as a URI or a Via writes it: IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Transmit(Value, frozen=True, gc=False):
    """One message for the shell to send, whole, to `peer`."""

    data: bytes
    peer: Peer


class RandomBits(Protocol):
    """The source of tags, branches, Call-IDs and back-offs: `random.SystemRandom()`, or a seeded one in tests."""

    def getrandbits(self, k: int, /) -> int:
        """`k` random bits as a non-negative integer."""
        ...
