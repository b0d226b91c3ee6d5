"""A clock that stands still until it is told to go on."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class _Alarm:
    due: float
    order: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class DrivenClock:
    """The `Clock` port; `advance` runs what falls due, in order, each at its own time."""

    def __init__(self, *, start_ms: int = 1_621_823_865_000) -> None:
        self._now = start_ms / 1000
        self._alarms: list[_Alarm] = []
        self._count = 0

    def now_ms(self) -> int:
        return round(self._now * 1000)

    def call_later(self, seconds: float, action: Callable[[], None]) -> _Alarm:
        self._count += 1
        alarm = _Alarm(self._now + max(0.0, seconds), self._count, action)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def advance(self, seconds: float) -> None:
        until = self._now + seconds
        while self._alarms and self._alarms[0].due <= until:
            alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                self._now = max(self._now, alarm.due)
                alarm.action()
        self._now = until

    @property
    def armed(self) -> int:
        """How many alarms wait."""
        return sum(not alarm.cancelled for alarm in self._alarms)
