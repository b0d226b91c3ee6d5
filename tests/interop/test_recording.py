"""Real phones through real relays, recorded: each voice in its own channel, whatever is asked for or dies meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.test_media import AGENT, AGENT_HZ, CUSTOMER, CUSTOMER_HZ, HEARD, KINDS, Call, call
from interop.tones import dominant_frequency, is_audible, write_samples
from patience import eventually, wall_clock_ms
from recording.synthetic import channels
from service import ACCESS_CODE, Client, Service
from webhooks.receiver import Receiver

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]

MAY_CALL_BACK = '[webhooks]\nallow_private = ["127.0.0.0/8"]'
LAST_PACKETS_MS = 500
"""What a process that is killed may not have written yet."""
ADDRESS_PATH = "/apiaccess/CC-Management/v1/mobileAgent/getRecordingAddress"


def recorded_client(service: Service, recording: str) -> Client:
    """A client of a tenant with that rule."""
    rules = ("--access-code", ACCESS_CODE, "--recording", recording, "--callback-host", "127.0.0.1")
    tenant = service.cli("tenant", "create", "Acme", *rules)
    app = service.cli("app", "create", "--tenant", tenant["tenant_id"])
    return Client.with_token(f"http://{service.http}", app["app_key"], app["app_secret"])


def document(client: Client, serial: str) -> dict[str, Any]:
    answer = client.connection.get(f"/v1/calls/{serial}/recording")
    found: dict[str, Any] = answer.json() if answer.status_code == 200 else {"status": "none"}
    return found


def ready(client: Client, serial: str) -> dict[str, Any]:
    """The recording once it is over, one way or the other."""
    assert eventually(lambda: document(client, serial)["status"] in ("ready", "failed"), seconds=60), document(
        client, serial
    )
    return document(client, serial)


def reaches(client: Client, serial: str, status: str) -> bool:
    return eventually(lambda: bool(document(client, serial)["status"] == status))


def fetched(client: Client, serial: str, folder: Path) -> Path:
    """The file behind the address that getRecordingAddress tells."""
    answer = client.post(ADDRESS_PATH, callSerialNo=serial)
    assert answer["retCode"] == 0, answer
    path = folder / "fetched.wav"
    path.write_bytes(httpx.get(answer["result"]["url"], timeout=30).raise_for_status().content)
    return path


def tones_of(path: Path, folder: Path) -> list[float]:
    found = []
    for side in channels(path):
        write_samples(folder / "side.wav", side)
        found.append(dominant_frequency(folder / "side.wav"))
    return found


async def talk(each: Call) -> None:
    await each.agent.hear_for(HEARD)
    await each.customer.hear_for(HEARD)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_voice_is_in_its_own_channel_and_the_release_callback_names_the_file(
    tmp_path: Path, kind: str
) -> None:
    async with call(tmp_path, kind, more=MAY_CALL_BACK) as each:
        with await asyncio.to_thread(recorded_client, each.service, "always") as client, Receiver() as receiver:
            callbacks = {"format": "aicc", "releaseUrl": receiver.url}
            assert client.connection.post("/v1/webhooks", json=callbacks).status_code == 200
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            await talk(each)
            await each.customer.hang_up()
            await asyncio.to_thread(client.until, serial, state=3)
            found = await asyncio.to_thread(ready, client, serial)
            assert found["status"] == "ready", found
            path = await asyncio.to_thread(fetched, client, serial, tmp_path)
            events = client.connection.get(f"/v1/calls/{serial}/events").json()["events"]
            (released,) = await asyncio.to_thread(receiver.until, lambda received: len(received) == 1)
        assert each.service.faults() == []
    assert tones_of(path, tmp_path) == [pytest.approx(AGENT_HZ, abs=10), pytest.approx(CUSTOMER_HZ, abs=10)]
    assert path.stat().st_size == found["bytes"]
    kept = tmp_path / "recordings" / released.json["recordfile"]
    assert (kept.read_bytes(), released.json["locationId"]) == (path.read_bytes(), "0")
    names = [event["type"].removeprefix("twoleg.") for event in events]
    assert "recording.started" in names
    assert names[-2:] == ["call.ended", "recording.ready"]
    assert list((tmp_path / "recording-spool").iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_on_demand_a_pause_is_silent_and_both_are_heard_around_it(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind) as each:
        with await asyncio.to_thread(recorded_client, each.service, "on-demand") as client:
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            await talk(each)
            for command, reached in (("start", "recording"), ("pause", "paused"), ("resume", "recording")):
                answer = client.connection.post(f"/v1/calls/{serial}/recording/{command}")
                assert answer.status_code == 202, answer.text
                assert await asyncio.to_thread(reaches, client, serial, reached)
                await asyncio.sleep(1.0)  # what is to be heard, or not
            await each.customer.hang_up()
            await asyncio.to_thread(client.until, serial, state=3)
            found = await asyncio.to_thread(ready, client, serial)
            assert found["status"] == "ready", found
            path = await asyncio.to_thread(fetched, client, serial, tmp_path)
        assert each.service.faults() == []
    first, second = found["pieces"]
    assert tones_of(path, tmp_path) == [pytest.approx(AGENT_HZ, abs=10), pytest.approx(CUSTOMER_HZ, abs=10)]
    for side in channels(path):
        paused, resumed = ((at - first["begins"]) * 8 for at in (first["ends"], second["begins"]))
        heard = [paused + at for at, sample in enumerate(side[paused:resumed]) if sample]
        assert not heard, (paused, resumed, heard[0], heard[-1], len(heard), first, second, len(side))
        assert is_audible(side[: paused - 800])
        assert is_audible(side[resumed + 800 :])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_is_killed_keeps_what_was_heard_until_then(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind) as each:
        with await asyncio.to_thread(recorded_client, each.service, "always") as client:
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            await talk(each)
            sessions = 0 if each.daemon is None else each.daemon.sessions()
            killed_at = wall_clock_ms()
            each.service.kill()
        with (
            await asyncio.to_thread(Service.serve, each.service.config) as again,
            await asyncio.to_thread(_logged_in_again, again, client) as client,
        ):
            found = await asyncio.to_thread(ready, client, serial)
            path = await asyncio.to_thread(fetched, client, serial, tmp_path)
            daemon = each.daemon
            if daemon is not None:  # it lived on, and was told of the end of the calls that were lost
                assert sessions == 1
                assert await asyncio.to_thread(eventually, lambda: daemon.sessions() == 0)
    assert_heard_until(killed_at, found, path, tmp_path)


async def test_an_engine_that_is_killed_leaves_no_session_at_the_embedded_relay(tmp_path: Path) -> None:
    """The relay's process lives on: the next engine has it delete what it held, and calls go on through it."""
    async with call(tmp_path, "rtpio") as each:
        with await asyncio.to_thread(recorded_client, each.service, "always") as client:
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            await talk(each)
            killed_at, relay = wall_clock_ms(), each.service.child("media")
            os.kill(each.service.child("engine"), signal.SIGKILL)
            ended = await asyncio.to_thread(client.until, serial, state=3)
            found = await asyncio.to_thread(ready, client, serial)
            path = await asyncio.to_thread(fetched, client, serial, tmp_path)
        assert each.service.child("media") == relay
    assert ended["reasonCode"] == 1003
    assert_heard_until(killed_at, found, path, tmp_path)
    # What relays hear after the end is nobody's: the session that wrote the file was deleted.
    assert found["beganAt"] + found["durationMs"] < ended["endTime"] + 500


def assert_heard_until(moment: int, found: dict[str, Any], path: Path, folder: Path) -> None:
    """Both voices are there, each in its channel, up to that time (ms since the epoch), but for the last packets."""
    assert found["status"] == "ready", found
    assert found["beganAt"] + found["durationMs"] >= moment - LAST_PACKETS_MS
    assert tones_of(path, folder) == [pytest.approx(AGENT_HZ, abs=10), pytest.approx(CUSTOMER_HZ, abs=10)]


def _logged_in_again(service: Service, client: Client) -> Client:
    """Its token outlives the service; its address does not."""
    connection = httpx.Client(base_url=f"http://{service.http}", timeout=60, headers=client.connection.headers)
    return Client(connection)


async def test_a_recorder_that_is_killed_is_started_again_and_finishes(tmp_path: Path) -> None:
    async with call(tmp_path, "rtpio") as each:
        with await asyncio.to_thread(recorded_client, each.service, "always") as client:
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            await talk(each)
            os.kill(each.service.child("recorder"), signal.SIGKILL)
            await each.customer.hang_up()
            await asyncio.to_thread(client.until, serial, state=3)
            found = await asyncio.to_thread(ready, client, serial)
    assert found["status"] == "ready", found
