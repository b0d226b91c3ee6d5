"""The machine's clock and its source of chance: the only place that asks the operating system for either."""

from __future__ import annotations

import asyncio
import secrets  # noqa: TID251 - this module is where chance comes from
import time
from collections.abc import Callable

from twoleg.application.ports import Cancellable


class SystemClock:
    """The `Clock` of a running service: the wall clock, and timers on the running asyncio loop."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, as the machine has it (it may be set back)."""
        return time.time_ns() // 1_000_000  # noqa: TID251 - this module is where time comes from

    def now_us(self) -> int:
        """Microseconds since the Unix epoch, of the same clock."""
        return time.time_ns() // 1_000  # noqa: TID251 - see now_ms

    def monotonic(self) -> float:
        """Seconds of a clock that only runs forward and is never set; what the SIP core's `now` is measured in."""
        return time.monotonic()  # noqa: TID251 - see now_ms

    def call_later(self, seconds: float, action: Callable[[], None]) -> Cancellable:
        """Run `action` on the running loop after that many seconds."""
        return asyncio.get_running_loop().call_later(seconds, action)


_DRAWN = 4096
"""Octets that are drawn at once: a call needs some twenty random names, and a system call for each is a waste."""


class SystemEntropy:
    """The `Entropy` of a running service; also what the SIP core takes for its tags and branches (`RandomBits`).

    For one thread. Draws from the operating system in advance, so nothing of it may cross a fork.
    """

    def __init__(self) -> None:
        self._drawn = b""
        self._used = 0

    def bits(self, count: int) -> int:
        """A uniformly random integer of `count` bits from the operating system, fit for secrets."""
        octets = (count + 7) // 8
        begin, end = self._used, self._used + octets
        if end > len(self._drawn):
            self._drawn = secrets.token_bytes(max(_DRAWN, octets))
            begin, end = 0, octets
        self._used = end
        return int.from_bytes(self._drawn[begin:end], "big") >> (octets * 8 - count)

    def getrandbits(self, k: int, /) -> int:
        """The same under the name that `random.Random` gave it."""
        return self.bits(k)
