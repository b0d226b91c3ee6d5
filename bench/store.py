"""The store by itself: placing, steps of the engine, both from two processes, and a status among a million calls.

`python -m bench.store` prints the figures; `measure` returns them.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as ProcessEvent
from pathlib import Path

import structlog

from bench.figures import percentile
from twoleg.adapters.store.sqlite import SqliteStore, open_store
from twoleg.adapters.store.sqlite.connection import open_writer
from twoleg.adapters.system import SystemClock
from twoleg.application.ports import CallJournal, Intent, Placed
from twoleg.domain.call import Call, Leg, Role
from twoleg.domain.machine import Step, step
from twoleg.domain.serials import make_serial
from twoleg.domain.signals import Bridged, LegAnswered, LegHungUp, LegReleased, LegRinging, Signal, Start, WireFacts
from twoleg.domain.tenant import Profile, Tenant

TENANT = "01999c1e7f3a4b5c8d7e"
T0 = 1_764_000_000_000
LIFE: tuple[tuple[float, Signal], ...] = (
    (0.000, Start()),
    (0.010, LegRinging(Role.AGENT)),
    (0.300, LegAnswered(Role.AGENT)),
    (0.310, LegRinging(Role.CUSTOMER)),
    (0.600, LegAnswered(Role.CUSTOMER)),
    (0.610, Bridged()),
    (1.600, LegHungUp(Role.CUSTOMER)),
    (1.602, LegReleased(Role.AGENT, WireFacts(sip_status=200, sip_reason="Q.850;cause=16", cause=16))),
)
"""Seconds since its start and what happens: 8 steps, 11 events, a CDR written twice."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Calls placed at once by 32 callers, or at a rate while an engine writes."""

    per_second: float
    cpu_us: float
    """Of the placing process, per call."""
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Stepping:
    """Steps of calls that start at a constant rate."""

    calls_per_second: float
    steps_per_second: float
    cpu_us_a_call: float
    """What the journal costs its process beside the same loop with a journal that writes nothing."""
    p50_ms: float
    """From `append` to the callback."""
    p99_ms: float


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """All of it."""

    placing: Placing
    flooding: float
    """Steps per second when all are appended at once."""
    stepping: Stepping
    placing_beside: Placing
    """Calls placed while another process steps at that rate."""
    stepping_beside: Stepping
    stored_calls: int
    status_us: float
    is_enabled_us: float


def measure(folder: Path, *, stored_calls: int = 1_000_000, rate: int = 250, seconds: float = 8.0) -> StoreFigures:
    """Run everything, each on a file of its own in `folder`; about a minute."""
    placing = asyncio.run(_place_at_once(_new(folder / "place.db"), calls=10_000))
    flooding = asyncio.run(_flood(_new(folder / "flood.db"), calls=2_000))
    stepping = asyncio.run(_step_at_rate(_new(folder / "step.db"), rate=rate, seconds=seconds))
    placing_beside, stepping_beside = _both(folder / "both.db", rate=rate, seconds=seconds)
    store = _new(folder / "many.db")
    fill(folder / "many.db", calls=stored_calls)
    status_us, is_enabled_us = _read(store, stored_calls)
    store.close()
    return StoreFigures(
        placing, flooding, stepping, placing_beside, stepping_beside, stored_calls, status_us, is_enabled_us
    )


# ---------------------------------------------------------------------------- files and calls


def _open(path: Path) -> SqliteStore:
    return open_store(f"sqlite:///{path}", clock=SystemClock(), logger=structlog.get_logger())


def _new(path: Path) -> SqliteStore:
    store = _open(path)
    tenant = Tenant(tenant_id=TENANT, name="bench", profile=Profile.AICC, access_codes=("640003",))
    store.registry().add_tenant(tenant, at=T0)
    return store


def serial_of(number: int) -> int:
    """The serial of the call of that number: four milliseconds after the one before."""
    return make_serial(now_ms=T0 + 4 * number, node_id=0, chance=number * 40503 & 0xFFFF)


