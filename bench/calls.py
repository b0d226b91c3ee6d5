"""Two-way calls through one engine core: how many a second without a failure, what a call costs, what it holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.http_client import Client
from bench.processes import resident_kib
from bench.ramp import Stage, place_at_rate, run_stage
from bench.service import Service
from bench.sipp_phones import Phones, Ports

HUNG_UP_BY_CUSTOMER = 0
_AT_A_TIME = 8
"""Connections that ask for the verdicts."""
_TALKING, _ENDED = 2, 3


@dataclass(slots=True)
class Placing:
    """Places calls over HTTP and remembers their serials."""

    client: Client
    serials: list[str] = field(default_factory=list)

    async def __call__(self, agent: str, customer: str) -> None:
        """Place one; raises what the service refuses."""
        self.serials.append(await self.client.create_call(agent, customer))


async def ramp(folder: Path, *, rates: Sequence[int], seconds: float) -> list[Stage]:
    """A stage per rate with one service for all, until one fails."""
    ports = Ports.choose()
    stages: list[Stage] = []
    with Service.start(folder, trunks={"1": ports.agent, "2": ports.customer}) as service:
        await _warm_up(service, ports)
        for rate in rates:
            first = 1000 + sum(stage.calls for stage in stages)
            stages.append(await _stage(service, ports, rate=rate, seconds=seconds, first=first))
            if not stages[-1].is_clean:
                break
        if service.troubles():
            stages[-1].failures["errors in the service's log"] += len(service.troubles())
    return stages


async def _warm_up(service: Service, ports: Ports) -> None:
    await _stage(service, ports, rate=20, seconds=2, first=0)


async def _stage(service: Service, ports: Ports, *, rate: int, seconds: float, first: int) -> Stage:
    async with Client(service.access) as client:
        place = Placing(client)
        stage = await run_stage(
            rate=rate,
            seconds=seconds,
            first=first,
            place=place,
            pid=service.engine,
            folder=service.folder / f"{rate}-{first}",
            ports=ports,
        )
        stage.failures += await wrong_ends(client, place.serials)
    return stage


async def wrong_ends(client: Client, serials: Sequence[str]) -> Counter[str]:
    """The calls of which queryCallState does not say that the customer hung up, which implies that they talked."""
    wrong: Counter[str] = Counter()

    async def ask(some: Sequence[str]) -> None:
        for serial in some:
            told = await client.query(serial)
            if (told["state"], told.get("reasonCode")) != (_ENDED, HUNG_UP_BY_CUSTOMER):
                wrong[f"in state {told['state']}, reason {told.get('reasonCode')}"] += 1

    await asyncio.gather(*(ask(serials[start::_AT_A_TIME]) for start in range(_AT_A_TIME)))
    return wrong


async def memory_per_call(folder: Path, *, calls: int, rate: int) -> tuple[float, int]:
    """KiB that the engine grew by for each of that many calls talking at once, and how many of them really talked."""
    ports = Ports.choose()
    with Service.start(folder, trunks={"1": ports.agent, "2": ports.customer}) as service:
        await _warm_up(service, ports)
        before = resident_kib(service.engine)
        talk, inside = calls / rate + 8.0, folder / "memory"
        inside.mkdir()
        with Phones(inside, ports, calls=calls, talk=talk, patience=talk * 3):
            await asyncio.sleep(0.3)
            async with Client(service.access) as client:
                place = Placing(client)
                await place_at_rate(Stage(rate, calls), first=1000, place=place)
                await asyncio.sleep(2)
                grown = resident_kib(service.engine) - before
                states = [(await client.query(serial))["state"] for serial in place.serials]
    return grown / calls, states.count(_TALKING)
