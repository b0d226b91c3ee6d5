"""Notes the SIP messages of living calls in bounded memory, and decides at a call's end whether they are kept.

Every message of every call passes here on the engine's loop, so nothing is read but the Call-ID, and nothing copied.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from twoleg.application.ladder.keeping import Keeping
from twoleg.application.ladder.noted import Noted, packed, unpacked
from twoleg.application.ladder.ports import WireExport
from twoleg.domain.call import Call, Role
from twoleg.sip.peers import Peer

_CALL_ID: Final = b"\r\nCall-ID:"
"""As we spell it, and nearly everybody else does."""
_ANY_CALL_ID: Final = re.compile(rb"(?im)^(?:call-id|i)[ \t]*:[ \t]*([^\s]{1,256})")
"""RFC 3261 7.3.1: names in any case, and a compact form (20.8)."""
_HEAD: Final = 8192
"""How far into a message a Call-ID in another spelling is looked for."""
_WEIGHT: Final = 150
"""Octets that a noted message takes besides its own: a tuple, a number, the head of a bytes object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderLimits:
    """What may be in memory; octets where no number is named."""

    max_messages: int = 200
    """Of one call."""
    max_bytes: int = 256 * 1024
    """Of one call."""
    max_memory: int = 64 * 1024 * 1024
    """Of all calls together."""
    max_loose: int = 8 * 1024 * 1024
    """Of messages that lie there as they came, those of some thousand calls: beyond it the oldest are packed. So a
    service with few calls spends no time on it, and one with many little memory."""


