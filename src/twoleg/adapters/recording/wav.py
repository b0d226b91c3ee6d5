"""RIFF/WAV with two channels at 8 kHz: 16 bit PCM (format tag 1) or G.711 A-law (tag 6), and whether a file is whole.

Layout by "Multimedia Programming Interface and Data Specifications 1.0" and, for tag 6, RFC 2361: the fmt chunk ends
with an empty extension and a fact chunk counts the samples.
"""

from __future__ import annotations

from struct import Struct, error
from typing import BinaryIO, Final

from twoleg.adapters.recording.g711 import RATE
from twoleg.domain.recording import AudioFormat

CHANNELS: Final = 2
_TAG = {AudioFormat.PCM: 1, AudioFormat.ALAW: 6}
_OCTETS = {AudioFormat.PCM: 2, AudioFormat.ALAW: 1}
_FORMAT = Struct("<HHIIHH")
_CHUNK = Struct("<4sI")
LARGEST = 0xFFFF_FFFF
"""Octets that a RIFF file can count."""


def head(audio_format: AudioFormat, frames: int) -> bytes:
    """The file up to its first sample. Raises `ValueError` for more frames than a WAV file can hold."""
    width = CHANNELS * _OCTETS[audio_format]
    described = _FORMAT.pack(_TAG[audio_format], CHANNELS, RATE, RATE * width, width, 8 * _OCTETS[audio_format])
    if audio_format is AudioFormat.ALAW:
        described += b"\0\0"
    chunks = _CHUNK.pack(b"fmt ", len(described)) + described
    if audio_format is AudioFormat.ALAW:
        chunks += _CHUNK.pack(b"fact", 4) + frames.to_bytes(4, "little")
    size = len(b"WAVE") + len(chunks) + _CHUNK.size + frames * width
    if size > LARGEST - 8:
        raise ValueError(f"{frames} samples are more than a WAV file can hold")
    return _CHUNK.pack(b"RIFF", size) + b"WAVE" + chunks + _CHUNK.pack(b"data", frames * width)


def most_frames(audio_format: AudioFormat) -> int:
    """The samples of each channel that a file can hold: 37 hours of PCM, 74 of A-law."""
    return (LARGEST - 1024) // (CHANNELS * _OCTETS[audio_format])


def fault_of(file: BinaryIO, size: int) -> str | None:
    """What is wrong with a file of ours of that size; None when its header fits it and it holds audio."""
    first = file.read(128)
    for audio_format in AudioFormat:
        width = CHANNELS * _OCTETS[audio_format]
        length = len(head(audio_format, 0))
        frames = (size - length) // width
        if frames > 0 and (size - length) % width == 0 and first.startswith(_head_or_nothing(audio_format, frames)):
            return None
    if size == 0:
        return "the file is empty"
    return _fault_in_words(first, size)


def _head_or_nothing(audio_format: AudioFormat, frames: int) -> bytes:
    return head(audio_format, frames) if frames <= most_frames(audio_format) else b"too large"


def _fault_in_words(first: bytes, size: int) -> str:
    try:
        name, counted = _CHUNK.unpack_from(first)
    except error:
        return f"the file has only {size} bytes"
    if name != b"RIFF" or first[8:12] != b"WAVE":
        return "the file is no WAV file"
    if counted + 8 != size:
        return f"the file is cut: it has {size} bytes of {counted + 8}"
    return "the file's header is damaged or it holds no audio"
