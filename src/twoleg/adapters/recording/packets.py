"""What a capture holds: packets with the time of their arrival; and RTP (RFC 3550) as far as a recording needs it."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

_HEAD = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_RTCP = range(192, 224)
"""The second octet of RTCP packets on a shared port (RFC 5761 4)."""


class Captured(NamedTuple):
    """A datagram."""

    at: float
    """Ms since the epoch, by the relay's clock."""
    port: int
    """Its UDP destination port; 0 where the file does not say."""
    octets: bytes


class Rtp(NamedTuple):
    """An RTP packet."""

    payload_type: int
    sequence: int
    timestamp: int
    """In samples, modulo 2**32."""
    ssrc: int
    payload: bytes


def read_rtp(octets: bytes) -> Rtp | None:
    """The packet; None for what is no RTP (RTCP, STUN, DTLS, garbage)."""
    if len(octets) < _HEAD.size or octets[0] >> 6 != 2 or octets[1] in _RTCP:
        return None
    first, second, sequence, timestamp, ssrc = _HEAD.unpack_from(octets)
    begin = _HEAD.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(octets) < begin + 4:
            return None
        begin += 4 + 4 * _EXTENSION.unpack_from(octets, begin)[1]
    end = len(octets) - (octets[-1] if first & 0x20 else 0)
    return None if begin > end else Rtp(second & 0x7F, sequence, timestamp, ssrc, octets[begin:end])
