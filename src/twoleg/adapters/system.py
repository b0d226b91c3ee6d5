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

    def monotonic(self) -> float:
        """Seconds of a clock that only runs forward and is never set; what the SIP core's `now` is measured in."""
        return time.monotonic()  # noqa: TID251 - see now_ms

    def call_later(self, seconds: float, action: Callable[[], None]) -> Cancellable:
        """Run `action` on the running loop after that many seconds."""
        return asyncio.get_running_loop().call_later(seconds, action)


class SystemEntropy:
    """The `Entropy` of a running service; also what the SIP core takes for its tags and branches (`RandomBits`)."""

    def bits(self, count: int) -> int:
        """A uniformly random integer of `count` bits from the operating system, fit for secrets."""
        return secrets.randbits(count)

    def getrandbits(self, k: int, /) -> int:
        """The same under the name that `random.Random` gave it."""
        return secrets.randbits(k)
