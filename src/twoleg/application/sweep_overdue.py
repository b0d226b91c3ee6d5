"""The sweeper: closes calls that outlived their timers. It shares nothing with these: it reads the store, by deadline.

It runs in another process than the engine. First the engine is told, in the store: a call that has lost its timer ends
there, with its phones. Where the engine does not heed that in time, because it hangs or is not there, the record is
closed by the machine's own step; the phones are the next engine's business, or this one's when it comes to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twoleg.application.ports import Clock
from twoleg.domain.call import Call
from twoleg.domain.deadline import TO_CLOSE, TO_HEED
from twoleg.domain.machine import Step, step
from twoleg.domain.signals import EngineLost

TOLD = "a call outlives its timers: its engine is told"
CLOSED = "a call outlived its timers and its engine did not end it: its record is closed"

End = Callable[[Call], Step]
"""How a call is ended."""


class OverdueBook(Protocol):
    """The store, as the sweeper needs it. Everything raises `StoreUnavailable`."""

    def late(self, before: int) -> Sequence[int]:
        """Serials of calls that have not ended and must end before that time (ms since the epoch); 100 at most."""

    def count(self) -> int:
        """How many calls were ever noticed, as far as they are still kept: the metric, 0 in a sound service."""

    async def notice(self, serial: int, *, at: int) -> bool:
        """Leave word for the engine; whether it is the first."""

    async def close(self, serial: int, end: End, *, at: int) -> bool:
        """End the call as `end` says, unless it has ended; whether it had not.

        The engine's own steps of it, should any come later, are not written any more.
        """


class SweepLog(Protocol):
    """structlog's way of calling."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """Somebody must look: no call should ever come here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOverdue:
    """Run every few seconds."""

    book: OverdueBook
    clock: Clock
    log: SweepLog

    async def __call__(self) -> None:
        """Tell and close what is due for it. Raises `StoreUnavailable`."""
        now = self.clock.now_ms()
        for serial in self.book.late(now + _ms(TO_HEED + TO_CLOSE)):
            if await self.book.notice(serial, at=now):
                self.log.error(TOLD, call=serial)
        for serial in self.book.late(now + _ms(TO_CLOSE)):
            if await self.book.close(serial, lambda call: step(call, EngineLost(), now), at=now):
                self.log.error(CLOSED, call=serial)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
