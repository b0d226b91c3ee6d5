"""From the wish to stop to the stop: new calls are refused at once, living ones get their time, then all is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twoleg.adapters.service_page import Mode, SharedPage
from twoleg.bootstrap.logs import Log

_LOOK_EVERY = 0.05
LAST_ANSWERS = 2.0
"""Seconds in which clients on kept connections are told, with their next answer, to come back on new ones: those wait
for the next generation in the queue of the socket, and no request meets a connection that is just being closed."""


class Stopping:
    """Decides when the supervisor stops. What the service is about stands on the page, for its processes to see."""

    def __init__(self, page: SharedPage, *, drain: float, hand_over: float, stop: Callable[[], None], log: Log) -> None:
        """`drain`, `hand_over`: seconds for living calls. `stop`: stops the processes; the second time, at once."""
        self._page = page
        self._seconds = {Mode.STOPPING: drain, Mode.HANDING_OVER: hand_over}
        self._stop = stop
        self._log = log
        self._hurried = asyncio.Event()
        self._waiting: asyncio.Task[None] | None = None
        self._until = 0.0

    def signalled(self) -> None:
        """SIGTERM or Ctrl-C. The first begins the drain, the second ends the living calls now, a third kills."""
        if self._waiting is None:
            self.begin(Mode.STOPPING)
        elif not self._hurried.is_set():
            self._hurried.set()
        else:
            self._stop()

    def begin(self, mode: Mode) -> None:
        """Begin to stop, or let what was a mere stop become a hand-over. Nothing makes the time longer again."""
        if self._waiting is not None and (mode is self._page.mode or mode is not Mode.HANDING_OVER):
            return
        seconds = self._seconds[mode] if self._waiting is None else min(self._seconds[mode], self._page.seconds_left)
        loop = asyncio.get_running_loop()
        self._until = loop.time() + LAST_ANSWERS if mode is Mode.HANDING_OVER else 0.0
        self._page.begin(mode, seconds=seconds)
        self._log.info("draining", calls=self._page.living, seconds=round(seconds, 1), mode=mode.name.lower())
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while not self._is_time():
            await _first(self._hurried, _LOOK_EVERY)
        while not self._hurried.is_set() and asyncio.get_running_loop().time() < self._until:
            await _first(self._hurried, _LOOK_EVERY)
        self._hurried.set()
        self._log.info("drained", calls=self._page.living)
        self._stop()

    def _is_time(self) -> bool:
        if self._hurried.is_set() or self._page.seconds_left <= 0 or self._page.silence is None:
            return True
        return self._page.heeded is self._page.mode and self._page.living == 0


async def _first(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
