"""The load of a soak: calls between sipp phones, some that are timed, queries, an event reader, a webhook receiver."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import time
from collections import Counter, deque
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from bench.figures import percentile
from bench.http_client import TOKEN_PATH, Access, Client
from bench.ramp import numbers_of
from bench.service import Service, command

TALK = 3.0
"""Seconds that two talk."""
QUERIES_A_SECOND = 20
STAMPED_A_SECOND = 2
_RENEW_EVERY = 1200.0
"""Seconds; a token lives for an hour."""
_GIVE_UP = 10.0
_STOOD_STILL = 1.0
"""Seconds behind its time by which a load has not been late but stopped."""
_TALKING = 2
_ENDED = b"\nevent: twoleg.call.ended\n"

CREATED, QUERIED, ANSWERED = "createCall", "queryCallState", "200 OK -> state 2"


@dataclass(slots=True)
class Gauge:
    """Delays of the time since the last sample, and what went wrong at all."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {CREATED: [], QUERIED: [], ANSWERED: []})
    failures: Counter[str] = field(default_factory=Counter)

    def take(self) -> dict[str, tuple[float, float]]:
        """p50 and p99 of each, and begin anew."""
        taken, self.milliseconds = self.milliseconds, {what: [] for what in self.milliseconds}
        return {what: (percentile(each, 0.5), percentile(each, 0.99)) for what, each in taken.items()}


class Load:
    """Places calls and asks for them. `client` has a token that is renewed."""

    def __init__(self, service: Service, client: Client, gauge: Gauge) -> None:
        self._service = service
        self._client = client
        self._gauge = gauge
        self._recent: deque[str] = deque(maxlen=5000)
        self._serial_of: dict[str, str] = {}
        self._watching: set[asyncio.Task[None]] = set()
        self.serials: list[str] = []

    async def call(self, number: int) -> None:
        """One call between the sipp phones."""
        serial = await self._create(*numbers_of(number))
        if serial is not None:
            self.serials.append(serial)
            self._recent.append(serial)

    async def stamped_call(self, number: int) -> None:
        """One whose customer says when it answered."""
        agent, customer = f"19{number:07d}", f"29{number:07d}"
        serial = await self._create(agent, customer)
        if serial is not None:
            self._serial_of[customer] = serial

    def answered(self, customer: str, at: float) -> None:
        """Its 200 OK has just left: ask until it is told."""
        task = asyncio.get_running_loop().create_task(self._until_talking(customer, at))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def query(self) -> None:
        """The state of some call of the last minutes."""
        if not self._recent:
            return
        began = time.perf_counter()
        try:
            await self._client.query(random.choice(self._recent))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
            self._gauge.failures[f"query: {_said(error)}"] += 1
        else:
            self._gauge.milliseconds[QUERIED].append((time.perf_counter() - began) * 1000)

    def forget(self, serials: set[str]) -> None:
        """Ask for these no more."""
        self._recent = deque((serial for serial in self._recent if serial not in serials), maxlen=self._recent.maxlen)

    async def keep_token(self, credentials: dict[str, str]) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            self._client.access = await renewed(self._client.access, credentials)

    async def _create(self, agent: str, customer: str) -> str | None:
        began = time.perf_counter()
        try:
            serial = await self._client.create_call(agent, customer)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
            self._gauge.failures[f"not placed: {_said(error)}"] += 1
            return None
        self._gauge.milliseconds[CREATED].append((time.perf_counter() - began) * 1000)
        return serial

    async def _until_talking(self, customer: str, at: float) -> None:
        try:
            while time.time() < at + _GIVE_UP:
                serial = self._serial_of.get(customer)
                if serial is None:
                    await asyncio.sleep(0)
                elif (await self._client.query(serial))["state"] >= _TALKING:
                    self._gauge.milliseconds[ANSWERED].append((time.time() - at) * 1000)
                    self._serial_of.pop(customer)
                    return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
            self._gauge.failures[f"watch: {_said(error)}"] += 1
        else:
            self._gauge.failures["never told as talking"] += 1


