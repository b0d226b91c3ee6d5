"""The sweeper's place: beside an API process, far from the engine whose calls it watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.system import SystemClock
from twoleg.application.errors import StoreUnavailable
from twoleg.application.sweep_overdue import SweepOverdue
from twoleg.bootstrap.logs import Log

EVERY = 2.0
"""Seconds between two looks: one read of an index that holds living calls only, by their deadlines."""


@contextlib.asynccontextmanager
async def overdue_swept(store: SqliteStore, *, log: Log, every: float = EVERY) -> AsyncIterator[None]:
    """While the block runs."""
    sweep = SweepOverdue(book=store.overdue_book(), clock=SystemClock(), log=log)
    task = asyncio.create_task(_again_and_again(sweep, log, every))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _again_and_again(sweep: SweepOverdue, log: Log, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await sweep()
        except StoreUnavailable as error:
            log.warning("cannot look for overdue calls", why=str(error))
