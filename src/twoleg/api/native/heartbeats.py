"""Heartbeats of streams: one timer for all of them, and each has a moment of its own.

Ten thousand streams that a common event woke would all be silent from the same moment on, and beat together 15 seconds
later: two seconds in which nobody else is served. So a stream beats when its place on a wheel comes by, whatever was
sent meanwhile, and places are handed out far apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PLACES = 1597
_STRIDE = 610
"""From one place handed out to the next. Both are Fibonacci numbers, whose ratio is the golden section's: it spreads
any number evenly, and all places come in turn."""
_CATCH_UP = 0.001
"""Seconds to the next place when the wheel is late: others get their turn in between."""


class Heartbeats:
    """A wheel that turns once in `every` seconds, and stands still while nobody is on it. For one loop."""

    def __init__(self, every: float) -> None:
        self._step = every / PLACES
        self._places: list[dict[Callable[[], None], None]] = [{} for _ in range(PLACES)]
        self._next_place = 0
        self._on_it = 0
        self._began = 0.0
        self._passed = 0
        """Places that came by since it began to turn."""
        self._timer: asyncio.TimerHandle | None = None

    def join(self, beat: Callable[[], None]) -> int:
        """Call `beat` once a turn, for the first time within one; answers its place. `beat` must not raise or block."""
        place, self._next_place = self._next_place, (self._next_place + _STRIDE) % PLACES
        self._places[place][beat] = None
        self._on_it += 1
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._began, self._passed = loop.time(), 0
            self._timer = loop.call_later(self._step, self._turn)
        return place

    def leave(self, place: int, beat: Callable[[], None]) -> None:
        """Harmless when repeated."""
        if beat in self._places[place]:
            del self._places[place][beat]
            self._on_it -= 1

    def _turn(self) -> None:
        """One place comes by."""
        self._timer = None
        if not self._on_it:
            return
        for beat in tuple(self._places[self._passed % PLACES]):
            beat()
        self._passed += 1
        loop = asyncio.get_running_loop()
        due = self._began + (self._passed + 1) * self._step
        self._timer = loop.call_at(max(due, loop.time() + _CATCH_UP), self._turn)
