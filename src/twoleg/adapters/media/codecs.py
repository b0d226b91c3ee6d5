"""Codecs in session descriptions: what phones are offered, which one a phone will send, and how to leave some out."""

from __future__ import annotations

from typing import Final

from twoleg.sip.sdp import OFFERED_CODECS, Codec, Media, SessionDescription
from twoleg.sip.values import replace

_BESIDE_G711: Final = ("PCMA", "PCMU", "telephone-event")
RECORDABLE: Final = tuple(codec for codec in OFFERED_CODECS if codec.name in _BESIDE_G711 and codec.clock_rate == 8000)
"""What a call that is recorded is offered: G.711 is what a recording is made of."""

_STATIC: Final = {"0": "pcmu", "8": "pcma", "9": "g722"}
"""RFC 3551 table 4: these need no rtpmap."""
_RATE: Final = 8000
_NO_VOICE: Final = ("telephone-event", "cn")


def encodings(audio: Media) -> dict[str, str]:
    """Encoding names in small letters, by payload type, in the author's order."""
    return {payload: name for payload, (name, _) in _clocked(audio).items()}


def _clocked(audio: Media) -> dict[str, tuple[str, int]]:
    """The same with their clock rates in Hz; 8000 where none can be read."""
    named = {payload: (name, _RATE) for payload, name in _STATIC.items()}
    for rtpmap in audio.attributes("rtpmap"):
        payload, _, encoding = rtpmap.partition(" ")
        name, _, rest = encoding.partition("/")
        clock = rest.partition("/")[0].strip()
        named[payload] = name.strip().lower(), int(clock) if clock.isdecimal() else _RATE
    return {payload: named.get(payload, ("", _RATE)) for payload in audio.formats}


def sends(description: SessionDescription) -> str | None:
    """What the author of an answer will send: the first voice codec that it listed (RFC 3264 7). None: no voice."""
    audio = description.audio
    names = [] if audio is None else [name for name in encodings(audio).values() if name not in _NO_VOICE]
    return names[0] if names else None


def takes(description: SessionDescription, codec: str) -> bool:
    """Whether its author can hear that codec."""
    audio = description.audio
    return audio is not None and codec in encodings(audio).values()


def dynamic_types(description: SessionDescription) -> dict[int, str]:
    """Payload types that mean nothing without this description."""
    audio = description.audio
    found = {} if audio is None else encodings(audio)
    return {int(payload): name for payload, name in found.items() if payload.isdigit() and payload not in _STATIC}


def only(description: SessionDescription, codecs: tuple[Codec, ...]) -> SessionDescription:
    """The same without other codecs in its audio streams; unchanged where no voice would be left."""
    wanted = {(codec.name.lower(), codec.clock_rate) for codec in codecs}
    kept = [_only(media, wanted) if media.kind == "audio" and media.port else media for media in description.media]
    slim = replace(description, media=tuple(kept))
    return description if sends(slim) is None else slim


def _only(audio: Media, wanted: set[tuple[str, int]]) -> Media:
    gone = {payload for payload, codec in _clocked(audio).items() if codec not in wanted}
    if len(gone) == len(audio.formats):
        return audio
    head = audio.lines[0][1].split()
    lines = [("m", " ".join([*head[:3], *(each for each in audio.formats if each not in gone)]))]
    lines += [line for line in audio.lines[1:] if not _speaks_of(line, gone)]
    return Media(tuple(lines))


def _speaks_of(line: tuple[str, str], gone: set[str]) -> bool:
    """Whether an attribute is about one of these payload types."""
    name, _, value = line[1].partition(":")
    return line[0] == "a" and name in ("rtpmap", "fmtp", "rtcp-fb") and value.partition(" ")[0] in gone
