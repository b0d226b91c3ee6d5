"""Three times the capacity: what becomes of the calls that are taken, how fast the others are refused, and afterwards.

Half of the capacity for a start, then the wave, then half of the capacity again, on one service. The set-up time of a
call is from its row in the store to both phones talking, as the store has it, less the time the phones ring.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Row, percentile, spread
from bench.http_client import Client, RefusedError
from bench.processes import resident_kib
from bench.ramp import numbers_of
from bench.service import Service
from bench.sipp_phones import Phones, Ports

TALK = 3.0
TIMES = 3
WANTED_REFUSAL_MS = 50.0
WANTED_GROWTH = 2.0
"""Of the set-up time's p99 in the wave, compared with that before it."""
_RINGING_MS = 2 * 200
_GRACE = 6.0
"""Seconds after a stage for its calls to end."""
_FRONT = 2.0
"""Seconds at the beginning of a stage that are not judged: calls are taken as they come until a delay can be seen."""


@dataclass(slots=True)
class Stage:
    """What one rate gave."""

    rate: float
    seconds: float
    accepted: int = 0
    refused_ms: list[float] = field(default_factory=list)
    """How long each refusal took."""
    set_up_ms: list[float] = field(default_factory=list)
    failures: int = 0
    """Neither taken nor refused, or taken and never talked."""
    rss_kib: int = 0
    """The engine's, at the end of the stage's load."""

    @property
    def accepted_per_second(self) -> float:
        """Calls that were taken."""
        return self.accepted / self.seconds


async def measure(folder: Path, *, capacity: int, seconds: float) -> list[Row]:
    """`capacity`: two-way calls a second that the engine really does (part `calls`)."""
    ports = Ports.choose()
    most = round(capacity * (TIMES + 2) * seconds)
    stages, first = [], 1000
    with (
        Service.start(folder, trunks={"1": ports.agent, "2": ports.customer}) as service,
        Phones(folder, ports, calls=most, talk=TALK, patience=6 * seconds + 120),
    ):
        await asyncio.sleep(0.5)
        for rate in (capacity / 2, capacity * TIMES, capacity / 2):
            stages.append(await _stage(service, rate=rate, seconds=seconds, first=first))
            first += round(rate * seconds)
    return rows_of(*stages)


async def _stage(service: Service, *, rate: float, seconds: float, first: int) -> Stage:
    stage, loop = Stage(rate, seconds), asyncio.get_running_loop()
    began_ms = time.time_ns() // 1_000_000
    async with Client(service.access) as client:
        began, under_way = loop.time(), []
        for number in range(round(rate * seconds)):
            ahead = began + number / rate - loop.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
            under_way.append(asyncio.create_task(_place(stage, client, numbers_of(first + number))))
        stage.rss_kib = resident_kib(service.engine)
        await asyncio.gather(*under_way)
    await asyncio.sleep(TALK + _GRACE)
    _read_set_up_times(stage, service.folder / "twoleg.db", since_ms=began_ms)
    return stage


async def _place(stage: Stage, client: Client, numbers: tuple[str, str]) -> None:
    began = asyncio.get_running_loop().time()
    try:
        await client.create_call(*numbers)
    except RefusedError as refused:
        if str(refused).startswith("503"):
            stage.refused_ms.append((asyncio.get_running_loop().time() - began) * 1000)
        else:
            stage.failures += 1
    except (OSError, TimeoutError):
        stage.failures += 1
    else:
        stage.accepted += 1


def _read_set_up_times(stage: Stage, store: Path, *, since_ms: int) -> None:
    judged = since_ms + round(_FRONT * 1000)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as reader:
        rows = reader.execute("SELECT created_at, talking_at FROM call WHERE created_at >= ?", (since_ms,)).fetchall()
    for created_at, talking_at in rows:
        if talking_at is None:
            stage.failures += 1
        elif created_at >= judged:
            stage.set_up_ms.append(talking_at - created_at - _RINGING_MS)


def rows_of(before: Stage, wave: Stage, after: Stage) -> list[Row]:
    """As rows of the table."""
    usual, hard = percentile(before.set_up_ms, 0.99), percentile(wave.set_up_ms, 0.99)
    refusal = percentile(wave.refused_ms, 0.99)
    return [
        Row(
            what=f"overload: calls taken/s of {wave.rate:.0f} placed/s ({TIMES} x the capacity)",
            ours=f"{wave.accepted_per_second:.0f}, {wave.failures} failed",
            wanted="none failed",
            is_met=wave.failures == 0,
        ),
        Row(
            what="overload: set-up of the calls taken, less ringing (peer: at half of the capacity)",
            ours=spread(wave.set_up_ms),
            peer=spread(before.set_up_ms),
            ratio=hard / usual,
            wanted=f"p99 <= {WANTED_GROWTH:g} x",
            is_met=hard <= WANTED_GROWTH * usual,
        ),
        Row(
            what=f"overload: a refusal ({len(wave.refused_ms):,} of them)",
            ours=spread(wave.refused_ms),
            wanted=f"p99 < {WANTED_REFUSAL_MS:.0f} ms",
            is_met=refusal < WANTED_REFUSAL_MS,
        ),
        Row(
            what="overload: the engine's memory before, in and after the wave",
            ours=" / ".join(f"{stage.rss_kib / 1024:.0f} MiB" for stage in (before, wave, after)),
        ),
        Row(
            what=f"overload: after the wave, {after.rate:.0f} calls/s placed",
            ours=f"{len(after.refused_ms)} refused, {after.failures} failed, {spread(after.set_up_ms)}",
            wanted="none refused, none failed",
            is_met=not after.refused_ms and not after.failures,
        ),
    ]
