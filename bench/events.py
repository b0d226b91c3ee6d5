"""Events on their way out: lag from SIP to a stream beside thousands of idle readers, fan-out, states in batches.

The service's API and the clients share a core, as in the other measurements of a whole service.
"""

from __future__ import annotations

import asyncio
import base64
import re
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import uvloop

from bench.delays import TALK
from bench.figures import Row, percentile, spread
from bench.http_client import Access, Client
from bench.processes import cpu_seconds
from bench.ramp import Stage, place_at_rate
from bench.service import ACCESS_CODE, Service, command
from bench.stamped_phone import StampedPhone

READERS = 10_000
RATE = 50
WANTED_LAG_MS = 20.0
BATCH = 1000
"""Serials in one question."""

_WARM_UP = 20
_PATIENCE = 60.0
_AT_A_TIME = 200
"""Connections opened together: the listening socket's queue is no part of what is measured."""
_EVENT = re.compile(rb'"twoleg\.([a-z_.]+)".*?"called":"(\d+)"')
_POLL = 0.02
_TOLD = b"\nevent: "
_ENDED = b"\nevent: twoleg.call.ended\n"
_CROWD_CALLS = 10


class _Reader(asyncio.Protocol):
    """One client of one stream; counts events, and tells of each when it is asked to."""

    def __init__(self, request: bytes, *, tell: Any = None) -> None:
        self._request = request
        self._tell = tell
        self._rest = b""
        self._seam = self._seam_before = b""
        self.events = 0
        self.ended = 0
        self.is_open = False
        self.is_lost = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_lost = True

    def data_received(self, data: bytes) -> None:
        self.is_open = True
        text, self._seam = self._seam + data, (self._seam + data)[1 - len(_ENDED) :]
        self.events += text.count(_TOLD) - self._seam_before.count(_TOLD)
        self.ended += text.count(_ENDED)
        self._seam_before = self._seam
        if self._tell is not None:
            now = time.time()
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"data: ") and (found := _EVENT.search(line)):
                    self._tell(found[1].decode(), found[2].decode(), now)


@dataclass(slots=True)
class Lags:
    """Milliseconds from the customer's 200 OK on the wire to its `customer.answered` in a reader's hands."""

    milliseconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


