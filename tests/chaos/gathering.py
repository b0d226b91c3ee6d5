"""Asks the service, once it is left in peace, for all that it knows."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from chaos.verdict import Evidence, Placement
from webhooks.verifier import is_standard

if TYPE_CHECKING:
    from chaos.upkeep import Standstill
    from chaos.wire import Wire
    from webhooks.receiver import Received

QUERY_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"
_AT_A_TIME = 8


async def all_calls(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """By serial, from the pages of GET /v1/calls."""
    calls: dict[str, dict[str, Any]] = {}
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/v1/calls", params={"limit": "200", **cursor})).raise_for_status().json()
        calls |= {call["serial"]: call for call in page["calls"]}
        if "next" not in page:
            return calls
        cursor = {"after": page["next"]}


async def living(client: httpx.AsyncClient) -> int | None:
    """How many calls have not ended, on the first page of each living state; None: nobody answered."""
    count = 0
    for state in ("queued", "calling", "talking"):
        try:
            answer = await client.get("/v1/calls", params={"state": state})
        except httpx.TransportError:
            return None
        if answer.status_code != 200:
            return None
        page = answer.json()
        count += len(page["calls"]) + ("next" in page)
    return count


async def all_events(client: httpx.AsyncClient) -> dict[str, list[dict[str, Any]]]:
    """By serial, each in the order in which they were told."""
    found: dict[str, list[dict[str, Any]]] = {}
    cursor = "0"
    while True:
        page = (await client.get("/v1/events", params={"after": cursor, "limit": "500"})).raise_for_status().json()
        for event in page["events"]:
            found.setdefault(event["subject"], []).append(event)
        cursor = page["next"]
        if not page["more"]:
            return found


async def all_states(client: httpx.AsyncClient, serials: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """What queryCallState tells of each."""
    states: dict[str, dict[str, Any] | None] = {}

    async def ask(some: Sequence[str]) -> None:
        for serial in some:
            answer = (await client.post(QUERY_PATH, json={"callSerialNo": serial})).raise_for_status().json()
            states[serial] = answer["result"] if answer["retCode"] == "0" else None

    await asyncio.gather(*(ask(serials[start::_AT_A_TIME]) for start in range(_AT_A_TIME)))
    return states


async def found_by_key(client: httpx.AsyncClient, placements: Sequence[Placement]) -> dict[str, list[str]]:
    """What a client that lost its answer finds by its Idempotency-Key."""
    found: dict[str, list[str]] = {}
    for each in placements:
        if each.key and each.lost_answers and each.serials:
            page = (await client.get("/v1/calls", params={"idempotencyKey": each.key})).raise_for_status().json()
            found[each.key] = [call["serial"] for call in page["calls"]]
    return found


def rows_of(export: Path) -> list[dict[str, str]]:
    """Of the CSV file."""
    with export.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


class Mailbox:
    """What came to the webhook receiver, by serial. Whatever is wrongly signed does not count."""

    def __init__(self, secret: str) -> None:
        """`secret`: of the endpoint that gets events."""
        self._secret = secret
        self._read = 0
        self.ends: Counter[str] = Counter()
        self.releases: Counter[str] = Counter()

    def read(self, received: list[Received]) -> None:
        """All that came since."""
        fresh = received[self._read :]
        self._read += len(fresh)  # the receiver's thread goes on meanwhile
        for each in fresh:
            if each.path.endswith("/released"):
                self.releases[each.json["callSerialNo"]] += 1
            elif is_standard(self._secret, each) and each.json["type"] == "twoleg.call.ended":
                self.ends[each.json["subject"]] += 1


async def gather(
    client: httpx.AsyncClient,
    *,
    placements: Sequence[Placement],
    wire: Wire,
    mailbox: Mailbox,
    export: Path,
    standstills: Sequence[Standstill],
) -> Evidence:
    """All of it."""
    acknowledged = sorted({serial for each in placements for serial in each.serials})
    return Evidence(
        placements=placements,
        calls=await all_calls(client),
        states=await all_states(client, acknowledged),
        events=await all_events(client),
        records=rows_of(export),
        legs=wire.by_number(),
        delivered=mailbox.ends,
        released=mailbox.releases,
        standstills=standstills,
        keys=await found_by_key(client, placements),
    )
