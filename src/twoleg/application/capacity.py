"""How much of each trunk is in use: channels (legs at a time) and calls per second. Pure accounting, `now` is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twoleg.application.ports import Full

_TOLERANCE = 1e-6
"""Seconds by which a timer may come early without being sent away again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one trunk; None: none."""

    channels: int | None = None
    calls_per_second: float | None = None

    @property
    def spacing(self) -> float:
        """Seconds between two INVITEs."""
        return 0.0 if self.calls_per_second is None else 1 / self.calls_per_second


@dataclass(slots=True)
class _Use:
    limits: Limits
    legs: int = 0
    open_at: float = 0.0
    """When the next call may start: the legs of earlier ones, dialled or still to be, have had their turns by then."""
    send_at: float = 0.0
    """When the next INVITE may be sent."""


class Capacity:
    """One for all trunks. `now` is a monotonic time in seconds."""

    def __init__(self, limits: Mapping[str, Limits]) -> None:
        """`limits` by the trunk's name; a trunk that is not named has none."""
        self._uses = {name: _Use(each) for name, each in limits.items()}

    def reserve(self, agent: Sequence[str], customer: Sequence[str], now: float) -> tuple[str, str] | Full:
        """Room for both legs of a call, or for neither: no agent is rung for a customer who cannot be dialled.

        `agent` and `customer` name the trunks that would do, best first; the answer is the best pair with room.
        """
        for first in agent:
            for second in customer:
                if self._fits(first, second, now):
                    self._take((first, second), now)
                    return first, second
        return self._full({*agent, *customer}, now)

    def can_ever_hold(self, agent: Sequence[str], customer: Sequence[str]) -> bool:
        """Whether any pair of these would have room for both legs if nothing else were in progress."""
        return any(first != second or self._use(first).limits.channels != 1 for first in agent for second in customer)

    def move(self, old: str, new: str, now: float) -> bool:
        """Whether there was room to give a leg's place at `old` up for one at `new`.

        The rate of `new` is charged but not asked: its INVITE is due now, and `delay` spaces it.
        """
        if new != old and not _has_channels(self._use(new), 1):
            return False
        if self.legs(old) <= 0:
            raise ValueError(f"trunk {old} has no leg to move")
        self._take((new,), now)
        self._uses[old].legs -= 1
        return True

    def give_back(self, trunk: str) -> None:
        """A leg is over."""
        use = self._use(trunk)
        if use.legs <= 0:
            raise ValueError(f"trunk {trunk} was given back more than was taken")
        use.legs -= 1

    def delay(self, trunk: str, now: float) -> float:
        """Seconds to wait before sending the next INVITE, which is taken as sent then."""
        use = self._use(trunk)
        sent_at = max(now, use.send_at)
        use.send_at = sent_at + use.limits.spacing
        return sent_at - now

    def legs(self, trunk: str) -> int:
        """Legs that hold a channel now."""
        return self._use(trunk).legs

    def has_room(self, trunk: str) -> bool:
        """Whether one more leg could have a channel now."""
        return _has_channels(self._use(trunk), 1)

    def _use(self, trunk: str) -> _Use:
        use = self._uses.get(trunk)
        if use is None:
            use = self._uses[trunk] = _Use(Limits())
        return use

    def _fits(self, first: str, second: str, now: float) -> bool:
        legs = 2 if first == second else 1
        return all(_has_channels(self._use(name), legs) and self._is_open(name, now) for name in (first, second))

    def _is_open(self, trunk: str, now: float) -> bool:
        return self._use(trunk).open_at <= now + _TOLERANCE

    def _take(self, trunks: Sequence[str], now: float) -> None:
        """All or, where that raises, none: what is taken and not known to be is never given back."""
        uses = [self._use(trunk) for trunk in trunks]
        for use, spacing in [(use, use.limits.spacing) for use in uses]:
            use.legs += 1
            use.open_at = max(now, use.open_at) + spacing

    def _full(self, trunks: Iterable[str], now: float) -> Full:
        """Those in the way, and when the first of them opens by itself. A pair may need two channels of one trunk."""
        lacking = {name for name in trunks if not (_has_channels(self._use(name), 2) and self._is_open(name, now))}
        waits = [
            self._use(name).open_at - now
            for name in lacking
            if _has_channels(self._use(name), 1) and not self._is_open(name, now)
        ]
        return Full(trunks=frozenset(lacking), seconds=min(waits, default=None))


def _has_channels(use: _Use, legs: int) -> bool:
    return use.limits.channels is None or use.legs + legs <= use.limits.channels
