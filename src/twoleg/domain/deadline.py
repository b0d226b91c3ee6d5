"""By when a call has ended, whatever happens: the sum of its timers, and what is left for those who watch them."""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.domain.effects import Timer
from twoleg.domain.media import LONGEST_GREETING

SLACK = 10.0
"""Seconds by which all timers of a call together may be late, commits and a busy loop included."""
TO_HEED = 10.0
"""Seconds for the engine to end a call when it is told that the call is overdue."""
TO_CLOSE = 10.0
"""Seconds to close its record when the engine does not."""


def longest_life(limits: Mapping[Timer, float]) -> float:
    """Seconds from the placing of a call to the latest end that its timers allow it. `limits`: seconds of each timer.

    The customer's ring timer may run three times: until the agent's greeting begins, along with it, and after it.
    """
    agent = limits[Timer.QUEUE] + limits[Timer.RING_AGENT]
    customer = 3 * limits[Timer.RING_CUSTOMER] + LONGEST_GREETING
    return agent + customer + limits[Timer.TALK]


def must_end_by(created_at: int, limits: Mapping[Timer, float]) -> int:
    """Ms since the epoch, as `created_at`."""
    return created_at + round((longest_life(limits) + SLACK + TO_HEED + TO_CLOSE) * 1000)
