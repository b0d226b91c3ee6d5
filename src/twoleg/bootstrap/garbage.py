"""When Python looks for garbage: a search through all objects stops the process, as SIP and readers notice.

Neither calls nor connections leave any behind that needs a search (tests prove it), so full searches can wait for a
moment without calls, or with few readers.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Final

_YOUNG: Final = (20_000, 1_000_000, 1_000_000)
"""Thresholds of `gc`: few searches among young objects, a millisecond each; practically none among the older ones,
which are those of living calls: with every tenth search going through them, too, it was 2 % of the CPU more. A search
costs by what lives, and of 20,000 young objects most do not live long: with 2,000 it was 3 % of the CPU. Measured with
Python's own thresholds: 230 ms at a time and 5 % of the CPU with 600 living calls; in the API's process 430 ms at a
time with 10,000 streams."""

_LOOK_EVERY: Final = 60.0
_AT_LAST_EVERY: Final = 3600.0
"""Seconds. A service that is never without calls pays for a search once an hour, in case a rare path leaves circles."""


def settle() -> None:
    """Call once everything that lives as long as the process is there: it is never looked through again."""
    gc.collect()
    gc.freeze()


async def collect_in_quiet_moments(*, is_quiet: Callable[[], bool]) -> None:
    """Keep full searches away from work; run it as a task as long as the process lives."""
    gc.set_threshold(*_YOUNG)
    waited = 0.0
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        waited += _LOOK_EVERY
        if is_quiet() or waited >= _AT_LAST_EVERY:
            gc.collect()
            waited = 0.0