@dataclass(slots=True)
class Notes:
    """What was noted of one call."""

    serial: int
    loose: list[Noted] = field(default_factory=list)
    """The newest messages, as they came."""
    loose_size: int = 0
    packs: list[bytes] = field(default_factory=list)
    """The messages before them."""
    packed_count: int = 0
    size: int = 0
    """Octets of both."""
    omitted: int = 0
    is_dropped: bool = False
    call_ids: list[bytes] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Of the messages."""
        return self.packed_count + len(self.loose)

    @property
    def messages(self) -> list[Noted]:
        """All, in order."""
        return [message for pack in self.packs for message in unpacked(pack)] + self.loose

    def pack(self) -> int:
        """Pack what is loose. Answers the octets that this gains."""
        octets = packed(self.loose)
        gained = self.loose_size - len(octets) - _WEIGHT
        self.packs.append(octets)
        self.packed_count += len(self.loose)
        self.size -= gained
        self.loose, self.loose_size = [], 0
        return gained


@dataclass(slots=True)
class RecorderCounters:
    """How often each thing happened since the start."""

    kept: int = 0
    let_go: int = 0
    """Calls whose messages were not wanted."""
    dropped: int = 0
    """Calls whose messages went, while they lived, for want of memory."""
    omitted: int = 0
    """Messages beyond what one call may hold."""


class WireRecorder:
    """The engine's `CallRecorder`, and the `Tap` of its transports. For one loop."""

    def __init__(
        self,
        *,
        limits: RecorderLimits,
        keeping: Keeping,
        now: Callable[[], int],
        keep: Callable[[Call, Notes], None],
        export: WireExport | None = None,
    ) -> None:
        """`now`: microseconds since the epoch; `keep` takes what is to be kept, returns at once and never raises."""
        self.counters = RecorderCounters()
        self._limits = limits
        self._keeping = keeping
        self._now = now
        self._keep = keep
        self._export = export
        self._notes: dict[int, Notes] = {}
        """By serial, of every call with a leg."""
        self._holders: OrderedDict[int, Notes] = OrderedDict()
        """Those of them that may hold messages, the oldest first."""
        self._unpacked: OrderedDict[int, Notes] = OrderedDict()
        """Those of them with loose ones, the longest loose first."""
        self._owners: dict[bytes, tuple[Notes, Role]] = {}
        """By Call-ID."""
        self._size = self._loose_size = 0

    @property
    def size(self) -> int:
        """The octets in memory."""
        return self._size

    @property
    def calls(self) -> int:
        """The calls that are being noted."""
        return len(self._notes)

    # ------------------------------------------------------------------ what the engine tells

    def leg(self, serial: int, role: Role, call_id: str) -> None:
        """See `CallRecorder.leg`."""
        if not call_id:
            return
        notes = self._notes.get(serial)
        if notes is None:
            notes = self._notes[serial] = self._holders[serial] = Notes(serial, is_dropped=not self._keeping.is_on)
        name = call_id.encode()
        notes.call_ids.append(name)
        self._owners[name] = (notes, role)

    def over(self, call: Call) -> None:
        """See `CallRecorder.over`."""
        notes = self._notes.pop(call.serial, None)
        if notes is None:
            return
        self._holders.pop(call.serial, None)
        self._unpacked.pop(call.serial, None)
        self._size -= notes.size
        self._loose_size -= notes.loose_size
        for name in notes.call_ids:
            self._owners.pop(name, None)
        if self._keeping.keeps(call):
            self.counters.kept += 1
            self._keep(call, notes)
        else:
            self.counters.let_go += 1

    # ------------------------------------------------------------------ what the transports tell

    def heard(self, data: bytes, source: Peer) -> None:
        """See `Tap.heard`."""
        owner = self._owner(data)
        if owner is not None:
            self._note(owner[0], (self._now(), owner[1], False, source, data))

    def sent(self, data: bytes, peer: Peer) -> None:
        """See `Tap.sent`."""
        owner = self._owner(data)
        if owner is not None:
            self._note(owner[0], (self._now(), owner[1], True, peer, data))

    def _owner(self, data: bytes) -> tuple[Notes, Role] | None:
        begin = data.find(_CALL_ID)
        if begin >= 0:
            begin += len(_CALL_ID)
            return self._owners.get(data[begin : data.find(b"\r\n", begin)].strip())
        found = _ANY_CALL_ID.search(data, 0, _HEAD)
        return None if found is None else self._owners.get(found[1])

    def _note(self, notes: Notes, message: Noted) -> None:
        if self._export is not None:
            self._export.tell(notes.serial, message)
        if notes.is_dropped:
            return
        if not notes.loose:
            self._unpacked[notes.serial] = notes
        notes.loose.append(message)
        self._grow(notes, len(message[4]) + _WEIGHT)
        if notes.size > self._limits.max_bytes or notes.count > self._limits.max_messages:
            self._shorten(notes)
        if self._loose_size > self._limits.max_loose:
            self._pack_one()
        if self._size > self._limits.max_memory:
            self._make_room()

    def _grow(self, notes: Notes, octets: int) -> None:
        notes.size += octets
        notes.loose_size += octets
        self._size += octets
        self._loose_size += octets

    def _pack_one(self) -> None:
        """With each message at most one call: nobody waits for many of them."""
        _, notes = self._unpacked.popitem(last=False)
        self._loose_size -= notes.loose_size
        self._size -= notes.pack()

    def _shorten(self, notes: Notes) -> None:
        """The beginning tells what was wanted, the end what came of it: what goes is after the first half."""
        limits, loose = self._limits, notes.loose
        first = max(0, limits.max_messages // 2 - notes.packed_count)
        while loose and (notes.size > limits.max_bytes or notes.count > limits.max_messages):
            gone = loose.pop(min(len(loose) // 2, first))
            self._grow(notes, -len(gone[4]) - _WEIGHT)
            notes.omitted += 1
            self.counters.omitted += 1
        if not loose:
            self._unpacked.pop(notes.serial, None)

    def _make_room(self) -> None:
        """The oldest calls have talked longest, most likely well."""
        while self._size > self._limits.max_memory and self._holders:
            serial, notes = self._holders.popitem(last=False)
            self._unpacked.pop(serial, None)
            self._grow(notes, -notes.loose_size)
            self._size -= notes.size
            self.counters.dropped += 1
            notes.loose, notes.packs, notes.packed_count, notes.size = [], [], 0, 0
            notes.is_dropped = True
