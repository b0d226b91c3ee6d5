"""The engine looks for new calls when it is nudged, and not more often than it can afford."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, cast

import structlog

from twoleg.bootstrap.engine_process import Lookout

if TYPE_CHECKING:
    from twoleg.application.take_in_calls import Intake

LOOK = 0.01


class SlowIntake:
    """Every look takes that many seconds, as with many queued calls."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> None:
        self.looks += 1
        time.sleep(LOOK)  # noqa: TID251 - keeps the loop busy, which is the point


async def nudged(*, every: float, seconds: float) -> int:
    """How often was looked."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.settimeout(0)
    intake = SlowIntake()
    lookout = Lookout(cast("Intake", intake), ours, log=structlog.get_logger())
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        theirs.send(b"!")
        await asyncio.sleep(every)
    lookout.close()
    theirs.close()
    return intake.looks


def test_a_flood_of_nudges_leaves_the_engine_most_of_its_time() -> None:
    looks = asyncio.run(nudged(every=0.001, seconds=0.6))

    assert 2 <= looks <= 0.25 * 0.6 / LOOK