def measure(folder: Path, *, readers: int, seconds: float) -> list[Row]:
    """All of it, with that many readers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(folder, readers=readers, seconds=seconds))


async def _measure(folder: Path, *, readers: int, seconds: float) -> list[Row]:
    with StampedPhone(talk=TALK) as phone, Service.start(folder, trunks={"": phone.port}) as service:
        idle = await _open(service.access, readers, authorization=_second_tenant(folder))
        lags, serials = await _lags(phone, service, seconds=seconds)
        lost = sum(reader.is_lost for reader in idle)
        _close(idle)
        fan_out, missed = await _fan_out(phone, service, readers=readers)
        states = await _states(service.access, serials, seconds=min(seconds, 5.0))
    worst = percentile(lags.milliseconds, 0.99)
    return [
        Row(
            what=f"customer's 200 OK on the wire -> event in a stream, {RATE} calls/s, {readers:,} idle streams beside",
            ours=spread(lags.milliseconds) + (f"; {lost} streams lost" if lost else ""),
            wanted=f"p99 < {WANTED_LAG_MS:.0f} ms",
            is_met=worst < WANTED_LAG_MS and not lags.failures and not lost,
        ),
        Row(
            what=f"events handed to {readers:,} readers of one tenant's stream, a second of the API's CPU",
            ours=f"{fan_out:,.0f}" + (f"; {missed} missed" if missed else ""),
            wanted="none missed",
            is_met=not missed,
        ),
        Row(what=f"states/s, {BATCH:,} in one answer, one connection", ours=f"{states:,.0f}"),
    ]


async def _lags(phone: StampedPhone, service: Service, *, seconds: float) -> tuple[Lags, list[str]]:
    lags = Lags()
    answered: dict[str, float] = {}
    heard: dict[str, float] = {}
    phone.on_customer_answer = answered.__setitem__
    serials: list[str] = []

    def tell(kind: str, called: str, at: float) -> None:
        if kind == "customer.answered":
            heard[called] = at

    (reader,) = await _open(service.access, 1, authorization=f"Bearer {service.access.token}", tell=tell)
    async with Client(service.access) as client:

        async def place(agent: str, customer: str) -> None:
            serials.append(await client.create_call(agent, customer))

        stage = Stage(RATE, round(RATE * seconds) + _WARM_UP)
        await place_at_rate(stage, first=0, place=place)
        await _until(lambda: len(heard) >= stage.calls, seconds=_PATIENCE / 6)
        await _until(lambda: len(phone.hung_up) >= 2 * len(heard), seconds=_PATIENCE / 6)
        await asyncio.sleep(TALK)  # their last events are out too
    lags.failures += stage.failures
    lags.failures["never told"] += stage.calls - len(heard)
    lags.milliseconds = [(heard[number] - at) * 1000 for number, at in answered.items() if number in heard][_WARM_UP:]
    _close([reader])
    lags.failures = +lags.failures
    return lags, serials


async def _fan_out(phone: StampedPhone, service: Service, *, readers: int) -> tuple[float, int]:
    """Events that all readers together were handed, a second of the API's CPU time; and how many were missed."""
    phone.on_customer_answer = None
    crowd = await _open(service.access, readers, authorization=f"Bearer {service.access.token}")
    began = cpu_seconds(service.api)
    async with Client(service.access) as client:
        for number in range(900_000, 900_000 + _CROWD_CALLS):
            await client.create_call(f"1{number}", f"2{number}")
    await _until(lambda: all(reader.ended >= _CROWD_CALLS for reader in crowd), seconds=_PATIENCE)
    took = cpu_seconds(service.api) - began
    most = max(reader.events for reader in crowd)
    missed = sum(most - reader.events for reader in crowd)
    handed = sum(reader.events for reader in crowd)
    _close(crowd)
    return handed / took, missed


async def _states(access: Access, serials: list[str], *, seconds: float) -> float:
    asked = (serials * (BATCH // max(1, len(serials)) + 1))[:BATCH]
    distinct = len(set(asked))
    async with httpx.AsyncClient(
        base_url=f"http://{access.host}:{access.port}", headers={"Authorization": f"Bearer {access.token}"}
    ) as client:
        began, answered = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            answer = await client.post("/v1/calls/states", json={"serials": asked})
            answered += len(answer.raise_for_status().json()["calls"])
            assert answered % distinct == 0
        return answered / (time.monotonic() - began)


async def _open(access: Access, readers: int, *, authorization: str, tell: Any = None) -> list[_Reader]:
    request = (
        f"GET /v1/events HTTP/1.1\r\nHost: {access.host}\r\nAccept: text/event-stream\r\n"
        f"Authorization: {authorization}\r\n\r\n"
    ).encode()
    opened: list[_Reader] = []
    loop = asyncio.get_running_loop()
    while len(opened) < readers:
        some = [_Reader(request, tell=tell) for _ in range(min(_AT_A_TIME, readers - len(opened)))]
        for reader in some:
            await loop.create_connection(lambda reader=reader: reader, access.host, access.port)  # type: ignore[misc]
        await _until(lambda some=some: all(reader.is_open for reader in some), seconds=_PATIENCE)
        opened += some
    return opened


def _close(readers: list[_Reader]) -> None:
    for reader in readers:
        if reader.transport is not None:
            reader.transport.abort()


async def _until(is_so: Any, *, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not is_so() and time.monotonic() < give_up:  # noqa: ASYNC110 - coarse is enough to end by
        await asyncio.sleep(_POLL)


def _second_tenant(folder: Path) -> str:
    """The credentials of a tenant that places no calls."""
    config = folder / "twoleg.toml"
    tenant = command(config, "tenant", "create", "Quiet", "--access-code", ACCESS_CODE)["tenant_id"]
    app = command(config, "app", "create", "--tenant", tenant)
    return "Basic " + base64.b64encode(f"{app['app_key']}:{app['app_secret']}".encode()).decode()
