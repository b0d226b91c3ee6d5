"""The recorder process: after calls have ended, captures become recordings; what outlived its time goes.

It shares nothing with the engine but the store and the spool folder, so hours of audio hold up no call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

from twoleg.adapters.recording.assembly import SpoolCaptures
from twoleg.adapters.store.sqlite import open_store
from twoleg.adapters.system import SystemClock
from twoleg.application.errors import StoreUnavailable
from twoleg.application.finish_recordings import FinishRecordings
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.orders import Orders
from twoleg.bootstrap.recordings import spool_of, storage_of

_LOOK_EVERY = 0.5
_TROUBLE_REST = 5.0
"""Seconds until a storage or store in trouble is asked again."""
_PURGE_EVERY = 60.0
_NICENESS = 10
"""Behind the engine and the API, on a machine that is busy with both."""


async def run_recorder(orders: Orders, log: Log, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Finish and purge until `stop`; what is under way then is finished first."""
    os.nice(_NICENESS)
    clock = SystemClock()
    store = open_store(orders.settings.store.url, clock=clock, logger=log)
    try:
        recorder = FinishRecordings(
            book=store.recordings(),
            captures=SpoolCaptures(spool_of(orders.settings.recording)),
            storage=storage_of(orders.settings.recording),
            clock=clock,
            log=log,
        )
        on_ready()
        await _tidy(recorder, log)
        await _work(recorder, log, stop)
    finally:
        store.close()


async def _tidy(recorder: FinishRecordings, log: Log) -> None:
    try:
        await recorder.tidy()
    except (StoreUnavailable, OSError) as trouble:
        log.warning("cannot look through the spool folder", why=str(trouble))


async def _work(recorder: FinishRecordings, log: Log, stop: asyncio.Event) -> None:
    now = SystemClock().monotonic
    purge_at = now()
    while not stop.is_set():
        rest = _LOOK_EVERY
        try:
            while await recorder.look() and not stop.is_set():
                pass
            if now() >= purge_at and not await recorder.purge():
                purge_at = now() + _PURGE_EVERY
            if recorder.is_waiting:
                rest = _TROUBLE_REST
        except StoreUnavailable as trouble:
            log.warning("cannot work on recordings now", why=str(trouble))
            rest = _TROUBLE_REST
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), rest)
