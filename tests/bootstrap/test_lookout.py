"""The engine looks for new calls when it is nudged, and not more often than it can afford."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, cast

import structlog

from twoleg.bootstrap.engine_process import Lookout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twoleg.application.take_in_calls import Intake
    from twoleg.domain.call import Call

LOOK = 0.01


class SlowIntake:
    """Every look takes that many seconds, as with many queued calls."""

    def __init__(self) -> None:
        self.looks = 0

    def find(self) -> list[Call]:
        self.looks += 1
        time.sleep(LOOK)  # noqa: TID251 - keeps the loop busy, which is the point
        return []

    def take(self, found: Sequence[Call]) -> None:
        assert not found


class BusyIntake(SlowIntake):
    """Finding costs nothing, and every look finds calls that take so many seconds to be begun."""

    def find(self) -> list[Call]:
        self.looks += 1
        return []

    def take(self, found: Sequence[Call]) -> None:
        assert not found
        time.sleep(LOOK)  # noqa: TID251 - see above


async def nudged(intake: SlowIntake, *, every: float, seconds: float) -> int:
    """How often was looked."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.settimeout(0)
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
    looks = asyncio.run(nudged(SlowIntake(), every=0.001, seconds=0.6))

    assert 2 <= looks <= 0.25 * 0.6 / LOOK


def test_calls_that_are_found_do_not_keep_the_next_ones_waiting() -> None:
    looks = asyncio.run(nudged(BusyIntake(), every=0.001, seconds=0.6))

    assert looks >= 0.1 * 0.6 / LOOK  # 3 when they did
