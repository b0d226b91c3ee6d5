"""G.711 from linear samples: the tables of both laws, for sounds that we make ourselves."""

from __future__ import annotations

from collections.abc import Iterable

_ALAW_ENDS = (0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF)
_ULAW_ENDS = (0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF)
_ULAW_BIAS = 33
_ULAW_CLIP = 8159


def to_alaw(samples: Iterable[int]) -> bytes:
    """A-law (G.711 table 1, even bits inverted) of 16 bit samples, one byte each."""
    return bytes([_alaw(sample >> 3) for sample in samples])


def to_ulaw(samples: Iterable[int]) -> bytes:
    """Mu-law (G.711 table 2, all bits inverted) of 16 bit samples, one byte each."""
    return bytes([_ulaw(sample >> 2) for sample in samples])


def _alaw(value: int) -> int:
    """Of a 13 bit sample."""
    mask = 0xD5
    if value < 0:
        mask, value = 0x55, -value - 1
    segment = _segment(value, _ALAW_ENDS)
    if segment == len(_ALAW_ENDS):
        return 0x7F ^ mask
    step = value >> 1 if segment < 2 else value >> segment
    return (segment << 4 | step & 0xF) ^ mask


def _ulaw(value: int) -> int:
    """Of a 14 bit sample."""
    mask = 0xFF
    if value < 0:
        mask, value = 0x7F, -value
    value = min(value, _ULAW_CLIP) + _ULAW_BIAS
    segment = _segment(value, _ULAW_ENDS)
    if segment == len(_ULAW_ENDS):
        return 0x7F ^ mask
    return (segment << 4 | value >> (segment + 1) & 0xF) ^ mask


def _segment(value: int, ends: tuple[int, ...]) -> int:
    return next((number for number, end in enumerate(ends) if value <= end), len(ends))
