"""How long things take on the wire: answer -> told by queryCallState, and agent's answer -> customer's INVITE."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.http_client import Client, RefusedError
from bench.ramp import Stage, numbers_of, place_at_rate
from bench.service import SERVE, Service
from bench.stamped_phone import StampedPhone

TALK = 1.0
_TALKING = 2
_GIVE_UP = 5.0
"""Seconds after which a delay counts as never."""
_WARM_UP = 20
"""First calls of a run, which are not counted: connections open, caches fill."""


@dataclass(slots=True)
class Delays:
    """Milliseconds."""

    answer_to_state: list[float] = field(default_factory=list)
    """From the customer's 200 OK on the wire to `state` 2 read over HTTP."""
    answer_to_invite: list[float] = field(default_factory=list)
    """From the agent's 200 OK on the wire to the customer's INVITE on the wire."""
    failures: Counter[str] = field(default_factory=Counter)


class _Watch:
    """Asks for the state of calls from the moment when their customer answered until it is "talking"."""

    def __init__(self, client: Client, delays: Delays) -> None:
        self._client = client
        self._delays = delays
        self._serials: dict[str, str] = {}
        self._watching: list[asyncio.Task[None]] = []

    async def place(self, agent: str, customer: str) -> None:
        """Place a call and remember whose it is."""
        self._serials[customer] = await self._client.create_call(agent, customer)

    def begin(self, customer: str, answered: float) -> None:
        """Its 200 OK has just left."""
        self._watching.append(asyncio.create_task(self._until_talking(customer, answered)))

    async def done(self) -> None:
        """Every call that was answered has been followed."""
        await asyncio.gather(*self._watching)

    async def _until_talking(self, customer: str, answered: float) -> None:
        try:
            while time.time() < answered + _GIVE_UP:
                if (await self._client.query(self._serials[customer]))["state"] >= _TALKING:
                    self._delays.answer_to_state.append((time.time() - answered) * 1000)
                    return
        except (RefusedError, OSError, KeyError) as error:
            self._delays.failures[repr(error)] += 1
        else:
            self._delays.failures["never told as talking"] += 1


async def answer_to_state(folder: Path, *, rate: int, seconds: float) -> Delays:
    """At `rate` calls a second, each asked for over a kept HTTP connection as fast as the answers come."""
    delays = Delays()
    with StampedPhone(talk=TALK) as phone, Service.start(folder, trunks={"": phone.port}) as service:
        async with Client(service.access) as client:
            watch = _Watch(client, delays)
            phone.on_customer_answer = watch.begin
            stage = Stage(rate, round(rate * seconds) + _WARM_UP)
            await place_at_rate(stage, first=0, place=watch.place)
            await _all_over(phone, stage)
            await watch.done()
    delays.answer_to_state = delays.answer_to_state[_WARM_UP:]
    delays.failures += stage.failures
    return delays


async def answer_to_invite(
    folder: Path,
    *,
    rate: int,
    seconds: float,
    program: tuple[str, ...] = SERVE,
    same_core: bool = False,
    queries: bool,
) -> tuple[Delays, float]:
    """The engine's own delay, with or without queries at full load; and how many queries a second were answered.

    `program`: how the service is put together. `same_core`: the API shares the engine's core.
    """
    with StampedPhone(talk=TALK) as phone, Service.start(folder, trunks={"": phone.port}, program=program) as service:
        if same_core:
            service.share_core()
        async with Client(service.access) as client:
            stage = Stage(rate, round(rate * seconds) + _WARM_UP)
            load = await _start_queries(service, client, seconds) if queries else None

            async def place(agent: str, customer: str) -> None:
                await client.create_call(agent, customer)

            await place_at_rate(stage, first=1, place=place)
            await _all_over(phone, stage)
            answered = await _finish_queries(load) if load else 0.0
    return _delays_of(phone, stage), answered


async def _all_over(phone: StampedPhone, stage: Stage) -> None:
    give_up = time.time() + TALK + _GIVE_UP
    placed = stage.calls - stage.failures.total()
    while len(phone.hung_up) < 2 * placed and time.time() < give_up:  # noqa: ASYNC110 - precise enough for an end
        await asyncio.sleep(0.05)


def _delays_of(phone: StampedPhone, stage: Stage) -> Delays:
    delays = Delays(failures=stage.failures)
    for number in range(1 + _WARM_UP, 1 + stage.calls):
        agent, customer = numbers_of(number)
        if agent in phone.answered and customer in phone.invited:
            delays.answer_to_invite.append((phone.invited[customer] - phone.answered[agent]) * 1000)
        else:
            delays.failures["the customer was never called"] += 1
    return delays


_SCRIPT = """wrk.method = "POST"
wrk.body = '{{"callSerialNo":"{serial}"}}'
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
"""


async def _start_queries(service: Service, client: Client, seconds: float) -> asyncio.subprocess.Process:
    """Start wrk with 32 connections, asking for the state of one call for as long as the calls take."""
    serial = await client.create_call(*numbers_of(0))
    script = service.folder / "query.lua"
    script.write_text(_SCRIPT.format(serial=serial, token=service.access.token))
    command = ("wrk", "-t1", "-c32", f"-d{round(seconds + TALK + 1)}s", "-s", str(script), service.access.query_url)
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def _finish_queries(load: asyncio.subprocess.Process) -> float:
    said, _ = await load.communicate()
    for line in said.decode().splitlines():
        if line.startswith("Requests/sec:"):
            return float(line.split()[1])
    return 0.0
