"""Captured packets of a call become one stereo stream: left agent, right customer, in constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from twoleg.adapters.recording.g711 import RATE, WEAVES, Codec
from twoleg.adapters.recording.packets import Captured, read_rtp
from twoleg.adapters.recording.voice import Voice
from twoleg.domain.call import Role
from twoleg.domain.recording import AudioFormat, Piece

STATIC: Final = {0: "PCMU", 8: "PCMA", 13: "CN"}
"""RFC 3551 table 4, as far as a telephone uses it without saying so."""
SILENT: Final = frozenset({"telephone-event", "CN"})
"""Payloads that are no voice: digits (RFC 4733) are not heard, comfort noise is silence."""

_PER_MS = RATE // 1000
_HOLD = 1000 * _PER_MS
"""Samples that are held back for packets that come late or in disorder."""
_LONGEST = 7 * 24 * 60 * 60 * 1000
"""Milliseconds of a piece without an end: longer than any call."""
_STRETCH = 10 * RATE
"""Samples written at once, at most: a long silence takes no memory."""


@dataclass(slots=True)
class Heard:
    """What became of the packets."""

    frames: int = 0
    """Samples of each channel that were written."""
    voices: dict[Role, int] = field(default_factory=dict)
    """Packets of each side that can be heard."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Packets of codecs that cannot be decoded."""
    is_cut: bool = False
    """There was more than the file may hold."""


class Renderer:
    """One recording. `put` the packets in the order of their arrival, then `close`."""

    def __init__(
        self,
        *,
        pieces: Sequence[Piece],
        audio_format: AudioFormat,
        payload_types: dict[int, str],
        most_frames: int,
        write: Callable[[bytes], object],
    ) -> None:
        """`pieces`: at least one, in order; the first one's beginning is the first sample. `write` gets the frames."""
        self._pieces = pieces
        self._weave = WEAVES[audio_format]
        self._names = STATIC | payload_types
        self._most = most_frames
        self._write = write
        self._voices = {role: Voice(self._weave) for role in Role}
        self._begins = pieces[0].begins
        self.heard = Heard()

    def put(self, packet: Captured, role: Role) -> None:
        """A packet that the phone of that role sent."""
        rtp = read_rtp(packet.octets)
        if rtp is None or not rtp.payload:
            return
        name = self._names.get(rtp.payload_type, f"payload type {rtp.payload_type}")
        length = len(rtp.payload) / _PER_MS
        piece = None if name in SILENT else self._piece_of(packet.at - length, packet.at)
        if piece is None:
            return
        if name not in Codec.__members__:
            self.heard.unknown[name] += 1
            return
        since = packet.at - self._begins
        self._voices[role].put(
            arrived_ms=since - length,
            ssrc=rtp.ssrc,
            timestamp=rtp.timestamp,
            codec=Codec[name],
            octets=rtp.payload,
            within=self._places_of(piece),
        )
        self._flush(int(since * _PER_MS) - _HOLD, least=RATE)

    def close(self) -> Heard:
        """Write the rest; the end is that of the longer voice."""
        self._flush(self._ends(), least=1)
        self.heard.voices = {role: voice.packets for role, voice in self._voices.items()}
        return self.heard

    def _ends(self) -> int:
        spoken = max(voice.ends for voice in self._voices.values())
        last = self._pieces[-1].ends
        return spoken if last is None else min(spoken, (last - self._begins) * _PER_MS)

    def _piece_of(self, begins: float, ends: float) -> Piece | None:
        """The piece in which all was spoken that a packet holds; None: not all of it may be heard."""
        for piece in reversed(self._pieces):
            if piece.begins <= begins and (piece.ends is None or ends <= piece.ends):
                return piece
        return None

    def _places_of(self, piece: Piece) -> range:
        ends = self._begins + _LONGEST if piece.ends is None else piece.ends
        return range((piece.begins - self._begins) * _PER_MS, (ends - self._begins) * _PER_MS)

    def _flush(self, until: int, *, least: int) -> None:
        if until > self._most:
            until, self.heard.is_cut = self._most, True
        while until - self.heard.frames >= least and until > self.heard.frames:
            upto = min(until, self.heard.frames + _STRETCH)
            agent, customer = (self._voices[role].take(upto) for role in (Role.AGENT, Role.CUSTOMER))
            self._write(self._weave.frames(agent, customer))
            self.heard.frames = upto


def render(packets: Iterable[tuple[Captured, Role]], renderer: Renderer) -> Heard:
    """All of them."""
    for packet, role in packets:
        renderer.put(packet, role)
    return renderer.close()
