"""What is armed and when it is due: one heap, with cancelled entries left in place until they surface."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import TypeAlias

Action: TypeAlias = Callable[[float], None]
"""Called with the time at which the shell noticed, which may be later than the deadline."""


class Deadline:
    """One armed action; `cancel` lets go of it at once, so that a dead transaction is not kept alive by its timers."""

    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    def cancel(self) -> None:
        """Never fire; again, or after it fired, is harmless."""
        self.action = None


class Deadlines:
    """Arms deadlines and hands out those that are due, earliest first and in the order of arming when equal."""

    __slots__ = ("_heap", "_serial", "_sweep_at")

    _FEW = 256

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._serial = 0
        self._sweep_at = self._FEW

    def arm(self, when: float, action: Action) -> Deadline:
        """Call `action` once `when` has come, unless it is cancelled first."""
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        deadline = Deadline(action)
        self._serial += 1
        heappush(self._heap, (when, self._serial, deadline))
        return deadline

    def next(self) -> float | None:
        """When the earliest deadline is due; None when nothing is armed."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: float) -> Action | None:
        """Take the earliest action that is due at `now`; None when there is none."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            deadline = heappop(heap)[2]
            action = deadline.action
            if action is not None:
                deadline.action = None
                return action
        return None

    def __len__(self) -> int:
        """How many entries are held, cancelled ones included."""
        return len(self._heap)

    def _sweep(self) -> None:
        """Drop cancelled entries each time the heap has doubled: constant cost per arming, bounded waste."""
        self._heap = [entry for entry in self._heap if entry[2].action is not None]
        heapify(self._heap)
        self._sweep_at = max(self._FEW, 2 * len(self._heap))
