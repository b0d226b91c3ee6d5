"""The sandbox process: the carrier in the box, on a socket of its own like any trunk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.orders import Orders, inherited
from twoleg.sandbox.run import run_sandbox


async def run_sandbox_process(orders: Orders, log: Log, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Play the phones until `stop`."""
    playing = asyncio.create_task(run_sandbox(socket=inherited(orders.sandbox), log=log, on_ready=on_ready))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        playing.result()
    playing.cancel()
    stopping.cancel()
