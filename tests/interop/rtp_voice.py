"""The audio of a phone that a test steers: a tone in G.711 to wherever it is told, and every packet that came, kept.

Codecs that take more than a table are not spoken but **echoed**: what comes is sent back as it is. So a tone that its
speaker hears again went through both translations of a relay.
"""

from __future__ import annotations

import socket
import struct
from array import array
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from interop.tones import RATE, frequency_of, is_audible
from media.rtcp import all_of
from patience import now
from recording.synthetic import alaw, rtp, sine, ulaw

LOOPBACK = "127.0.0.1"
TICK = 0.02
"""Seconds between two packets."""
PER_PACKET = 160
_LAWS = {8: alaw, 0: ulaw}
_TICKS = {96: 960}
"""Of 20 ms, where they are not 160: Opus (RFC 7587)."""
_EVENT = struct.Struct("!BBH")
"""RFC 4733 2.3: the event; end bit and volume; duration in ticks of the RTP clock."""
_EVENTS = "0123456789*#ABCD"
_LASTS = 5
"""Packets of one digit; its end is told three times (RFC 4733 2.5.1.4)."""
_VOLUME, _END = 10, 0x80


@dataclass(frozen=True, slots=True)
class HeardPacket:
    """One that came."""

    at: float
    """Seconds of a clock that only runs forward."""
    port: int
    """Of ours, at which it came."""
    payload_type: int
    timestamp: int
    payload: bytes

    @property
    def samples(self) -> array[int]:
        """What it says; nothing where it is not in G.711."""
        law = _LAWS.get(self.payload_type)
        return array("h") if law is None else array("h", (_sounds(self.payload_type)[code] for code in self.payload))


@cache
def _sounds(payload_type: int) -> dict[int, int]:
    """The sample that each octet stands for."""
    return {_LAWS[payload_type](sample): sample for sample in range(-32_768, 32_768, 4)}


@cache
def _tone(hz: float, payload_type: int) -> bytes:
    """A second of it, in that law."""
    return bytes(map(_LAWS[payload_type], sine(hz, 1.0, loud=10_000)))


@dataclass(slots=True)
class RtpVoice:
    """One side of a call. Not for several threads: its owner has a lock."""

    hz: float
    heard: list[HeardPacket] = field(default_factory=list)
    target: tuple[str, int] | None = None
    """Where to send; None: nowhere yet."""
    payload_type: int = 8
    """What is sent: A-law (8) or mu-law (0) holds the tone, any other is an echo."""
    event_type: int = 101
    """Of digits (telephone-event)."""
    is_silent: bool = False
    _socket: socket.socket = field(default_factory=lambda: _bound())  # noqa: PLW0108 - defined below
    _left: list[socket.socket] = field(default_factory=list)
    _sequence: int = 0
    _timestamp: int = 0
    _spoken: int = 0
    """Packets of the tone."""
    _events: list[tuple[bytes, int, bool]] = field(default_factory=list)
    """Of digits, with their timestamps, and whether each is the first of its digit."""

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._socket.getsockname()[1]
        return port

    def move(self) -> None:
        """Speak and listen at another port from now on; the old one is still heard, to tell who uses it."""
        self._left.append(self._socket)
        self._socket = _bound()

    def say(self) -> None:
        """What is due after a tick: 20 ms of the tone, and of a digit."""
        if self.target is None or self.is_silent:
            return
        if self._events:  # instead of the voice
            payload, timestamp, is_first = self._events.pop(0)
            self._timestamp += self._ticks
            self._send_at(timestamp, self.event_type | 0x80 * is_first, payload)
        elif self.payload_type in _LAWS:
            place = self._spoken * PER_PACKET % RATE
            self._spoken += 1
            self._send(_tone(self.hz, self.payload_type)[place : place + PER_PACKET])

    def listen(self) -> None:
        """Keep what came, and send back what has to be."""
        for each in (self._socket, *self._left):
            for octets in all_of(each):
                kind, timestamp = octets[1] & 0x7F, int.from_bytes(octets[4:8], "big")
                if octets[1] in range(200, 205) or len(octets) < 12:
                    continue  # RTCP
                self.heard.append(HeardPacket(now(), each.getsockname()[1], kind, timestamp, octets[12:]))
                if kind == self.payload_type and self._is_echoing:
                    self._send(octets[12:])

    @property
    def _is_echoing(self) -> bool:
        is_busy = self.is_silent or self._events
        return self.payload_type not in _LAWS and self.target is not None and not is_busy

    @property
    def _ticks(self) -> int:
        return _TICKS.get(self.payload_type, PER_PACKET)

    def press(self, digit: str, *, clock: int) -> None:
        """Send it in the next packets. `clock`: of the telephone-events agreed on, in Hz."""
        ticks = round(clock * TICK)
        for number in range(_LASTS):
            is_end = number >= _LASTS - 3
            lasted = min(number + 1, _LASTS - 2) * ticks
            told = _EVENT.pack(_EVENTS.index(digit), _VOLUME | (_END if is_end else 0), lasted)
            self._events.append((told, self._timestamp, number == 0))

    def _send(self, payload: bytes) -> None:
        """20 ms of voice."""
        self._timestamp += self._ticks
        self._send_at(self._timestamp, self.payload_type, payload)

    def _send_at(self, timestamp: int, kind: int, payload: bytes) -> None:
        self._sequence += 1
        packet = rtp(payload_type=kind, sequence=self._sequence, timestamp=timestamp, payload=payload)
        assert self.target is not None, "there is nobody to speak to"
        self._socket.sendto(packet, self.target)

    def digits(self) -> str:
        """What was pressed at the other end, each digit once."""
        found = {
            each.timestamp: _EVENTS[each.payload[0]]
            for each in self.heard
            if each.payload_type == self.event_type and len(each.payload) == _EVENT.size
        }
        return "".join(found.values())

    def close(self) -> None:
        """Hang up."""
        for each in (self._socket, *self._left):
            each.close()


def frequency(packets: list[HeardPacket]) -> float:
    """Of what these say; 0.0 for silence."""
    return frequency_of(array("h", (sample for each in packets for sample in each.samples)), RATE)


def rhythm(packets: list[HeardPacket]) -> list[float]:
    """Seconds of sound and of silence in turn, from the first sound on, by RTP timestamps; the last one is cut off."""
    changes: list[int] = []
    for each in packets:
        if is_audible(each.samples) is (len(changes) % 2 == 0):
            changes.append(each.timestamp)
    return [(then - before) / RATE for before, then in pairwise(changes)]


def _bound() -> socket.socket:
    it = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    it.bind((LOOPBACK, 0))
    it.setblocking(False)  # noqa: FBT003 - the library's own way
    return it
