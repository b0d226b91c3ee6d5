"""One run: phones, service, load, kills; then peace, and the checker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from chaos.gathering import Mailbox, gather, living
from chaos.load import Load
from chaos.phones import HABITS, Phones
from chaos.processes import Kill, choose, kill, processes_of
from chaos.upkeep import Addresses, Standstill, Upkeep, kept, notice_standstills, until, write_config
from chaos.verdict import Verdict, judge
from chaos.wire import Wire
from patience import now, wall_clock_ms
from service import ACCESS_CODE, TOKEN_PATH, Service
from twoleg.application.sweep_overdue import CLOSED, TOLD
from webhooks.receiver import Receiver

if TYPE_CHECKING:
    from chaos.verdict import Evidence

_PEACE = 150.0
"""Seconds after the last kill for the last call to end, the last phone to be let go (64*T1 = 32 s of repeating), and
the last webhook to come; longer than any `mustEndBy`."""
_TOKEN_EVERY = 1200.0
_EXPECTED = ("child died", "child not ready in time")
"""Errors in the log that tell of what we did."""
_OF_STANDSTILLS = (TOLD, CLOSED, "child did not stop in time")


@dataclass(frozen=True, slots=True)
class Orders:
    """What to do. Everything by chance follows from `seed`, as far as the machine's own timing allows."""

    kills: int
    every: float
    """Seconds between two kills, on average."""
    rate: float
    """Calls a second."""
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    orders: Orders
    verdict: Verdict
    evidence: Evidence
    kills: list[Kill]
    load: Load
    starts: int
    seconds: float
    """From the first call to the last kill."""
    faults: list[dict[str, Any]]
    """Errors in the service's log that no kill explains."""
    flaws: list[Any]
    """Of the store, as `twoleg store check` has them."""
    phones_gone: list[int]

    @property
    def is_kept(self) -> bool:
        """Every promise, and nothing else went wrong."""
        return self.verdict.is_kept and not self.faults and not self.flaws and not self.phones_gone


