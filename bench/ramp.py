"""Stages of a ramp: calls placed at a constant rate, each followed to its end, every failure counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import cpu_seconds
from bench.sipp_phones import USUAL, Manner, Phones, Ports

TALK = 3.0
"""Seconds the two talk."""
_CALLS_A_REPETITION = 10
"""A phone repeats what is not answered within 0.5 s. With more than one repetition in so many calls the rate is too
high, even if every call survives it: the queue before the measured process grows."""
_GRACE = 25.0
"""Seconds beyond the last call's due end that a stage waits for stragglers."""


@dataclass(slots=True)
class Stage:
    """What one rate gave."""

    rate: int
    """Calls per second asked for."""
    calls: int
    cpu_ms: float = 0.0
    """Of the measured process, per call."""
    busy: float = 0.0
    """Share of its core while calls were placed, 0-1."""
    retransmissions: int = 0
    """By the phones: how much was lost or late."""
    failures: Counter[str] = field(default_factory=Counter)
    """How often each thing went wrong; empty when every call was what it should be."""

    @property
    def is_clean(self) -> bool:
        """Not one failure."""
        return not self.failures


Manners = tuple[Manner, Manner] | tuple[()]
Place = Callable[[str, str], Awaitable[None]]
"""Places a call between two numbers; what it raises is a failure."""


async def run_stage(
    *, rate: int, seconds: float, first: int, place: Place, pid: int, folder: Path, ports: Ports, manners: Manners = ()
) -> Stage:
    """Place `rate` calls a second for that long and wait until both phones have seen them all end.

    `first`: the calls are numbered from here on; no two calls of a run may share a number. `pid`: the process whose
    CPU time is measured; `manners`: the agent's and the customer's, when they are not as usual.
    """
    stage = Stage(rate, round(rate * seconds))
    folder.mkdir()  # noqa: ASYNC240 - before anything is measured
    patience = seconds + TALK + _GRACE
    agent, customer = manners or (USUAL, USUAL)
    with Phones(
        folder, ports, calls=stage.calls, talk=TALK, patience=patience, agent=agent, customer=customer
    ) as phones:
        await asyncio.sleep(0.3)  # both are bound by then; a phone that is not costs one retransmission
        loop = asyncio.get_running_loop()
        began, used = loop.time(), cpu_seconds(pid)
        await place_at_rate(stage, first=first, place=place)
        stage.busy = (cpu_seconds(pid) - used) / (loop.time() - began)
        give_up = loop.time() + TALK + _GRACE
        while not phones.are_done and loop.time() < give_up:  # noqa: ASYNC110 - another process tells us nothing
            await asyncio.sleep(0.1)
        stage.cpu_ms = (cpu_seconds(pid) - used) * 1000 / stage.calls
    _judge_phones(stage, phones)
    return stage


def numbers_of(call: int) -> tuple[str, str]:
    """The agent's and the customer's number of that call; their first digits lead to the two phones."""
    return f"1{call:07d}", f"2{call:07d}"


async def place_at_rate(stage: Stage, *, first: int, place: Place) -> None:
    """Place the stage's calls evenly in time, whatever becomes of them; returns when all were answered."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    under_way = []
    for number in range(stage.calls):
        ahead = began + number / stage.rate - loop.time()
        if ahead > 0:
            await asyncio.sleep(ahead)
        under_way.append(asyncio.create_task(_placed(stage, place, numbers_of(first + number))))
    await asyncio.gather(*under_way)


async def _placed(stage: Stage, place: Place, numbers: tuple[str, str]) -> None:
    try:
        await place(*numbers)
    except Exception as error:  # noqa: BLE001 - whatever it is, the call was not placed
        stage.failures[f"not placed: {type(error).__name__} {error}"[:120]] += 1


def _judge_phones(stage: Stage, phones: Phones) -> None:
    for name, count in phones.counts().items():
        stage.retransmissions += count.retransmissions
        stage.failures[f"the {name}'s phone failed a call"] += count.failed
        stage.failures[f"the {name}'s phone missed a call"] += max(0, stage.calls - count.kept - count.failed)
    if stage.retransmissions * _CALLS_A_REPETITION > stage.calls:
        stage.failures["overloaded: the phones repeat themselves"] += 1
    stage.failures = +stage.failures  # without the zeros


def best_of(stages: Sequence[Stage]) -> Stage | None:
    """The fastest stage without a failure."""
    return max((stage for stage in stages if stage.is_clean), key=lambda stage: stage.rate, default=None)
