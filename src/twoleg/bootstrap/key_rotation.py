"""Keeps the keys that sign tokens fresh, beside an API process: one of the things a service does by the day."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Protocol

from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.application.errors import ApplicationError
from twoleg.application.keys import rotate_when_due

LOOK_EVERY = 60.0
"""Seconds. A rotation is a matter of days; what lapsed is deleted a minute late."""


class Warns(Protocol):
    """A log, as far as it is needed here."""

    def warning(self, event: str, /, **facts: Any) -> Any:
        """Somebody should look."""


@contextlib.asynccontextmanager
async def keys_kept_fresh(
    store: SqliteStore, *, days: int, log: Warns, every: float = LOOK_EVERY
) -> AsyncIterator[None]:
    """While the block runs. `days`: how long a key signs; 0: until an operator rotates it."""
    look = partial(
        rotate_when_due,
        days=days,
        directory=store.directory(),
        registry=store.registry(),
        entropy=SystemEntropy(),
        clock=SystemClock(),
    )
    task = asyncio.create_task(_look_again_and_again(look, log, every))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _look_again_and_again(look: Callable[[], None], log: Warns, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await asyncio.to_thread(look)
        except ApplicationError as error:
            log.warning("keys not rotated", error=str(error))
