"""Addresses and UDP sockets, made once at start.  Names are looked up here, never for a message."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from twoleg.sip.peers import Peer

BUFFER: Final = 4 * 1024 * 1024
"""Octets asked for in each direction: with the 208 KB that Linux gives, bursts of 300 calls/s lose packets."""

# Linux, socket(7): like SO_SNDBUF and SO_RCVBUF, but past net.core.?mem_max, for those with CAP_NET_ADMIN.
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33


class AddressError(ValueError):
    """An address that cannot be used as asked; the text says which and why, fit for an operator."""


def resolve_once(host: str, port: int, *, transport: str = "udp") -> Peer:
    """The peer that `host` (an address, with or without brackets, or a name) stands for now.

    A name is looked up at once, blocking, and the first address is kept for good: for start-up only.
    Raises AddressError.
    """
    bare = host.removeprefix("[").removesuffix("]")
    if not 0 < port < 65536:
        raise AddressError(f"port {port} is not within 1..65535")
    try:
        found = socket.getaddrinfo(bare, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"no address for {host!r}: {error}") from error
    return Peer(transport, str(found[0][4][0]), port)


def is_sendable(peer: Peer, family: int) -> bool:
    """Whether a socket of `family` can send to `peer` without a look-up: an address of that family, a port 1..65535."""
    try:
        version = ipaddress.ip_address(peer.host.partition("%")[0]).version
    except ValueError:
        return False
    return (version == 6) == (family == socket.AF_INET6) and 0 < peer.port < 65536


def bind_udp(host: str, port: int) -> socket.socket:
    """A UDP socket bound to an IP address (no name) and a port, 0 for any free one.

    Raises AddressError when `host` is no address, OSError when the kernel refuses (in use, not ours, privileged).
    """
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        raise AddressError(f"{host!r} is not an IP address") from None
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # else IPv4 peers look like ::ffff:192.0.2.1
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound


def local_peer(bound: socket.socket, *, advertised: str | None = None) -> Peer:
    """The address of a bound UDP socket as peers shall see it; `advertised`, an IP address, stands in for its host.

    Raises AddressError when the socket is bound to all addresses and none is advertised, or that is no address.
    """
    host, port = bound.getsockname()[:2]
    if advertised is not None:
        host = advertised.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise AddressError(f"{host!r} is not an IP address") from None
    if address.is_unspecified:
        raise AddressError(f"bound to every address ({host}): an advertised one is needed for Via and Contact")
    return Peer("udp", host, port)


def widen_buffers(bound: socket.socket) -> int:
    """Ask for `BUFFER` octets each way and say how many the kernel granted for receiving."""
    for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            bound.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
        except OSError:  # not privileged: the kernel cuts the wish down to its limit
            bound.setsockopt(socket.SOL_SOCKET, plain, BUFFER)
    return bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # Linux counts its own overhead, doubling it
