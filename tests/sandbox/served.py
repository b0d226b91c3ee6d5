"""The sandbox as the composition root runs it, on a port of its own, for as long as a test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

from sip_transport.cores import RememberingLog
from twoleg.sandbox import run_sandbox
from twoleg.sip_transport.sockets import bind_udp


@asynccontextmanager
async def sandbox(log: RememberingLog | None = None) -> AsyncIterator[tuple[str, int]]:
    """Gives (host, port); insists that the socket is closed afterwards."""
    bound, ready = bind_udp("127.0.0.1", 0), asyncio.Event()
    address: tuple[str, int] = bound.getsockname()
    running = asyncio.create_task(
        run_sandbox(socket=bound, log=log or RememberingLog(), on_ready=ready.set, random=Random(1))
    )
    await ready.wait()
    try:
        yield address
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert bound.fileno() == -1
