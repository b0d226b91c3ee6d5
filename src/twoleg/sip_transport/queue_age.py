"""How long datagrams lie in a socket before they are read: what nobody sees who only looks at what was read (Linux)."""

from __future__ import annotations

import fcntl
import struct

_FIONREAD = 0x541B
"""ioctl(2), udp(7): the size of the next datagram, 0 when there is none."""
_SIOCGSTAMPNS = 0x8907
"""socket(7): when the kernel received the datagram that was read last; the first question switches stamping on."""
_STAMP = struct.Struct("qq")
_SIZE = struct.Struct("i")


def queue_age(descriptor: int, now_us: int) -> float:
    """Seconds that the UDP socket is behind: the age of what was read last, if more is waiting; else 0.

    `now_us`: microseconds of the wall clock, in which the kernel stamps too; if it was set meanwhile, one answer is
    wrong. 0 also where the kernel does not say.
    """
    try:
        (size,) = _SIZE.unpack(fcntl.ioctl(descriptor, _FIONREAD, bytes(_SIZE.size)))
        seconds, nanoseconds = _STAMP.unpack(fcntl.ioctl(descriptor, _SIOCGSTAMPNS, bytes(_STAMP.size)))
    except OSError:
        return 0.0
    if size == 0:
        return 0.0
    stamped_us: int = seconds * 1_000_000 + nanoseconds // 1000
    return max(0, now_us - stamped_us) / 1_000_000
