"""What the kernel heard about datagrams that did not arrive: Linux's error queue, ip(7) IP_RECVERR."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import Final

from twoleg.sip.peers import Peer

# ip(7), ipv6(7) and <linux/errqueue.h>; the socket module of Python 3.11 does not name them.
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_FROM_ICMP: Final = 2
_FROM_ICMP6: Final = 3
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")  # errno, origin, type, code, pad, info, data

# RFC 792 and RFC 4443 types that RFC 3261 18.4 counts: destination unreachable, parameter problem.
_FATAL: Final = frozenset({(_FROM_ICMP, 3), (_FROM_ICMP, 12), (_FROM_ICMP6, 1), (_FROM_ICMP6, 4)})
_FRAGMENTATION_NEEDED: Final = (_FROM_ICMP, 3, 4)
"""Of these, the one that only asks for smaller packets (RFC 1191); the kernel sees to that."""


def report_errors(bound: socket.socket) -> None:
    """Make the kernel keep what ICMP says about datagrams sent from `bound`."""
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        bound.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)


def take_unreachable(bound: socket.socket) -> Iterator[tuple[Peer, str]]:
    """Empty the error queue of a non-blocking socket: who cannot be reached, and why.

    Time exceeded, source quench and the like are passed over (RFC 3261 18.4).
    """
    while True:
        try:
            _, ancillary, _, address = bound.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        except OSError:  # the queue is empty
            return
        for _level, _kind, octets in ancillary:
            if len(octets) < _EXTENDED_ERROR.size or not address:
                continue
            number, origin, kind, code, *_ = _EXTENDED_ERROR.unpack_from(octets)
            if (origin, kind) in _FATAL and (origin, kind, code) != _FRAGMENTATION_NEEDED:
                yield Peer("udp", address[0], address[1]), os.strerror(number)
