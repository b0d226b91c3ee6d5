"""The one place where a test waits in real time: for peers in other processes, which tell nobody when they are ready.

Everything of our own is driven by a clock that the test turns; nothing here is needed for it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLL = 0.01
"""Seconds between two looks."""


def eventually(
    holds: Callable[[], bool],
    *,
    unless: Callable[[], bool] = lambda: False,
    seconds: float = 10.0,
    every: float = POLL,
) -> bool:
    """Look until `holds` is true, and say whether it came true; give up when `unless` is, or after `seconds`."""
    give_up = now() + seconds
    while now() < give_up:
        if holds():
            return True
        if unless():
            break
        time.sleep(every)  # noqa: TID251 - another process tells us nothing; this is where tests wait for one
    return holds()


async def eventually_async(
    holds: Callable[[], bool], *, unless: Callable[[], bool] = lambda: False, seconds: float = 10.0
) -> bool:
    """`eventually` for a test that must keep its own event loop running meanwhile."""
    give_up = now() + seconds
    while now() < give_up:
        if holds():
            return True
        if unless():
            break
        await asyncio.sleep(POLL)
    return holds()


def now() -> float:
    """Seconds of a clock that only runs forward."""
    return time.monotonic()  # noqa: TID251 - deadlines for other processes are in real time


def wall_clock_ms() -> int:
    """Milliseconds since the epoch, to compare with what a service in another process noted."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - its clock is the real one
