"""Synthetic captures: tones as RTP in G.711, written as relays write them. Shares no code with what reads them."""

from __future__ import annotations

import math
import struct
import wave
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from interop.tones import RATE

T0 = 1_621_823_865_000
"""Ms since the epoch at which the captures begin."""
AGENT_PORT, CUSTOMER_PORT = 30_000, 30_010
PER_PACKET = 160
PACKET_MS = 20


def sine(hz: float, seconds: float, *, loud: float = 8_000) -> list[int]:
    return [round(loud * math.sin(2 * math.pi * hz * place / RATE)) for place in range(round(RATE * seconds))]


def ulaw(sample: int) -> int:
    """By the textbook: sign, exponent, mantissa of the biased magnitude, inverted."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32_635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 15) & 0xFF


def alaw(sample: int) -> int:
    """By the textbook: sign, exponent, mantissa of the magnitude, even bits inverted."""
    sign, magnitude = (0, -sample - 1) if sample < 0 else (0x80, sample)
    magnitude = min(magnitude, 32_767) >> 3
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = magnitude >> 1 & 15 if exponent == 0 else magnitude >> exponent & 15
    return (sign | exponent << 4 | mantissa) ^ 0x55


@dataclass(frozen=True)
class Datagram:
    at: float
    """Ms since the epoch."""
    port: int
    octets: bytes


def rtp(*, payload_type: int, sequence: int, timestamp: int, payload: bytes, ssrc: int = 0xA11CE) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, ssrc) + payload


def speech(
    samples: list[int],
    *,
    port: int,
    law: str = "PCMA",
    begins: float = T0,
    sequence: int = 100,
    timestamp: int = 5_000,
    ssrc: int = 0xA11CE,
    payload_type: int | None = None,
) -> list[Datagram]:
    """A steady sender: 20 ms in each packet, sent when its last sample was spoken."""
    encode, number = (alaw, 8) if law == "PCMA" else (ulaw, 0)
    kind = number if payload_type is None else payload_type
    return [
        Datagram(
            at=begins + PACKET_MS * (count + 1),
            port=port,
            octets=rtp(
                payload_type=kind,
                sequence=sequence + count,
                timestamp=timestamp + place,
                payload=bytes(map(encode, samples[place : place + PER_PACKET])),
                ssrc=ssrc,
            ),
        )
        for count, place in enumerate(range(0, len(samples), PER_PACKET))
    ]


def in_order(*senders: Iterable[Datagram]) -> list[Datagram]:
    return sorted((one for sender in senders for one in sender), key=lambda one: one.at)


def _udp(one: Datagram) -> bytes:
    return struct.pack("!HHHH", 40_000, one.port, 8 + len(one.octets), 0) + one.octets


def _ipv4(one: Datagram) -> bytes:
    udp = _udp(one)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\2") + udp


def _ipv6(one: Datagram) -> bytes:
    udp = _udp(one)
    return struct.pack("!IHBB16s16s", 6 << 28, len(udp), 17, 64, b"\0" * 15 + b"\1", b"\0" * 15 + b"\2") + udp


LINKS = {
    "ethernet": (1, lambda one: b"\0" * 12 + b"\x08\x00" + _ipv4(one)),
    "vlan": (1, lambda one: b"\0" * 12 + b"\x81\x00\x00\x05\x08\x00" + _ipv4(one)),
    "raw": (101, _ipv4),
    "raw ipv6": (101, _ipv6),
    "null": (0, lambda one: struct.pack("<I", 2) + _ipv4(one)),
    "cooked": (113, lambda one: b"\0" * 14 + b"\x08\x00" + _ipv4(one)),
}


def pcap(datagrams: Iterable[Datagram], *, link: str = "raw", order: str = "<", nanoseconds: bool = False) -> bytes:
    number, frame_of = LINKS[link]
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, number) + b"".join(
        _pcap_records(datagrams, frame_of, order, 1_000_000 if nanoseconds else 1_000)
    )


def _pcap_records(datagrams: Iterable[Datagram], frame_of: object, order: str, per_ms: int) -> Iterator[bytes]:
    for one in datagrams:
        frame = frame_of(one)  # type: ignore[operator]  # one of LINKS
        seconds, ms = divmod(one.at, 1000)
        yield struct.pack(order + "IIII", int(seconds), round(ms * per_ms), len(frame), len(frame)) + frame


def rtpproxy(datagrams: Iterable[Datagram]) -> bytes:
    """As rtpp_record_adhoc.h lays it out."""
    return b"".join(
        struct.pack("=HH16sdH", 2, 0x409C, b"\x7f\0\0\1", one.at / 1000, len(one.octets)) + one.octets
        for one in datagrams
    )


def channels(path: Path) -> tuple[array[int], array[int]]:
    """Left and right of a 16 bit stereo WAV file, as Python's own reader has it."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        samples = array("h", file.readframes(file.getnframes()))
    return samples[::2], samples[1::2]
