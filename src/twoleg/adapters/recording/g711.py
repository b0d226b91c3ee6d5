"""G.711 as tables: octets of either law to octets of what a WAV file holds, at the speed of `bytes.translate`.

A voice is kept as planes: for 16 bit PCM all low octets and all high octets, for A-law the codes themselves. Planes of
two voices are woven into frames by slices, so that no sample is ever touched by itself.
"""

from __future__ import annotations

from enum import Enum, unique
from typing import NamedTuple

from twoleg.domain.recording import AudioFormat

RATE = 8000
"""Samples a second (ITU-T G.711)."""


@unique
class Codec(Enum):
    """What can be decoded, by its name in SDP (RFC 3551)."""

    PCMU = "PCMU"
    PCMA = "PCMA"


def alaw_to_linear(code: int) -> int:
    """The 16 bit sample of an A-law octet (ITU-T G.711, table 1; even bits are inverted on the wire)."""
    bits = code ^ 0x55
    exponent, mantissa = bits >> 4 & 7, bits & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return magnitude if bits & 0x80 else -magnitude


def ulaw_to_linear(code: int) -> int:
    """The 16 bit sample of a mu-law octet (ITU-T G.711, table 2; all bits are inverted on the wire)."""
    bits = code ^ 0xFF
    magnitude = (((bits & 15) << 3) + 0x84 << (bits >> 4 & 7)) - 0x84
    return -magnitude if bits & 0x80 else magnitude


def _nearest_alaw(sample: int) -> int:
    return min(range(256), key=lambda code: abs(alaw_to_linear(code) - sample))


_LINEAR = {
    Codec.PCMU: [ulaw_to_linear(code) for code in range(256)],
    Codec.PCMA: [alaw_to_linear(code) for code in range(256)],
}
_IDENTITY = bytes(range(256))
_ULAW_TO_ALAW = bytes(_nearest_alaw(sample) for sample in _LINEAR[Codec.PCMU])

Planes = tuple[bytes, ...]


class Weave(NamedTuple):
    """How voices become the frames of one audio format."""

    tables: dict[Codec, tuple[bytes, ...]]
    """For each plane the table that makes it of the codec's octets."""
    silence: bytes
    """One octet for each plane."""

    @property
    def frame(self) -> int:
        """Octets of one sample of both channels."""
        return 2 * len(self.silence)

    def planes(self, codec: Codec, octets: bytes) -> Planes:
        """The voice in planes."""
        return tuple(octets.translate(table) for table in self.tables[codec])

    def quiet(self, samples: int) -> Planes:
        """Silence of that length."""
        return tuple(bytes((octet,)) * samples for octet in self.silence)

    def frames(self, left: Planes, right: Planes) -> bytes:
        """Both voices, of the same length, sample by sample."""
        woven = bytearray(len(left[0]) * self.frame)
        for place, plane in enumerate((*left, *right)):
            woven[place :: self.frame] = plane
        return bytes(woven)


def _octets(codec: Codec, shift: int) -> bytes:
    return bytes(sample >> shift & 0xFF for sample in _LINEAR[codec])


WEAVES: dict[AudioFormat, Weave] = {
    AudioFormat.PCM: Weave({codec: (_octets(codec, 0), _octets(codec, 8)) for codec in Codec}, b"\0\0"),
    AudioFormat.ALAW: Weave({Codec.PCMA: (_IDENTITY,), Codec.PCMU: (_ULAW_TO_ALAW,)}, b"\xd5"),
}
