"""Steps on their way to the disk, and which of them are late: a store in trouble shall hold up no hang-up."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Generic, TypeVar

from twoleg.application.ports import Cancellable, Clock

PATIENCE = 1.0
"""Seconds a step may take to become durable before its call goes on without it. A commit takes milliseconds, on a slow
disk some hundred; RFC 3261 17.1.2.2 lets a phone that hung up repeat its BYE for 32 s, a person waits for neither."""

_GRAIN = 0.02
"""Seconds between two looks: a store that is late has many late steps."""

Entry = TypeVar("Entry")


class LateSteps(Generic[Entry]):
    """Watches entries, oldest first, and tells each one that is not taken out in time, once. One timer for all."""

    def __init__(self, *, clock: Clock, tell: Callable[[Entry], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._due: dict[int, tuple[float, Entry]] = {}
        """By ticket, in the order in which they came: when it is late (ms since the epoch), and what."""
        self._ticket = 0
        self._timer: Cancellable | None = None

    def put(self, entry: Entry) -> int:
        """Watch it; the answer is the ticket that takes it out again."""
        self._ticket += 1
        self._due[self._ticket] = (self._clock.now_ms() + PATIENCE * 1000, entry)
        if self._timer is None:
            self._timer = self._clock.call_later(PATIENCE, self._look)
        return self._ticket

    def take(self, ticket: int) -> bool:
        """Watch it no more. False: it was late already, and told."""
        was_in_time = self._due.pop(ticket, None) is not None
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return was_in_time

    def _look(self) -> None:
        self._timer = None
        now = self._clock.now_ms()
        late = [ticket for ticket, _ in takewhile(lambda each: each[1][0] <= now, self._due.items())]  # oldest first
        told = [self._due.pop(ticket)[1] for ticket in late]
        if self._due:
            due, _ = next(iter(self._due.values()))
            self._timer = self._clock.call_later(max(_GRAIN, (due - now) / 1000), self._look)
        for entry in told:
            self._tell(entry)
