"""The engine's side of the shared page: it says that it lives, and hears whether the service stops."""

from __future__ import annotations

import asyncio

from twoleg.adapters.service_page import Mode, SharedPage
from twoleg.application.conductor import Conductor

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