async def run(folder: Path, orders: Orders, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """See the module. `folder` gets everything: configuration, store, log, the phones' traces."""
    chance = random.Random(orders.seed)
    addresses = Addresses(HABITS, random.Random())  # where, is nobody's business
    config = write_config(folder, addresses)
    with Phones(folder, dict(addresses.phones)) as phones, Receiver() as receiver:
        async with kept(config) as upkeep:
            service = Service(upkeep.process, config, f"127.0.0.1:{addresses.http}", ("127.0.0.1", addresses.sip))
            app, secret = await asyncio.to_thread(_found, service, receiver)
            wire, mailbox = Wire(phones.traces.values()), Mailbox(secret)
            async with _client(service.http, app) as client:
                standstills: list[Standstill] = []
                watching = asyncio.create_task(notice_standstills(standstills))
                load, began = Load(client, random.Random(orders.seed + 1)), now()
                kills = await _under_load(load, upkeep, orders, chance, say)
                seconds = now() - began
                await load.settled()
                say("the last kill is done; waiting for the last call to end")
                await _peace(_is_peace(wire, mailbox, receiver, load), standstills)
                await _ended(client)
                export = folder / "records.csv"
                await asyncio.to_thread(service.cli, "export", "--from", "2020-01-01", "--output", str(export))
                evidence = await gather(
                    client,
                    placements=load.placements,
                    wire=wire,
                    mailbox=mailbox,
                    export=export,
                    standstills=standstills,
                )
                watching.cancel()
            checked = await asyncio.to_thread(service.cli, "store", "check")
        gone = phones.gone()
    return Outcome(
        orders=orders,
        verdict=judge(evidence),
        evidence=evidence,
        kills=kills,
        load=load,
        starts=upkeep.starts,
        seconds=seconds,
        faults=_faults(upkeep.log, standstills),
        flaws=checked["flaws"],
        phones_gone=gone,
    )


def _found(service: Service, receiver: Receiver) -> tuple[dict[str, str], str]:
    """A tenant, its app, and who is told: of events by one endpoint, of releases by the vendor's callback."""
    tenant = service.cli("tenant", "create", "Chaos", "--access-code", ACCESS_CODE, "--callback-host", "127.0.0.1")
    app = service.cli("app", "create", "--tenant", tenant["tenant_id"])
    hook = service.cli("webhook", "create", receiver.url, "--event", "call.ended")
    service.cli("webhook", "callbacks", "--release-url", f"{receiver.url}/released")
    return app, hook["secret"]


@contextlib.asynccontextmanager
async def _client(http: str, app: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """With a token that is renewed in time."""
    async with httpx.AsyncClient(base_url=f"http://{http}", timeout=30) as client:
        await _log_in(client, app)
        renewing = asyncio.create_task(_keep_token(client, app))
        try:
            yield client
        finally:
            renewing.cancel()


async def _log_in(client: httpx.AsyncClient, app: dict[str, str]) -> None:
    secrets = {"app_key": app["app_key"], "app_secret": app["app_secret"]}
    answer = (await client.post(TOKEN_PATH, json=secrets)).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['AccessToken']}"


async def _keep_token(client: httpx.AsyncClient, app: dict[str, str]) -> None:
    while True:
        await asyncio.sleep(_TOKEN_EVERY)
        for _ in range(100):
            with contextlib.suppress(httpx.HTTPError):
                await _log_in(client, app)
                break
            await asyncio.sleep(0.1)


async def _under_load(
    load: Load, upkeep: Upkeep, orders: Orders, chance: random.Random, say: Callable[[str], None]
) -> list[Kill]:
    placing = asyncio.create_task(load.run(orders.rate))
    kills: list[Kill] = []
    due = now()
    try:
        while len(kills) < orders.kills:
            due += chance.expovariate(1 / orders.every)
            await asyncio.sleep(max(0.0, due - now()))
            if placing.done():
                placing.result()
            found = await asyncio.to_thread(processes_of, upkeep.lock)
            if not found:
                continue
            pid = choose(found, chance)
            if kill(pid, upkeep.lock):
                kills.append(Kill(wall_clock_ms() / 1000, found[pid], pid))
                if len(kills) % 25 == 0:
                    say(f"{len(kills):5} kills  {len(load.placements):6} calls  {dict(load.answers)}")
    finally:
        placing.cancel()
    return kills


def _is_peace(wire: Wire, mailbox: Mailbox, receiver: Receiver, load: Load) -> Callable[[], bool]:
    """Nothing is open on the wire, and the end of each acknowledged call was told."""

    def holds() -> bool:
        wire.read()
        mailbox.read(receiver.received)
        told = mailbox.ends.keys() & mailbox.releases.keys()
        return not wire.open() and all(told.issuperset(each.serials) for each in load.placements)

    return holds


async def _peace(holds: Callable[[], bool], standstills: Sequence[Standstill]) -> None:
    """A wait in which the machine was suspended begins anew: nothing could end meanwhile."""
    suspended = -1
    while suspended != len(standstills):
        suspended = len(standstills)
        await until(holds, seconds=_PEACE)


async def _ended(client: httpx.AsyncClient) -> None:
    """Calls whose client never had an answer end as well."""
    give_up = now() + _PEACE
    while await living(client) != 0:
        if now() > give_up:
            break
        await asyncio.sleep(0.2)


def _faults(log: Path, standstills: Sequence[Standstill]) -> list[dict[str, Any]]:
    expected = (*_EXPECTED, *(_OF_STANDSTILLS if standstills else ()))
    lines = [line for line in log.read_text(errors="replace").splitlines() if line[:1] + line[-1:] == "{}"]
    told = [json.loads(line) for line in lines]
    return [line for line in told if line.get("level") in ("error", "critical") and line["event"] not in expected]
