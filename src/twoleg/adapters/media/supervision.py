"""Looks after one anchored call: is the relay alive, do both phones send, how well; and what is told at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from twoleg.adapters.media.capture import Capture
from twoleg.adapters.media.errands import Errands
from twoleg.adapters.media.log import MediaLog
from twoleg.adapters.media.relay import Anchor, RelayForgot, RelayTrouble
from twoleg.adapters.media.side import Side
from twoleg.application.media import MediaWishes
from twoleg.application.quality import QualityNotes
from twoleg.domain import causes
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics, quality_of
from twoleg.domain.recording import Command
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import Direction, SessionDescription

_LOOK_EVERY = 5.0
_MISSES = 2
"""Looks in a row that a relay may leave unanswered before its calls are given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchfulness:
    """How closely calls are looked after; seconds."""

    look_every: float = _LOOK_EVERY
    """A dead relay is found out after at most two looks, each with its patience: some 14 s."""
    silent_after: float = 10.0
    """A phone that should send and does not is flagged after this."""
    hang_up_after: float = 0.0
    """The call ends when neither sends for so long; 0: never for that."""

    @classmethod
    def of(cls, *, silent_after: float, hang_up_after: float) -> Self:
        """As an operator wants it; looks are as close together as that takes."""
        patience = min(silent_after, hang_up_after or silent_after)
        return cls(look_every=min(_LOOK_EVERY, patience), silent_after=silent_after, hang_up_after=hang_up_after)


class Supervision:
    """For one call; driven by its path. `look` comes back through the path's errands, so nothing runs beside them."""

    def __init__(
        self,
        *,
        serial: int,
        capture: Capture,
        watchfulness: Watchfulness,
        notes: QualityNotes,
        log: MediaLog,
        finished: Callable[[], None],
    ) -> None:
        """`finished` is told when nothing is left to do for the call."""
        self._finished = finished
        self._serial = serial
        self._capture = capture
        self._watchfulness = watchfulness
        self._notes = notes
        self._log = log
        self._timer: asyncio.TimerHandle | None = None
        self._sides: Mapping[Role, Side] = {}
        self._last: Mapping[Role, StreamStatistics] = {}
        self._misses = 0
        self._quiet = dict.fromkeys(Role, 0.0)
        """Seconds without a packet of a phone that should send."""
        self._silent: set[Role] = set()
        """Phones of which nothing comes at the moment."""
        self._were_silent: set[Role] = set()

    def opened(self, anchor: Anchor, wishes: MediaWishes, errands: Errands) -> None:
        """A relay took the call: look now and then whether it still has it."""
        look = partial(self._look_and_again, anchor, wishes, errands)
        self._timer = asyncio.get_running_loop().call_later(self._watchfulness.look_every, errands.add, look)

    async def _look_and_again(self, anchor: Anchor, wishes: MediaWishes, errands: Errands) -> None:
        await self._look(anchor, wishes)
        if not errands.is_closed:
            self.opened(anchor, wishes, errands)

    async def bridged(self, anchor: Anchor, sides: Mapping[Role, Side]) -> None:
        """Both talk: from now on both should be heard, and the call is recorded where that is wanted."""
        self._sides = sides
        await self._capture.bridged(anchor, sides)

    async def record(self, command: Command) -> None:
        """What an API client or operator asks of the recording."""
        await self._capture.obey(command)

    async def renegotiated(self) -> None:
        """A phone changed ports or codecs."""
        await self._capture.renegotiated(self._sides)

    async def courtesy(self, ask: Callable[[], Awaitable[object]]) -> bool:
        """Whether the relay did it: something that the call can do without."""
        try:
            await ask()
        except RelayForgot:
            raise
        except (RelayTrouble, SdpError) as trouble:
            self._log.warning("relay cannot do a courtesy", call=self._serial, why=str(trouble))
            return False
        return True

    async def finish(self, anchor: Anchor) -> None:
        """The call is over: last look, last word to the relay, then the facts are told.

        Whatever one of these raises, the others are done; and what was done already is harmless when it is done again.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        async with contextlib.AsyncExitStack() as rest:  # from the last to the first
            rest.callback(self._finished)
            rest.callback(self._tell_quality)
            if self._misses < _MISSES:
                rest.push_async_callback(self._capture.closed)
                rest.push_async_callback(anchor.close)
                rest.push_async_callback(self._look_last, anchor)
            else:  # it is gone, and would be waited for in vain
                rest.push_async_callback(anchor.close)
                rest.push_async_callback(self._capture.closed)

    async def _look_last(self, anchor: Anchor) -> None:
        with contextlib.suppress(RelayTrouble):  # what the last look saw is what is known then
            self._last = await anchor.statistics() or self._last

    def _tell_quality(self) -> None:
        if self._sides and self._last:
            legs = {
                role: quality_of(self._last[role], was_silent=self._was_silent(role))
                for role in Role
                if role in self._last
            }
            self._notes(self._serial, legs)
            self._last = {}

    def _was_silent(self, role: Role) -> bool:
        other = self._last.get(role.other)
        return role in self._were_silent or (not self._last[role].packets and other is not None and other.packets > 0)

    async def _look(self, anchor: Anchor, wishes: MediaWishes) -> None:
        try:
            found = await anchor.statistics()
        except RelayForgot as trouble:
            wishes.failed(causes.RESOURCE_UNAVAILABLE, f"the relay lost the call: {trouble}")
            return
        except RelayTrouble as trouble:
            self._misses += 1
            if self._misses >= _MISSES:
                wishes.failed(causes.RESOURCE_UNAVAILABLE, f"the relay is gone: {trouble}")
            return
        self._misses = 0
        self._listen(found, wishes)
        self._last = found
        patience = self._watchfulness.hang_up_after
        if patience and min(self._quiet.values()) >= patience:
            wishes.failed(causes.TIMER_EXPIRY, f"no audio from either phone for {patience:g} s")

    def _listen(self, found: Mapping[Role, StreamStatistics], wishes: MediaWishes) -> None:
        """Whose audio stopped, of those that should send, and whose came back."""
        for role, side in self._sides.items():
            packets = found[role].packets if role in found else 0
            before = self._last[role].packets if role in self._last else 0
            if packets > before:
                self._is_heard(role, wishes)
            elif not _should_send(side, self._sides[role.other]):
                self._quiet[role] = 0.0
            else:
                self._is_quiet(role, wishes)

    def _is_heard(self, role: Role, wishes: MediaWishes) -> None:
        self._quiet[role] = 0.0
        if role in self._silent:
            self._silent.remove(role)
            wishes.heard(role)

    def _is_quiet(self, role: Role, wishes: MediaWishes) -> None:
        self._quiet[role] += self._watchfulness.look_every
        if self._quiet[role] >= self._watchfulness.silent_after and role not in self._silent:
            self._silent.add(role)
            self._were_silent.add(role)
            self._log.warning("no audio from a phone", call=self._serial, leg=role.value)
            wishes.silent(role)


def _should_send(side: Side, other: Side) -> bool:
    """Whether neither phone's last description keeps this one from sending."""
    return _wants(side.heard, Direction.SENDONLY) and _wants(other.heard, Direction.RECVONLY)


def _wants(description: SessionDescription | None, half: Direction) -> bool:
    return description is None or description.direction in (Direction.SENDRECV, half)
