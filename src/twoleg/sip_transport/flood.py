"""How many messages one address may send us: a token bucket for each source.  Values and arithmetic, no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_ROUNDING: Final = 0.001
"""Seconds added to a wait, lest it end a hair too early and be made again."""

_REMEMBERED: Final = 8192
"""Addresses kept; beyond it the one that was first heard of is forgotten, and would start with a full bucket."""


@dataclass(frozen=True, slots=True)
class FloodLimit:
    """For each address that we have not called ourselves; those that we call (trunks) are not limited."""

    per_second: float
    """Messages per second in the long run; 0 for no limit."""
    burst: float
    """Messages that may come at once."""


UNLIMITED: Final = FloodLimit(0, 0)


class Flood:
    """Counts messages by source address."""

    __slots__ = ("_levels", "_limit", "_trusted")

    def __init__(self, limit: FloodLimit) -> None:
        self._limit = limit
        self._levels: dict[str, tuple[float, float]] = {}
        """Messages that may still come, and when that was true."""
        self._trusted: dict[str, None] = {}

    def trust(self, host: str) -> None:
        """We sent a request there: what comes back is wanted."""
        if not self._limit.per_second or host in self._trusted:
            return
        if len(self._trusted) >= _REMEMBERED:
            self._trusted.pop(next(iter(self._trusted)))
        self._trusted[host] = None

    def admits(self, host: str, now: float) -> bool:
        """Whether one more message of `host` may be heard; if so it is counted."""
        return self.wait(host, now) <= 0

    def wait(self, host: str, now: float) -> float:
        """0 when one more message of `host` may be heard, and it is counted; else the seconds until one may."""
        limit = self._limit
        if not limit.per_second or host in self._trusted:
            return 0.0
        level, since = self._levels.get(host) or (limit.burst, now)
        level = min(level + (now - since) * limit.per_second, limit.burst)
        if host not in self._levels and len(self._levels) >= _REMEMBERED:
            self._levels.pop(next(iter(self._levels)))
        may = level >= 1
        self._levels[host] = (level - 1 if may else level, now)
        return 0.0 if may else (1 - level) / limit.per_second + _ROUNDING
