"""How many new calls to take, found from how late the engine is. Pure: times are given, in seconds.

In the manner of CoDel (RFC 8289): a delay that passes by itself is a burst and nobody's business, one that stays is a
queue that does not drain. Then new calls are limited to a share of what could be begun lately, and the limit creeps up
again as long as the engine keeps its time, until nobody meets it any more.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Times in seconds. Why these: ADR 15; what they give: `python -m bench --only overload`."""

    target: float = 0.15
    """A delay above this is too long, if it stays."""
    patience: float = 0.3
    """So long it may be exceeded without a break."""
    pause: float = 0.5
    """Between two cuts: what was admitted before the first still makes work. While the delay falls there is none."""
    cut: float = 0.7
    """What is left of the calls a second at a cut; at more than four times the target `deep_cut` is."""
    deep_cut: float = 0.4
    growth: float = 0.1
    """By how much of itself the limit grows in a second in which the delay stays below the target."""
    return_: float = 1.0
    """The same while it is below `cut` times the calls a second at which the trouble began: there it was safe."""
    floor: float = 20.0
    """Calls a second that are always taken: at so few it is not the new calls that make the engine a little late."""
    slack: float = 1.5
    """A limit so many times the calls that really come is none, and is dropped after `forget` seconds of that."""
    forget: float = 5.0


_DEEP = 4
"""A delay of so many times the target is no longer a matter of a little less."""
_FALLING = 0.8
"""A delay is on its way down when it is less than this share of that at the last look."""
_RATE_OVER = 1.0
"""Seconds over which the calls that were begun are counted."""


class OverloadControl:
    """One for each engine. `observe` it at short, roughly even intervals; a tenth of a second is good."""

    def __init__(self, tuning: Tuning) -> None:
        """There is no limit at first."""
        self._tuning = tuning
        self._limit: float | None = None
        self._begun: list[tuple[float, int]] = []
        self._late_since: float | None = None
        self._next_cut = 0.0
        self._delay_at_cut = 0.0
        self._safe = 0.0
        """Calls a second up to which the limit grows fast."""
        self._free_since: float | None = None
        self._last: float | None = None

    @property
    def limit(self) -> float | None:
        """New calls a second that may be taken; None: as many as come."""
        return self._limit

    def observe(self, *, delay: float, begun: int, now: float) -> float | None:
        """Since the last time the engine was late by `delay` seconds at worst, and began so many calls; the new limit.

        `now` must not run backward.
        """
        rate = self._rate(begun, now)
        passed = 0.0 if self._last is None else now - self._last
        self._last = now
        if delay <= self._tuning.target:
            self._late_since = None
            self._relax(rate, passed, now)
        else:
            self._free_since = None
            self._tighten(delay, rate, now)
        return self._limit

    def _rate(self, begun: int, now: float) -> float:
        self._begun.append((now, begun))
        while self._begun[0][0] <= now - _RATE_OVER:
            self._begun.pop(0)
        return sum(count for _, count in self._begun) / _RATE_OVER

    def _tighten(self, delay: float, rate: float, now: float) -> None:
        if self._late_since is None:
            self._late_since = now
        if now - self._late_since < self._tuning.patience or now < self._next_cut:
            return
        if self._limit is not None and delay < _FALLING * self._delay_at_cut:
            self._delay_at_cut = delay
            self._next_cut = now + self._tuning.pause
            return
        base = rate if self._limit is None else min(rate, self._limit)
        if base > self._tuning.floor or delay > _DEEP * self._tuning.target:
            self._cut(base, delay, now)

    def _cut(self, base: float, delay: float, now: float) -> None:
        tuning = self._tuning
        share = tuning.deep_cut if delay > _DEEP * tuning.target else tuning.cut
        self._safe = tuning.cut * (base if self._limit is None else max(base, self._safe))
        self._limit = max(tuning.floor, base * share)
        self._delay_at_cut = delay
        self._next_cut = now + tuning.pause

    def _relax(self, rate: float, passed: float, now: float) -> None:
        if self._limit is None:
            return
        growth = self._tuning.return_ if self._limit < self._safe else self._tuning.growth
        self._limit += self._limit * growth * passed
        if self._limit < rate * self._tuning.slack:
            self._free_since = None
        elif self._free_since is None:
            self._free_since = now
        elif now - self._free_since >= self._tuning.forget:
            self._limit = self._free_since = None