def _said(error: Exception) -> str:
    """The same for errors of one kind: what tells them apart is cut off."""
    return f"{type(error).__name__} {error}".partition(" 0x")[0][:100]


async def at_rate(rate: float, seconds: float, act: Any) -> None:
    """`await act(number)` so often, evenly in time, whatever becomes of it; returns when all are done.

    Time in which this machine stood still is not made up for: it would be a wave that nobody asked for.
    """
    loop = asyncio.get_running_loop()
    began, under_way = loop.time(), set[asyncio.Task[None]]()
    for number in range(round(rate * seconds)):
        ahead = began + number / rate - loop.time()
        if ahead > 0:
            await asyncio.sleep(ahead)
        elif ahead < -_STOOD_STILL:
            began -= ahead
        task = loop.create_task(act(number))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    while under_way:
        await asyncio.wait(under_way)


def credentials_of(service: Service) -> dict[str, str]:
    """Of a new app of the tenant that places the calls."""
    config = service.folder / "twoleg.toml"
    app: dict[str, str] = command(config, "app", "create")
    return {"app_key": app["app_key"], "app_secret": app["app_secret"]}


async def renewed(access: Access, credentials: dict[str, str]) -> Access:
    """The same door with a new token."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://{access.host}:{access.port}{TOKEN_PATH}", json=credentials)
    return replace(access, token=answer.raise_for_status().json()["AccessToken"])


_MS_A_YEAR = 365 * 24 * 60 * 60 * 1000
_MINE = "serial IN (SELECT value FROM json_each(:serials))"
_AGE_CALLS = f"""
UPDATE call SET created_at = created_at - :year, started_at = started_at - :year, ended_at = ended_at - :year
WHERE {_MINE} AND phase = 4"""
_AGE_RECORDS = f"UPDATE cdr SET ended_at = ended_at - :year WHERE {_MINE}"
_LEFT = f"SELECT count(*) FROM call WHERE {_MINE}"


def make_old(store: Path, serials: list[str]) -> None:
    """Let ended calls have ended a year earlier, so that their retention is over."""
    facts = {"year": _MS_A_YEAR, "serials": json.dumps([int(serial) for serial in serials])}
    with closing(sqlite3.connect(store, timeout=10)) as connection, connection:
        for sql in (_AGE_CALLS, _AGE_RECORDS):
            connection.execute(sql, facts)


def still_there(store: Path, serials: list[str]) -> int:
    """How many of them the store holds."""
    with closing(sqlite3.connect(store)) as connection:
        (count,) = connection.execute(_LEFT, {"serials": json.dumps([int(serial) for serial in serials])}).fetchone()
    return int(count)


class Stream:
    """A reader of the tenant's events that counts calls' ends."""

    def __init__(self) -> None:
        self.ended = 0
        self._seam = b""

    async def read(self, access: Access, credentials: dict[str, str]) -> None:
        """Until cancelled or cut."""
        login = (credentials["app_key"], credentials["app_secret"])
        async with (
            httpx.AsyncClient(base_url=f"http://{access.host}:{access.port}", auth=login, timeout=None) as client,
            client.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}) as answer,
        ):
            answer.raise_for_status()
            async for piece in answer.aiter_raw():
                text = self._seam + piece
                self.ended += text.count(_ENDED)
                self._seam = text[max(0, text.rfind(b"\n", 0, len(text) - len(_ENDED))) :][-len(_ENDED) + 1 :]


class Receiver:
    """A webhook receiver that takes everything and counts it."""

    def __init__(self) -> None:
        self.taken = 0
        self.port = 0

    async def serve(self) -> asyncio.Server:
        """From now on at `port`."""
        server = await asyncio.start_server(self._serve_one, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                _, _, rest = head.partition(b"\r\ncontent-length:")
                await reader.readexactly(int(rest.partition(b"\r\n")[0]))
                self.taken += 1
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
