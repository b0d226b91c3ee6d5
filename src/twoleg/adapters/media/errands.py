"""Errands of one call: what takes time is done in the background, one thing after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from twoleg.adapters.media.relay import RelayTrouble
from twoleg.sip.errors import SdpError

Errand = Callable[[], Awaitable[None]]


class Errands:
    """A queue with one runner, which lives only while there is something to do. Needs a running loop."""

    def __init__(
        self, *, trouble: Callable[[RelayTrouble | SdpError], None], fault: Callable[[Exception], None]
    ) -> None:
        """`trouble` is told what a relay or a phone's description did to an errand, `fault` what we did."""
        self._trouble = trouble
        self._fault = fault
        self._waiting: deque[Errand] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._again: Errand | None = None
        """The last errand, while it may be tried once more."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is begun."""
        return self._closed.is_set()

    def add(self, errand: Errand) -> None:
        """Do this after what waits already; nothing once closed."""
        if not self.is_closed:
            self._put(errand)

    def close(self, last: Errand) -> None:
        """Drop what waits, let what runs come to its end, and do one last thing. A second time: nothing.

        The last thing is done once more if it raises: it frees what nobody else would.
        """
        if not self.is_closed:
            self._waiting.clear()
            self._put(last)
            self._again = last
            self._closed.set()

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until closed."""
        try:
            await asyncio.wait_for(self._closed.wait(), seconds)
        except TimeoutError:
            return

    def _put(self, errand: Errand) -> None:
        self._waiting.append(errand)
        if self._runner is None:
            self._runner = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._waiting:
            errand = self._waiting.popleft()
            try:
                await errand()
            except (RelayTrouble, SdpError) as trouble:
                if not self.is_closed:
                    self._trouble(trouble)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is this call's alone
                self._fault(error)
                self._try_again(errand)
        self._runner = None
        if self.is_closed:  # their owner owns us: a circle that only the garbage collector would find
            self._trouble = self._fault = _nobody_listens
            self._again = None

    def _try_again(self, errand: Errand) -> None:
        if errand is self._again:
            self._again = None
            self._waiting.append(errand)


def _nobody_listens(_error: Exception) -> None:
    """After the last errand."""
