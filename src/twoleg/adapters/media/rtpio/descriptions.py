"""Session descriptions with another address in them, for a relay that leaves that to us."""

from __future__ import annotations

from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import Media, SessionDescription
from twoleg.sip.sdp_lines import network_of
from twoleg.sip.values import replace

_OF_THE_PATH = frozenset({"rtcp", "candidate", "end-of-candidates", "ice-ufrag", "ice-pwd", "ice-options", "ice-lite"})
"""Attributes about how the author is reached: with a relay in between they are not true any more."""


def audio_place(description: SessionDescription) -> tuple[str, int]:
    """Where its author receives audio. Raises `SdpError` where it says nothing of that."""
    audio, address = description.audio, description.audio_address
    if audio is None or address is None:
        raise SdpError("no audio, or no address for it")
    return address, audio.port


def moved_to(description: SessionDescription, *, address: str, port: int) -> SessionDescription:
    """The same, received at the relay; streams other than the first audio one are refused."""
    first = description.audio
    media = [_moved(each, port) if each is first else _refused(each) for each in description.media]
    lines = [line for line in description.lines if line[0] != "c" and not _is_of_the_path(line)]
    at = next((place for place, line in enumerate(lines) if line[0] in "btzka"), len(lines))
    return replace(description, lines=(*lines[:at], ("c", network_of(address)), *lines[at:]), media=tuple(media))


def _moved(audio: Media, port: int) -> Media:
    kind, _, *rest = audio.lines[0][1].split()
    kept = [line for line in audio.lines[1:] if line[0] != "c" and not _is_of_the_path(line)]
    return Media((("m", " ".join([kind, str(port), *rest])), *kept))


def _refused(media: Media) -> Media:
    kind, _, *rest = media.lines[0][1].split()
    return Media((("m", " ".join([kind, "0", *rest])),))


def _is_of_the_path(line: tuple[str, str]) -> bool:
    return line[0] == "a" and line[1].partition(":")[0] in _OF_THE_PATH
