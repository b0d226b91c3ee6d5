"""The demo from curtain to curtain."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from rich.json import JSON

from twoleg.bootstrap.operator import operator
from twoleg.cli.demo.client import CREATE_CALL, QUERY_CALL_STATE, TOKEN, Client
from twoleg.cli.demo.errors import DemoFailed
from twoleg.cli.demo.hosted import Hosted, hosted
from twoleg.cli.demo.script import SCENES, Scene
from twoleg.cli.output import OUT
from twoleg.config import load

_LOOK_EVERY = 0.04
_SCENE_PATIENCE = 12.0
_DEMO_PATIENCE = 60.0

_STATES = {0: "to be called", 1: "calling", 2: "talking", 3: "ended"}


def play() -> None:
    """The whole demo. Raises `DemoFailed` when a call did not end as it must."""
    asyncio.run(_demo())


async def _demo() -> None:
    try:
        async with asyncio.timeout(_DEMO_PATIENCE):
            await _play()
    except TimeoutError as error:
        raise DemoFailed(f"the demo did not end within {_DEMO_PATIENCE:g} s") from error


async def _play() -> None:
    OUT.print("[bold]Starting a service with the carrier in the box[/]  $ twoleg serve")
    async with hosted() as service:
        OUT.print(f"  {service.ready_line}\n")
        async with httpx.AsyncClient(base_url=service.base_url, timeout=10) as http:
            client = Client(http)
            await _introduce(service, client)
            for number, scene in enumerate(SCENES, start=1):
                await _call(number, scene, service, client)
    OUT.print(f"[bold green]{len(SCENES)} calls, each ended as it must.[/] The service stopped cleanly.")


async def _introduce(service: Hosted, client: Client) -> None:
    tenant = await _shown(service, "tenant", "create", "Demo", "--access-code", "640003", "--json")
    app = await _shown(service, "app", "create", "--tenant", tenant["tenant_id"], "--json")
    token = await client.log_in(app_key=app["app_key"], app_secret=app["app_secret"])
    OUT.print(f"POST {TOKEN}\n  a token for {token['Expires']} s\n", markup=False)


async def _shown(service: Hosted, *arguments: str) -> dict[str, Any]:
    printed = await service.command(*arguments)
    OUT.print(f"$ twoleg {' '.join(arguments)}\n  {printed}", markup=False)
    answer: dict[str, Any] = json.loads(printed)
    return answer


async def _call(number: int, scene: Scene, service: Hosted, client: Client) -> None:
    OUT.print(f"[bold]{number}. {scene.title}[/]")
    serial, answer = await client.create_call(scene.caller, scene.called)
    OUT.print(f"   POST {CREATE_CALL}", markup=False)
    _show_json({"caller": scene.caller, "called": scene.called})
    _show_json(answer)
    OUT.print(f"   POST {QUERY_CALL_STATE}", markup=False)
    try:
        async with asyncio.timeout(_SCENE_PATIENCE):
            seen = await _watch(serial, scene, service, client)
    except TimeoutError as error:
        raise DemoFailed(f"call {serial} ({scene.title}) did not end within {_SCENE_PATIENCE:g} s") from error
    shows = _known_of(serial, service)
    OUT.print(f"   what the store knows besides: {shows}", markup=False)
    _judge(scene, seen, shows)
    OUT.print(f"   [green]as it must be[/]: reasonCode {scene.reason}\n")


async def _watch(serial: str, scene: Scene, service: Hosted, client: Client) -> list[dict[str, Any]]:
    """Every different answer of queryCallState, as it came."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["state"] != 3:
        result = await client.query_call_state(serial)
        if not seen or result != seen[-1]:
            seen.append(result)
            _show_change(result, loop.time() - began)
            if scene.hang_up and result["state"] == 2:
                await _shown(service, "hangup", serial, "--json")
        await asyncio.sleep(_LOOK_EVERY)
    return seen


def _show_change(result: dict[str, Any], seconds: float) -> None:
    OUT.print(f"   [cyan]{seconds:4.1f} s  state {result['state']} {_STATES[result['state']]}[/]")
    _show_json(result)


def _show_json(document: dict[str, Any]) -> None:
    text = JSON.from_data(document, indent=None).text
    text.pad_left(10)
    OUT.print(text)


def _known_of(serial: str, service: Hosted) -> str:
    with operator(load(service.config, {})) as opened:
        call = opened.reader.call(int(serial))
    if call is None:
        raise DemoFailed(f"call {serial} is not in the store")
    leg = call.customer
    ended_by = "nobody" if leg.ended_by is None else leg.ended_by.value
    customer = "never dialled" if leg.dialled_at is None else f"SIP {leg.sip_status}, ended by {ended_by}"
    return f"Q.850 {call.cause}; customer: {customer}"


def _judge(scene: Scene, seen: list[dict[str, Any]], shows: str) -> None:
    """Raises `DemoFailed` unless the answers are those of this scene."""
    states = [result["state"] for result in seen]
    last = seen[-1]
    if states != sorted(states):
        raise DemoFailed(f"{scene.title}: the state went back: {states}")
    if last.get("reasonCode") != scene.reason:
        raise DemoFailed(f"{scene.title}: reasonCode {scene.reason} was expected, {last.get('reasonCode')} came")
    if scene.talks != (2 in states):
        raise DemoFailed(f"{scene.title}: the states were {states}")
    if shows != scene.shows:
        raise DemoFailed(f"{scene.title}: '{scene.shows}' was expected, '{shows}' came")
