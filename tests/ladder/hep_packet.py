"""A HEP3 packet taken apart by the text of the specification, not by our code.

The chunk types are those of "HEP/EEP network protocol" (github.com/sipcapture/HEP), compared with what its own
implementations read and write: heplify and heplify-server, sipcapture of Kamailio, proto_hep of OpenSIPS, sngrep.
"""

from __future__ import annotations

NAMES = {
    0x0001: ("family", 1),
    0x0002: ("protocol", 1),
    0x0003: ("source4", 4),
    0x0004: ("target4", 4),
    0x0005: ("source6", 16),
    0x0006: ("target6", 16),
    0x0007: ("source_port", 2),
    0x0008: ("target_port", 2),
    0x0009: ("seconds", 4),
    0x000A: ("microseconds", 4),
    0x000B: ("kind", 1),
    0x000C: ("agent", 4),
    0x000E: ("key", None),
    0x000F: ("payload", None),
    0x0011: ("correlation", None),
}
"""Generic chunk types: name, and length of the value where the type has one."""


def chunks(packet: bytes) -> dict[str, bytes]:
    """The values by name; fails at a packet that breaks the layout."""
    assert packet[:4] == b"HEP3"
    assert int.from_bytes(packet[4:6], "big") == len(packet)
    found: dict[str, bytes] = {}
    place = 6
    while place < len(packet):
        vendor, kind, length = (int.from_bytes(packet[place + at : place + at + 2], "big") for at in (0, 2, 4))
        assert vendor == 0
        assert length >= 6
        name, size = NAMES[kind]
        value = packet[place + 6 : place + length]
        assert len(value) == length - 6 == (length - 6 if size is None else size)
        assert name not in found
        found[name] = value
        place += length
    assert place == len(packet)
    return found


def number(value: bytes) -> int:
    """In network byte order."""
    return int.from_bytes(value, "big")