def _call(number: int) -> Call:
    return Call(
        serial=serial_of(number),
        tenant_id=TENANT,
        agent=Leg(role=Role.AGENT, number=f"8888{number:07}", clip="640060"),
        customer=Leg(role=Role.CUSTOMER, number=f"9999{number:07}", clip="640003"),
        created_at=T0 + 4 * number,
    )


def fill(path: Path, *, calls: int) -> None:
    """Add that many ended calls of `TENANT` (the rows that status queries read), numbered from 0, to an open file."""
    writer = open_writer(path)
    writer.execute("PRAGMA synchronous = OFF")
    writer.execute("BEGIN")
    writer.executemany(
        """
        INSERT INTO call (
            serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, call_data,
            created_at, started_at, talking_at, ended_at, seq
        ) VALUES (?, ?, 4, 0, 16, ?, ?, '640003', '640060', 'order 4711', ?, ?, ?, ?, 12)
        """,
        (
            (serial_of(number), TENANT, f"8888{number:07}", f"9999{number:07}", at, at + 10, at + 900, at + 7000)
            for number in range(calls)
            for at in (T0 + 4 * number,)
        ),
    )
    writer.execute("COMMIT")
    writer.close()


# ---------------------------------------------------------------------------- placing


async def _place_at_once(store: SqliteStore, *, calls: int, callers: int = 32) -> Placing:
    intake = store.intake()
    numbers = iter(range(calls))
    waits: list[float] = []

    async def caller() -> None:
        for number in numbers:
            began = time.perf_counter()
            answer = await intake.place(Intent(_call(number)))
            waits.append(time.perf_counter() - began)
            assert isinstance(answer, Placed)

    with _undisturbed():
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(caller() for _ in range(callers)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    store.close()
    return _placing(waits, wall, cpu)


async def _place_at_rate(store: SqliteStore, *, rate: float, calls: int, first: int) -> Placing:
    intake = store.intake()
    waits: list[float] = []

    async def place(number: int) -> None:
        began = time.perf_counter()
        await intake.place(Intent(_call(number)))
        waits.append(time.perf_counter() - began)

    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        async for number in _ticks(range(first, first + calls), rate):
            group.create_task(place(number))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    store.close()
    return _placing(waits, wall, cpu)


def _placing(waits: Sequence[float], wall: float, cpu: float) -> Placing:
    return Placing(
        per_second=len(waits) / wall,
        cpu_us=cpu / len(waits) * 1e6,
        p50_ms=percentile(waits, 0.50) * 1e3,
        p99_ms=percentile(waits, 0.99) * 1e3,
    )


async def _ticks(numbers: Iterable[int], rate: float) -> AsyncIterator[int]:
    """The numbers, so many a second."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for place, number in enumerate(numbers):
        wait = began + place / rate - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        yield number


# ---------------------------------------------------------------------------- stepping


def _steps(call: Call) -> list[tuple[float, Step]]:
    taken: list[tuple[float, Step]] = []
    for offset, signal in LIFE:
        one = step(call, signal, call.created_at + int(offset * 1000))
        call = one.call
        if one.changed:
            taken.append((offset, one))
    return taken


async def _place_all(store: SqliteStore, calls: Iterable[Call]) -> None:
    intake = store.intake()
    await asyncio.gather(*(intake.place(Intent(call)) for call in calls))


async def _flood(store: SqliteStore, *, calls: int) -> float:
    await _place_all(store, map(_call, range(calls)))
    steps = [taken for number in range(calls) for _, taken in _steps(_call(number))]
    journal = store.journal(asyncio.get_running_loop())
    began = time.perf_counter()
    for one in steps:
        journal.append(one, _nothing)
    await journal.drained()
    took = time.perf_counter() - began
    store.close()
    return len(steps) / took


def _nothing() -> None: ...


class _IdleJournal:
    """Says at once that everything is durable: what remains is the load's own cost."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def append(self, _step: Step, on_durable: Callable[[], None]) -> None:
        self._loop.call_soon(on_durable)

    async def drained(self) -> None:
        await asyncio.sleep(0)


async def _step_at_rate(store: SqliteStore, *, rate: int, seconds: float) -> Stepping:
    loop = asyncio.get_running_loop()
    calls = int(rate * seconds)
    await _place_all(store, map(_call, range(calls)))
    lives = [_steps(_call(number)) for number in range(calls)]
    with _undisturbed():
        _, _, idle = await _run(_IdleJournal(loop), lives, rate)
        waits, wall, busy = await _run(store.journal(loop), lives, rate)
    store.close()
    return Stepping(
        calls_per_second=calls / wall,
        steps_per_second=len(waits) / wall,
        cpu_us_a_call=(busy - idle) / calls * 1e6,
        p50_ms=percentile(waits, 0.50) * 1e3,
        p99_ms=percentile(waits, 0.99) * 1e3,
    )


async def _run(
    journal: CallJournal | _IdleJournal, lives: Sequence[Sequence[tuple[float, Step]]], rate: float
) -> tuple[list[float], float, float]:
    """Waits of the steps, seconds taken, CPU seconds used."""
    loop = asyncio.get_running_loop()
    waits: list[float] = []

    def append(one: Step) -> None:
        began = time.perf_counter()
        journal.append(one, lambda: waits.append(time.perf_counter() - began))

    wall, cpu = time.perf_counter(), time.process_time()
    async for number in _ticks(range(len(lives)), rate):
        for offset, one in lives[number]:
            loop.call_later(offset, append, one)
    took = time.perf_counter() - wall
    await asyncio.sleep(LIFE[-1][0] + 0.1)
    await journal.drained()
    return waits, took, time.process_time() - cpu


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would count the load's own objects again and again."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# ---------------------------------------------------------------------------- both at once


def _both(path: Path, *, rate: int, seconds: float) -> tuple[Placing, Stepping]:
    """This process steps; another one places as many calls a second, beginning when the steps begin."""
    store = _new(path)
    spawn = multiprocessing.get_context("spawn")
    begin = spawn.Event()
    receiver, sender = spawn.Pipe(duplex=False)
    placer = spawn.Process(target=_placer, args=(path, rate, seconds, begin, sender), daemon=True)
    placer.start()
    stepping = asyncio.run(_step_after(store, begin, rate=rate, seconds=seconds))
    placing = receiver.recv()
    placer.join()
    assert isinstance(placing, Placing)
    return placing, stepping


async def _step_after(store: SqliteStore, begin: ProcessEvent, *, rate: int, seconds: float) -> Stepping:
    asyncio.get_running_loop().call_later(seconds * 0.5, begin.set)
    return await _step_at_rate(store, rate=rate, seconds=seconds)


def _placer(path: Path, rate: int, seconds: float, begin: ProcessEvent, sender: Connection) -> None:
    store = _open(path)
    begin.wait()
    first = int(rate * seconds) + 1
    sender.send(asyncio.run(_place_at_rate(store, rate=rate, calls=int(rate * seconds * 2), first=first)))


# ---------------------------------------------------------------------------- reading


def _read(store: SqliteStore, calls: int, *, reads: int = 50_000) -> tuple[float, float]:
    """Microseconds of CPU of a status of a random call, and of the look whether an app is enabled."""
    reader, directory = store.reader(), store.directory()
    chance = random.Random(7)
    serials = [serial_of(chance.randrange(calls)) for _ in range(reads)]
    found = [reader.status(serial, TENANT) for serial in serials[:2_000]]
    assert None not in found
    return (
        _cpu_us(lambda: [reader.status(serial, TENANT) for serial in serials], reads),
        _cpu_us(lambda: [directory.is_enabled("nobody") for _ in serials], reads),
    )


def _cpu_us(work: Callable[[], object], times: int) -> float:
    began = time.thread_time()
    work()
    return (time.thread_time() - began) / times * 1e6


def main() -> None:
    """Print the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    for name in figures.__slots__:
        print(f"{name:18} {getattr(figures, name)}")


if __name__ == "__main__":
    main()
