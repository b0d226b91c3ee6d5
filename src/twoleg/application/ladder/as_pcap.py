"""The SIP messages of a ladder as a capture file (libpcap 2.4, microseconds, Ethernet), for Wireshark and its like.

Each message is one UDP datagram between the addresses that it really went between, in Ethernet and IP headers made up
here: what came over TCP or TLS was a stream, of which only the messages are known. Secrets are gone from it, as from
every ladder, and Content-Length fits. Steps and webhooks are not packets and not in it.
"""

from __future__ import annotations

import struct
from typing import Final

from twoleg.application.ladder.values import Ladder, WireMessage

_FILE_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
"""Magic, version 2.4, UTC, no accuracy given, snapshot length, LINKTYPE_ETHERNET."""
_US: Final = bytes.fromhex("020000000001")
_THEM: Final = bytes.fromhex("020000000002")
"""Locally administered addresses (IEEE 802): nobody's."""
_UDP: Final = 17
_LARGEST: Final = 65_535 - 20 - 8
"""Octets that an IPv4 datagram has room for; more can only come over a stream, and is cut."""


def as_pcap(ladder: Ladder) -> bytes:
    """The file; without messages it holds no packets, and is valid all the same."""
    return _FILE_HEADER + b"".join(_record(each) for each in ladder.messages)


def _record(message: WireMessage) -> bytes:
    whole = len(message.data)
    frame = _frame(message, message.data[:_LARGEST])
    seconds, microseconds = divmod(message.at, 1_000_000)
    original = len(frame) + max(0, whole - _LARGEST)
    return struct.pack("<IIII", seconds & 0xFFFFFFFF, microseconds, len(frame), original) + frame


def _frame(message: WireMessage, payload: bytes) -> bytes:
    source, target = message.addresses
    ends = _US + _THEM if not message.is_out else _THEM + _US
    ports = message.source.port, message.destination.port
    hosts = source.packed + target.packed
    datagram = _udp(hosts, ports, payload)
    return ends + (_ipv4(hosts, datagram) if source.version == 4 else _ipv6(hosts, datagram))


def _ipv4(ends: bytes, datagram: bytes) -> bytes:
    """With its EtherType; RFC 791 3.1."""
    before = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(datagram), 0, 0x4000, 64, _UDP)
    return b"\x08\x00" + before + struct.pack("!H", _checksum(before + ends)) + ends + datagram


def _ipv6(ends: bytes, datagram: bytes) -> bytes:
    """With its EtherType; RFC 8200 3."""
    return b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(datagram), _UDP, 64) + ends + datagram


def _udp(ends: bytes, ports: tuple[int, int], payload: bytes) -> bytes:
    """RFC 768, with the checksum over the pseudo header, which RFC 8200 8.1 demands over IPv6."""
    length = 8 + len(payload)
    head = struct.pack("!HHH", *ports, length)
    checksum = _checksum(ends + struct.pack("!II", length, _UDP) + head + payload) or 0xFFFF
    return head + struct.pack("!H", checksum) + payload


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) & ~1])) + (
        data[-1] << 8 if len(data) % 2 else 0
    )
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
