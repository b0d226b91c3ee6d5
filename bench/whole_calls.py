"""Two-way calls as a whole, other than by rate: over TCP and TLS, by phase, and ten thousand held at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

from bench.calls import Placing, wrong_ends
from bench.figures import Row
from bench.http_client import Client
from bench.processes import cpu_seconds
from bench.ramp import Stage, place_at_rate, run_stage
from bench.service import SIP, Service
from bench.sipp_phones import Manner, Phones, Ports
from bench.tls_front import Papers, TlsFront

WAYS = ("udp", "tcp", "tls")
_RATE = 100
_PHASE = 6.0
"""Seconds of each phase, of which the calls need half to arrive one after the other."""
_PHASES = (
    "the agent is called",
    "the agent answers, the customer is called",
    "the customer answers",
    "both are released",
)
_TALKING = 2
_SETTLED = 2.0


def measure(folder: Path, *, seconds: float, held: int, held_rate: int, held_seconds: float) -> list[Row]:
    """The rows; `seconds` of placing for each transport, `held` calls that talk at once for `held_seconds`."""

    async def story() -> list[Row]:
        rows = await _transports(folder, seconds=seconds)
        rows.append(await _phases(folder / "phases", calls=round(_RATE * _PHASE / 2)))
        rows.append(await _held(folder / "held", calls=held, rate=held_rate, seconds=held_seconds))
        return rows

    return asyncio.run(story())


# ---------------------------------------------------------------------------- transports


async def _transports(folder: Path, *, seconds: float) -> list[Row]:
    stages = {way: await _over(way, folder / way, seconds=seconds) for way in WAYS}
    udp = stages["udp"].cpu_ms
    return [
        Row(
            what=f"whole calls over {way.upper()}, {stage.rate} calls/s: CPU per call",
            ours=f"{stage.cpu_ms:.2f} ms" if stage.is_clean else _failures(stage),
            peer="" if way == "udp" else f"over UDP {udp:.2f} ms",
            ratio=None if way == "udp" else stage.cpu_ms / udp,
            wanted="no failure",
            is_met=stage.is_clean,
        )
        for way, stage in stages.items()
    ]


async def _over(way: str, folder: Path, *, seconds: float) -> Stage:
    folder.mkdir()  # noqa: ASYNC240 - before anything is measured
    ports = Ports.choose() if way == "udp" else Ports.choose_tcp()
    async with AsyncExitStack() as stack:
        doors, sip = ports, SIP if way == "udp" else f'[sip]\nlisten = "{way}:127.0.0.1:0"'
        if way == "tls":
            papers = Papers(folder)
            fronts = [await stack.enter_async_context(TlsFront(papers, port)) for port in (ports.agent, ports.customer)]
            doors = Ports(fronts[0].port, fronts[1].port)
            sip += f'\n[sip.tls]\ncertificate = "{papers.certificate}"\nca = "{papers.ca}"'
        trunks = {"1": doors.agent, "2": doors.customer}
        manners = tuple(_manner(way, door) for door in (doors.agent, doors.customer))
        with Service.start(folder, trunks=trunks, sip=sip, way=way) as service:
            await _stage(service, ports, (manners[0], manners[1]), rate=20, seconds=2, first=0)
            return await _stage(service, ports, (manners[0], manners[1]), rate=_RATE, seconds=seconds, first=1000)


def _manner(way: str, door: int) -> Manner:
    if way == "udp":
        return Manner()
    return Manner(way="tcp", contact=f"127.0.0.1:{door};transport={way}")


async def _stage(
    service: Service, ports: Ports, manners: tuple[Manner, Manner], *, rate: int, seconds: float, first: int
) -> Stage:
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
            manners=manners,
        )
        stage.failures += await wrong_ends(client, place.serials)
    return stage


def _failures(stage: Stage) -> str:
    return ", ".join(f"{count} x {why}" for why, count in stage.failures.items())


# ---------------------------------------------------------------------------- phases


async def _phases(folder: Path, *, calls: int) -> Row:
    """All calls are in the same phase at the same time, so the process's CPU time tells what each phase takes."""
    folder.mkdir()  # noqa: ASYNC240 - before anything is measured
    ports, slow = Ports.choose(), Manner(ring=_PHASE)
    used: list[float] = []
    with (
        Service.start(folder, trunks={"1": ports.agent, "2": ports.customer}) as service,
        Phones(folder, ports, calls=calls, talk=_PHASE, patience=60, agent=slow, customer=slow),
    ):
        await asyncio.sleep(0.5)
        async with Client(service.access) as client:
            place = Placing(client)
            began = asyncio.get_running_loop().time()
            used.append(cpu_seconds(service.engine))
            await place_at_rate(Stage(_RATE, calls), first=1000, place=place)
            for phase in range(1, len(_PHASES) + 1):
                await _until(began + phase * _PHASE - 0.5)
                used.append(cpu_seconds(service.engine))
            wrong = await wrong_ends(client, place.serials)
    return Row(
        what=f"CPU per call by phase, {_RATE} calls/s: " + " / ".join(_PHASES),
        ours=" / ".join(f"{(after - before) * 1000 / calls:.2f}" for before, after in pairwise(used)) + " ms",
        wanted="no failure",
        is_met=not wrong,
    )


async def _until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - asyncio.get_running_loop().time()))


# ---------------------------------------------------------------------------- many at once


async def _held(folder: Path, *, calls: int, rate: int, seconds: float) -> Row:
    """The customers hang up one after the other, the first of them when the last call has talked for `seconds`."""
    folder.mkdir()  # noqa: ASYNC240 - before anything is measured
    ports, talk = Ports.choose(), calls / rate + seconds + 4 * _SETTLED
    with Service.start(folder, trunks={"1": ports.agent, "2": ports.customer}) as service:
        with Phones(folder, ports, calls=calls, talk=talk, patience=talk * 3) as phones:
            await asyncio.sleep(0.5)
            async with Client(service.access) as client:
                place, stage = Placing(client), Stage(rate, calls)
                began = asyncio.get_running_loop().time()
                await place_at_rate(stage, first=1000, place=place)
                await asyncio.sleep(_SETTLED)
                first = await _talking(client, place.serials)
                held_from = began + calls / rate + _SETTLED
                await _until(held_from + seconds)
                last = await _talking(client, place.serials)
                give_up = asyncio.get_running_loop().time() + talk
                while not phones.are_done and asyncio.get_running_loop().time() < give_up:  # noqa: ASYNC110 - see ramp
                    await asyncio.sleep(0.5)
                await asyncio.sleep(0.5)
            async with Client(service.access) as client:  # the service has closed the one that was idle for so long
                failures = stage.failures.total() + (await wrong_ends(client, place.serials)).total()
        counts = phones.counts().values()
        failures += sum(count.failed for count in counts) + sum(calls - count.kept for count in counts)
        failures += len(service.troubles())
    return Row(
        what=f"{calls:,} calls talking at once for {seconds:.0f} s: talking at the beginning / at the end, failures",
        ours=f"{first:,} / {last:,}, {failures}",
        wanted=f"{calls:,} / {calls:,}, 0",
        is_met=(first, last, failures) == (calls, calls, 0),
    )


async def _talking(client: Client, serials: Sequence[str]) -> int:
    count = 0
    for serial in serials:
        count += (await client.query(serial))["state"] == _TALKING
    return count
