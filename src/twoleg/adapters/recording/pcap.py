"""Reads pcap files (pcap-savefile(5)): UDP over IPv4 and IPv6, in the link layers that relays write.

What a killed relay left half written, or what is damaged, ends the file: all before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import BinaryIO

from twoleg.adapters.recording.packets import Captured

_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000.0),
    b"\xa1\xb2\xc3\xd4": (">", 1_000.0),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000.0),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000.0),
}
"""Byte order, and how many units of the fraction make a millisecond."""
_FILE_HEAD = 24
_LARGEST = 262_144
"""Octets of a record; more is damage (the largest snapshot length of libpcap)."""
_UDP = 17
_VLAN = (0x8100, 0x88A8)


class NotACapture(ValueError):
    """The file is not of the kind that it was said to be."""


def read_pcap(file: BinaryIO) -> Iterator[Captured]:
    """Its UDP datagrams in the order of the file. Raises `NotACapture`; an empty file has none."""
    head = file.read(_FILE_HEAD)
    if not head:
        return
    if len(head) < _FILE_HEAD or head[:4] not in _MAGIC:
        raise NotACapture("not a pcap file")
    order, per_ms = _MAGIC[head[:4]]
    network_of = _LINKS.get(Struct(order + "I").unpack_from(head, 20)[0] & 0x0FFF_FFFF)
    if network_of is None:
        raise NotACapture("a pcap file of an unknown link layer")
    record = Struct(order + "IIII")
    while len(part := file.read(record.size)) == record.size:
        seconds, fraction, kept, _ = record.unpack(part)
        if kept > _LARGEST or len(frame := file.read(kept)) < kept:
            return
        found = _datagram(frame, network_of(frame))
        if found is not None:
            yield Captured(seconds * 1000.0 + fraction / per_ms, *found)


def _datagram(frame: bytes, at: int) -> tuple[int, bytes] | None:
    """Destination port and payload of the UDP datagram in the IP packet that begins there."""
    if not 0 <= at < len(frame):
        return None
    version = frame[at] >> 4
    if version == 4 and len(frame) >= at + 20:
        is_whole = not (frame[at + 6] & 0x3F or frame[at + 7])
        protocol, udp = frame[at + 9], at + 4 * (frame[at] & 0x0F)
    elif version == 6 and len(frame) >= at + 40:
        is_whole, protocol, udp = True, frame[at + 6], at + 40
    else:
        return None
    if protocol != _UDP or not is_whole or len(frame) < udp + 8:
        return None
    port, length = int.from_bytes(frame[udp + 2 : udp + 4], "big"), int.from_bytes(frame[udp + 4 : udp + 6], "big")
    return port, frame[udp + 8 : udp + length]


def _after_ethernet(frame: bytes) -> int:
    at = 12
    while int.from_bytes(frame[at : at + 2], "big") in _VLAN:
        at += 4
    return at + 2


_LINKS: dict[int, Callable[[bytes], int]] = {
    0: lambda _frame: 4,
    1: _after_ethernet,
    12: lambda _frame: 0,
    14: lambda _frame: 0,
    101: lambda _frame: 0,
    113: lambda _frame: 16,
    228: lambda _frame: 0,
    229: lambda _frame: 0,
    276: lambda _frame: 20,
}
"""Where the IP packet begins, by link layer (tcpdump.org/linktypes.html): NULL, Ethernet, RAW (by three numbers), SLL,
IPv4, IPv6, SLL2."""
