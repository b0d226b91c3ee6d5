"""A capture file read by the text of its specifications, not by our code: libpcap's format, Ethernet, IP, UDP."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Packet:
    """One datagram."""

    at: float
    source: tuple[str, int]
    target: tuple[str, int]
    payload: bytes
    original: int
    """Octets of the frame before it was cut."""


def packets(file: bytes) -> list[Packet]:
    """All packets; fails at whatever a reader of such files would stumble over."""
    magic, major, minor, zone, accuracy, longest, link = struct.unpack_from("<IHHiIII", file)
    assert (magic, major, minor, zone, accuracy, link) == (0xA1B2C3D4, 2, 4, 0, 0, 1)
    found, place = [], 24
    while place < len(file):
        seconds, microseconds, kept, original = struct.unpack_from("<IIII", file, place)
        assert microseconds < 1_000_000
        assert kept <= longest
        frame = file[place + 16 : place + 16 + kept]
        assert len(frame) == kept
        found.append(_packet(seconds + microseconds / 1e6, frame, original))
        place += 16 + kept
    return found


def _packet(at: float, frame: bytes, original: int) -> Packet:
    kind = int.from_bytes(frame[12:14], "big")
    if kind == 0x0800:
        assert frame[14] == 0x45
        total = int.from_bytes(frame[16:18], "big")
        header, packet = frame[14:34], frame[14 : 14 + total]
        assert _sums_up(header)
        assert header[9] == 17
        ends, datagram = header[12:20], packet[20:]
    else:
        assert kind == 0x86DD
        assert frame[14] >> 4 == 6
        assert frame[20] == 17
        ends, datagram = frame[22:54], frame[54 : 54 + int.from_bytes(frame[18:20], "big")]
    from_port, to_port, length, checksum = struct.unpack_from("!HHHH", datagram)
    assert length == len(datagram)
    assert checksum
    assert _sums_up(ends + bytes([0, 17]) + struct.pack("!H", length) + datagram)
    half = len(ends) // 2
    return Packet(
        at,
        (str(ip_address(ends[:half])), from_port),
        (str(ip_address(ends[half:])), to_port),
        datagram[8:],
        original,
    )


def _sums_up(data: bytes) -> bool:
    """RFC 1071: the ones' complement sum of what holds its own checksum is all ones."""
    padded = data + bytes(len(data) % 2)
    total = sum(padded[place] << 8 | padded[place + 1] for place in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF
