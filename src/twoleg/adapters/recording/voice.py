"""One side of a call on the capture clock: packets in whatever order, out comes a voice without gaps.

A packet's place is told by its RTP timestamp, counted from an anchor that ties timestamps to the clock of the capture.
Loss is silence, a late packet finds its place, a repeated one changes nothing. The anchor follows the sender's clock
when that runs fast or slow, so that the two sides of a long call stay together.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count

from twoleg.adapters.recording.g711 import RATE, Codec, Planes, Weave

_PER_MS = RATE // 1000
_JUMP = 2 * RATE
"""Samples by which a timestamp may be off the clock before it is a new beginning (a phone that starts anew)."""
_SLACK = 60 * _PER_MS
"""Samples of jitter that move no anchor."""
_WINDOW = 100
"""Packets, of which even the quickest must be late before the anchor follows: about two seconds."""

_SENDERS = 4
"""SSRCs that are remembered at once; a phone has one, and a new one after some re-INVITEs."""


class _Anchor:
    """Ties the timestamps of one sender to places on the clock."""

    def __init__(self, timestamp: int, place: int) -> None:
        self._timestamp = timestamp
        self._place = place
        self._least_late = 0
        self._seen = 0

    def place(self, timestamp: int, arrived: int) -> int:
        """Where that packet belongs, `arrived` being where the clock is."""
        apart = (timestamp - self._timestamp + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
        place = self._place + apart
        late = arrived - place
        if not -_JUMP < late < _JUMP:
            place, late = arrived, 0
            self._seen = 0
        elif late < -_SLACK:  # no packet is here before it was spoken: the anchor itself came late, or time runs fast
            place, late = arrived, 0
        self._timestamp, self._place = timestamp, place
        self._follow(late)
        return place

    def _follow(self, late: int) -> None:
        self._least_late = late if self._seen == 0 else min(self._least_late, late)
        self._seen += 1
        if self._seen == _WINDOW:
            if self._least_late > _SLACK:
                self._place += self._least_late
            self._seen = 0


class Voice:
    """See the module. Places are samples since the beginning of the recording."""

    def __init__(self, weave: Weave) -> None:
        self._weave = weave
        self._waiting: list[tuple[int, int, Planes]] = []
        self._order = count()
        self._anchors: dict[int, _Anchor] = {}
        self._taken = 0
        self.ends = 0
        """The place behind the last sample so far."""
        self.packets = 0
        """How many brought audio that is in the voice."""

    def put(self, *, arrived_ms: float, ssrc: int, timestamp: int, codec: Codec, octets: bytes, within: range) -> None:
        """A packet; `arrived_ms` since the beginning of the recording.

        `within`: the places at which it may be heard. Its sender's clock may place it a moment beside them, though it
        arrived in time: then it is moved, for a pause is silent to the sample.
        """
        arrived = round(arrived_ms * _PER_MS)
        anchor = self._anchors.get(ssrc)
        if anchor is None:
            if len(self._anchors) == _SENDERS:
                del self._anchors[next(iter(self._anchors))]
            self._anchors[ssrc] = _Anchor(timestamp, arrived)
            place = arrived
        else:
            place = anchor.place(timestamp, arrived)
        place = max(within.start, min(place, within.stop - len(octets)))
        if place + len(octets) <= self._taken:
            return  # too late for anybody to hear it
        heappush(self._waiting, (place, next(self._order), self._weave.planes(codec, octets)))
        self.ends = max(self.ends, place + len(octets))
        self.packets += 1

    def take(self, until: int) -> Planes:
        """What was said up to that place; nothing before it can be changed any more."""
        parts: list[list[bytes]] = [[] for _ in self._weave.silence]
        while self._waiting and self._waiting[0][0] < until:
            place, _, planes = heappop(self._waiting)
            self._take(parts, place, planes, until)
        self._fill(parts, until)
        return tuple(b"".join(part) for part in parts)

    def _take(self, parts: list[list[bytes]], place: int, planes: Planes, until: int) -> None:
        self._fill(parts, place)
        skipped = self._taken - place
        if skipped >= len(planes[0]):
            return
        end = min(len(planes[0]), until - place)
        for part, plane in zip(parts, planes, strict=True):
            part.append(plane[skipped:end])
        self._taken = place + end
        if end < len(planes[0]):
            heappush(self._waiting, (until, next(self._order), tuple(plane[end:] for plane in planes)))

    def _fill(self, parts: list[list[bytes]], until: int) -> None:
        missing = until - self._taken
        if missing > 0:
            for part, plane in zip(parts, self._weave.quiet(missing), strict=True):
                part.append(plane)
            self._taken = until
