"""An event loop whose clock the test turns: real sockets, and time that jumps to the next timer when all is quiet.

A test of something that waits a minute takes milliseconds, and `loop.time()` tells the minute.
"""

from __future__ import annotations

import asyncio
import selectors
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

T = TypeVar("T")

_ON_THE_WAY = 0.003
"""Real seconds that a datagram on the loopback may need; only after so much silence does the clock jump."""

_STUCK = 10.0
"""Real seconds without any timer or input after which the test is told that nothing will ever happen."""


class _JumpingSelector(selectors.DefaultSelector):
    """Turns the wait for a timer into a jump of the loop's clock."""

    now = 1000.0

    def __init__(self, on_the_way: float) -> None:
        super().__init__()
        self._on_the_way = on_the_way
        self.at_work = 0
        """Others whose answer is to be waited for before the clock may jump."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        ready = super().select(_STUCK if timeout is None or self.at_work else self._on_the_way)
        if ready:
            return ready
        if self.at_work:
            raise RuntimeError("somebody else never comes to an end")
        if timeout is None:
            raise RuntimeError("nothing will ever happen in this loop")
        self.now += timeout
        return []


class DrivenLoop(asyncio.SelectorEventLoop):
    """Its time starts at 1000.0 s and moves only by jumps."""

    def __init__(self, on_the_way: float = _ON_THE_WAY) -> None:
        self._jumping = _JumpingSelector(on_the_way)
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    @contextmanager
    def stands_still(self) -> Iterator[None]:
        """Within it a thread of somebody else's works for us in real time: the clock does not jump ahead of it."""
        self._jumping.at_work += 1
        try:
            yield
        finally:
            self._jumping.at_work -= 1


def drive(story: Coroutine[Any, Any, T], *, has_sockets: bool = True) -> T:
    """Run `story` on a driven loop; without sockets nothing is on its way, and a jump takes no time at all."""
    with asyncio.Runner(loop_factory=lambda: DrivenLoop(_ON_THE_WAY if has_sockets else 0)) as runner:
        return runner.run(story)
