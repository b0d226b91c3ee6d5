"""Events of real calls, end to end: streamed as they happen, and after kill -9 between commit and delivery."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from e2e.places import ANSWERS, BUSY, HANGS_UP, come_back, sandbox_config
from patience import eventually
from service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service import Client

pytestmark = pytest.mark.slow

STREAM = {"Accept": "text/event-stream"}


def events_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The events of a stream, as they come."""
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def place(client: Client, caller: str, called: str) -> str:
    answer = client.connection.post("/v1/calls", json={"caller": caller, "called": called})
    assert answer.status_code == 201, answer.text
    serial: str = answer.json()["serial"]
    return serial


def test_a_call_is_told_event_by_event_to_streams_and_to_the_command_line(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        with client.connection.stream("GET", "/v1/events", headers=STREAM) as of_tenant:
            serial = place(client, ANSWERS, HANGS_UP)
            command = [sys.executable, "-m", "twoleg", "events", serial, "--follow", "--json"]
            environment = os.environ | {"TWOLEG_CONFIG": str(service.config)}
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as follower:
                with client.connection.stream("GET", f"/v1/calls/{serial}/events", headers=STREAM) as of_call:
                    told = list(events_of(of_call.iter_lines()))
                followed = [json.loads(line) for line in follower.communicate(timeout=60)[0].splitlines()]
            assert follower.returncode == 0
            of_all = []
            for event in events_of(of_tenant.iter_lines()):
                of_all.append(event)
                if event["type"] == "twoleg.call.ended":
                    break

        assert [event["data"]["seq"] for event in told] == list(range(1, len(told) + 1))
        assert told == followed == of_all
        types = [event["type"].removeprefix("twoleg.") for event in told]
        expected = ["call.queued", "agent.ringing", "agent.answered", "customer.ringing", "customer.answered"]
        assert [each for each in types if each in expected] == expected
        assert types[-1] == "call.ended"
        assert told[-1]["data"]["reason"] == 0
        page = client.connection.get(f"/v1/calls/{serial}/events").json()
        assert page["events"] == told


def test_a_long_poll_answers_when_the_call_moves(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serial = place(client, ANSWERS, BUSY)
        call: dict[str, Any] = {"seq": 0, "state": ""}
        seen = []
        while call["state"] != "ended":
            path = f"/v1/calls/{serial}?after={call['seq']}&wait=25"
            call = client.connection.get(path, timeout=40).json()
            seen.append(call["seq"])

        assert seen == sorted(set(seen)), "it answered without news"
        assert (call["reason"], call["customer"]["sipStatus"], call["customer"]["causeText"]) == (3, 486, "User busy")
        assert call["customer"]["attempts"][0]["sipStatus"] == 486


def test_events_committed_but_not_delivered_when_all_was_killed_come_after_the_restart(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        with client.connection.stream("GET", "/v1/events", headers=STREAM) as stream:
            events = events_of(stream.iter_lines())
            serial = place(client, ANSWERS, BUSY)
            seen = [next(events)]
            api = service.child("api")
            os.kill(api, signal.SIGSTOP)  # from here on whatever is committed is not delivered
            assert eventually(lambda: service.cli("status", serial)["state"] == 3)
            service.kill()
            os.kill(api, signal.SIGKILL)

        again, client_again = come_back(service, client)
        with again, client_again:
            resumed = {**STREAM, "Last-Event-ID": seen[-1]["id"]}
            with client_again.connection.stream("GET", "/v1/events", headers=resumed) as stream:
                for event in events_of(stream.iter_lines()):
                    seen.append(event)
                    if event["type"] == "twoleg.call.ended":
                        break

        assert [event["id"] for event in seen] == [f"{serial}-{seq}" for seq in range(1, len(seen) + 1)]
        assert len(seen) > 5
