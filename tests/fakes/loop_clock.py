"""The `Clock` of a running loop: on a driven one, time jumps with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from domain.calls import T0

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOP_STARTS_AT = 1000.0
"""Seconds: see tests/driven_loop.py."""


class LoopClock:
    """Begins at T0."""

    def now_ms(self) -> int:
        return T0 + round((asyncio.get_running_loop().time() - _LOOP_STARTS_AT) * 1000)

    def call_later(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, action)
