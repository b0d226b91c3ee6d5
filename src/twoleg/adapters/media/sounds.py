"""What we play to an agent: the ringing tone of a country, a greeting from a WAV file; and the forms relays take."""

from __future__ import annotations

import math
import struct
import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twoleg.domain.cadences import CADENCES
from twoleg.domain.g711 import to_alaw, to_ulaw
from twoleg.domain.media import LONGEST_GREETING

RATE = 8000
"""Samples per second of every sound."""
_LEVEL = 10_000
"""Peak of all tones together: about -7 dBm0, within the -10 (+-5) dBm0 that ITU-T E.180 asks of tones."""
_WAVE_ALAW = 6
_PACKET = 160
"""Samples of a packet of 20 ms."""


class SoundError(Exception):
    """A file that cannot be played, and why."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to play. Encoded once, played often: keep it."""

    name: str
    """Fit for a file name."""
    seconds: float
    alaw: bytes
    ulaw: bytes
    repeats: bool
    """Over and over, until it is stopped."""

    @property
    def wav(self) -> bytes:
        """A whole WAV file, G.711 A-law, one voice: half the size of linear samples, so it fits one datagram."""
        form = struct.pack("<HHIIHHH", _WAVE_ALAW, 1, RATE, RATE, 1, 8, 0)
        body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", self.alaw)
        return b"RIFF" + struct.pack("<I", len(body)) + body


def ringing_tone(country: str) -> Sound:
    """The ringing tone of a country of `CADENCES`; raises `KeyError` for another."""
    cadence = CADENCES[country]
    samples: list[int] = []
    for place, seconds in enumerate(cadence.rhythm):
        count = round(seconds * RATE)
        samples += [0] * count if place % 2 else _tone(cadence.hertz, count)
    return _sound(f"ringing-{country}", samples, repeats=True)


def greeting(file: Path) -> Sound:
    """A WAV file of 16 bit linear samples, one voice, 8 kHz, up to 30 s. Raises `SoundError`."""
    try:
        with wave.open(str(file), "rb") as read:
            if (read.getnchannels(), read.getsampwidth(), read.getframerate()) != (1, 2, RATE):
                raise SoundError(f"{file}: must be 16 bit, one voice, {RATE} Hz")
            if not 0 < read.getnframes() <= LONGEST_GREETING * RATE:
                raise SoundError(f"{file}: must last up to {LONGEST_GREETING:g} s, and not be empty")
            samples = array("h", read.readframes(read.getnframes()))
    except (OSError, EOFError, wave.Error) as error:
        raise SoundError(f"{file}: cannot be read as WAV: {error}") from error
    if sys.byteorder == "big":
        samples.byteswap()
    return _sound("greeting", samples, repeats=False)


def _sound(name: str, samples: Sequence[int], *, repeats: bool) -> Sound:
    whole = [*samples, *([0] * (-len(samples) % _PACKET))]
    return Sound(name, len(whole) / RATE, to_alaw(whole), to_ulaw(whole), repeats)


def _tone(hertz: Sequence[int], count: int) -> list[int]:
    turns = [2 * math.pi * each / RATE for each in hertz]
    return [round(_LEVEL / len(turns) * sum(math.sin(turn * at) for turn in turns)) for at in range(count)]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
