"""The engine's side of the shared page: it tells that it lives and how late it is, and hears if the service stops."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from twoleg.adapters.service_page import Mode, SharedPage
from twoleg.adapters.system import SystemClock
from twoleg.application.conductor import Conductor
from twoleg.application.overload import OverloadControl
from twoleg.application.stopwatch import Stopwatch
from twoleg.bootstrap.logs import Log
from twoleg.sip_transport.queue_age import queue_age

BEAT_EVERY = 0.1
"""Seconds."""


class Heart:
    """Beats on the running loop: an engine whose loop is stuck is silent."""

    def __init__(self, page: SharedPage, conductor: Conductor) -> None:
        self._page = page
        self._conductor = conductor

    def beat(self) -> None:
        """Once. From the first beat in another mode on, no call that waits is dialled any more."""
        mode = self._page.mode
        if mode is not Mode.SERVING:
            self._conductor.hold()
        living = len(self._conductor) if mode is Mode.SERVING else self._conductor.living
        self._page.beat(living=living, heeded=mode)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self.beat()
            await asyncio.sleep(BEAT_EVERY)


class Pulse:
    """Measures how late the engine is, and tells the API processes how many calls it can take."""

    def __init__(
        self, page: SharedPage, *, control: OverloadControl, stopwatch: Stopwatch, sockets: Sequence[int], log: Log
    ) -> None:
        """`sockets`: the descriptors on which SIP comes by UDP."""
        self._page = page
        self._control = control
        self._stopwatch = stopwatch
        self._sockets = sockets
        self._log = log
        self._clock = SystemClock()
        self._is_limited = False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            due = self._clock.monotonic() + BEAT_EVERY
            await asyncio.sleep(BEAT_EVERY)
            self.measure(lag=max(0.0, self._clock.monotonic() - due))

    def measure(self, *, lag: float) -> None:
        """Once. `lag`: seconds by which the loop is late."""
        waited, begun = self._stopwatch.take()
        now_us = self._clock.now_us()
        delay = max(lag, waited, *(queue_age(each, now_us) for each in self._sockets), 0.0)
        limit = self._control.observe(delay=delay, begun=begun, now=self._clock.monotonic())
        self._page.allow(calls_per_second=limit, delay=delay)
        if (limit is not None) is not self._is_limited:
            self._is_limited = limit is not None
            self._tell(delay, limit)

    def _tell(self, delay: float, limit: float | None) -> None:
        if limit is None:
            self._log.info("new calls are taken as they come again")
        else:
            self._log.warning("new calls are limited: the engine is late", delay=round(delay, 3), per_second=limit)
