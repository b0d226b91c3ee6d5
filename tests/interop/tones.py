"""Tones in WAV files: make one, and hear which one a recording holds. 16 bit mono, standard library only."""

from __future__ import annotations

import math
import sys
import wave
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RATE = 8000
"""Samples per second: what G.711 carries, so a tone survives unresampled."""

_WINDOW = 0.2
"""Seconds that are looked at: long enough to tell 10 Hz apart."""

_SILENCE = 200.0
"""Mean absolute sample below which a window counts as silence (a full tone of ours has about 6,500)."""


def tone(path: Path, hz: float, seconds: float) -> Path:
    """Write a sine of `hz` (below 4,000) lasting `seconds` to `path`, and return `path`."""
    samples = array("h", (round(10_000 * math.sin(2 * math.pi * hz * i / RATE)) for i in range(round(RATE * seconds))))
    write_samples(path, samples)
    return path


def write_samples(path: Path, samples: array[int]) -> None:
    """Write 16 bit mono samples at `RATE` to `path`."""
    if sys.byteorder == "big":
        samples = array("h", samples)
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def read_samples(path: Path) -> tuple[array[int], int]:
    """The samples of a 16 bit WAV file (its first voice if it has several) and their rate in Hz."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2, f"{path} is not 16 bit"
        samples = array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples[:: file.getnchannels()], file.getframerate()


def dominant_frequency(path: Path) -> float:
    """The strongest frequency in Hz (to 10 Hz, 50 to 3,900) in the loudest fifth of a second; 0.0 for silence."""
    return frequency_of(*read_samples(path))


def frequency_of(samples: array[int], rate: int) -> float:
    """The same, of samples at that rate."""
    window = _loudest(samples, round(rate * _WINDOW))
    if not is_audible(window):
        return 0.0
    return max(range(50, 3901, 10), key=lambda hz: _power(window, hz / rate))


def last_frequency(path: Path, *, seconds: float) -> float:
    """The same, of the last so many seconds of the recording."""
    samples, rate = read_samples(path)
    return frequency_of(samples[-round(rate * seconds) :], rate)


def is_audible(samples: Sequence[int]) -> bool:
    """Whether these samples are louder than silence."""
    return _loudness(samples) >= _SILENCE


def audible_seconds(path: Path) -> float:
    """How much of the recording is louder than silence, in seconds, to 20 ms."""
    samples, rate = read_samples(path)
    step = rate // 50
    return sum(is_audible(samples[i : i + step]) for i in range(0, len(samples), step)) / 50


def _loudest(samples: array[int], length: int) -> array[int]:
    starts = range(0, max(1, len(samples) - length + 1), max(1, length // 4))
    best = max(starts, key=lambda start: _loudness(samples[start : start + length]))
    return samples[best : best + length]


def _loudness(samples: Sequence[int]) -> float:
    return sum(map(abs, samples)) / len(samples) if samples else 0.0


def _power(samples: Sequence[int], cycles_per_sample: float) -> float:
    """Goertzel: the power of one frequency in the samples."""
    turn = 2 * math.cos(2 * math.pi * cycles_per_sample)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    return last * last + before * before - turn * last * before
