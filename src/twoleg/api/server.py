"""The HTTP server: uvicorn around the application, on sockets that somebody else has bound."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from socket import socket

import uvicorn

from twoleg.api.app import App
from twoleg.api.protocol import GuardedProtocol

GRACE = 10
"""Seconds that requests under way get at a stop."""
_TICKS_PER_SWEEP = 10
"""Uvicorn ticks every 0.1 s, so each connection is looked at once a second."""


class _Server(uvicorn.Server):
    """Says when it is ready, drops slow clients, stops at an event, and leaves signals alone."""

    def __init__(self, app: App, *, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
        super().__init__(_config(app))
        self._app = app
        self._on_ready = on_ready
        self._stop = stop
        self._swept: tuple[object, ...] = ()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        self._enforce_some(counter % _TICKS_PER_SWEEP)
        return await super().on_tick(counter) or self._stop.is_set()

    def _enforce_some(self, turn: int) -> None:
        """A tenth of the connections: looking at ten thousand at once would hold up everybody for some 10 ms."""
        if turn == 0:
            self._swept = tuple(self.server_state.connections)
        now = asyncio.get_running_loop().time()
        for connection in self._swept[turn::_TICKS_PER_SWEEP]:
            if isinstance(connection, GuardedProtocol):
                connection.enforce(now)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._app.stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal again after its stop, and the exit status would tell of a kill."""
        yield


async def serve_api(*, sockets: Sequence[socket], app: App, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then finish what is under way (`GRACE` seconds at most) and return.

    `sockets`: bound TCP sockets; they are closed at the end. `on_ready` is called once, when connections are accepted.
    """
    await _Server(app, on_ready=on_ready, stop=stop).serve(list(sockets))


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what clients do wrong is told to them, not to the log
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
