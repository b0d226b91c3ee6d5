"""What becomes of the news that a trunk went up or down: a line in the log, and a row in the store for operators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import TrunkBoard, TrunkState
from twoleg.bootstrap.logs import Log


class TrunkNews:
    """Takes news on the loop and writes them in a thread, one after the other; needs a running loop."""

    def __init__(self, board: TrunkBoard, log: Log) -> None:
        self._board = board
        self._log = log
        self._news: asyncio.Queue[TrunkState] = asyncio.Queue()

    def __call__(self, state: TrunkState) -> None:
        """That is the trunk's state now."""
        say = self._log.info if state.is_up else self._log.warning
        say("trunk is up" if state.is_up else "trunk is down", trunk=state.name, why=state.why)
        self._news.put_nowait(state)

    async def write(self) -> None:
        """Until cancelled. A store in trouble costs operators the news, and nobody else anything."""
        await self._try_to(self._board.clear)
        while True:
            state = await self._news.get()
            await self._try_to(partial(self._board.put, state))

    async def _try_to(self, change: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(change)
        except StoreUnavailable as error:
            self._log.warning("cannot store the state of trunks now", why=str(error))
