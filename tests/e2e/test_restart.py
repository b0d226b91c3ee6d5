"""kill -9 of the whole service with a call in each phase; start again; ask: nothing lost, nothing stuck."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from e2e.places import (
    ANSWERS,
    BUSY,
    HANGS_UP,
    NEVER_ANSWERS,
    come_back,
    connected,
    is_running,
    kill_everything,
    sandbox_config,
    stop_engine_in_its_tracks,
)
from patience import eventually
from service import Client, Service

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ENGINE_LOST = 1003
SERVICE_STOPPED = 1006


def test_a_call_that_was_waiting_is_dialled_after_the_restart(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        engine = stop_engine_in_its_tracks(service)
        serial = client.create_call(ANSWERS, HANGS_UP)
        assert client.query(serial)["state"] == 0
        service.kill()
        os.kill(engine, signal.SIGKILL)  # a stopped process notices nothing, not even that its supervisor is gone

        again, client_again = come_back(service, client)
        with again, client_again:
            assert client_again.until(serial, state=3)["reasonCode"] == 0


@pytest.mark.parametrize(
    ("caller", "called", "rang"),
    [(NEVER_ANSWERS, ANSWERS, "agent"), (ANSWERS, NEVER_ANSWERS, "customer")],
    ids=["agent rings", "customer rings"],
)
def test_a_call_that_was_ringing_ends_with_1003(tmp_path: Path, caller: str, called: str, rang: str) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serial = client.create_call(caller, called)
        assert eventually(lambda: "ringing_at" in service.cli("status", serial)[rang])
        before = client.query(serial)
        assert before["state"] == 1
        kill_everything(service)

        again, client_again = come_back(service, client)
        with again, client_again:
            after = client_again.query(serial)
            assert after["state"] == 3
            assert after["reasonCode"] == ENGINE_LOST
            assert after["startTime"] == before["startTime"]
            assert after["endTime"] >= after["startTime"]


def test_a_call_that_was_talking_ends_with_1003(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serial = client.create_call(ANSWERS, "6655500200")
        client.until(serial, state=2)
        kill_everything(service)

        again, client_again = come_back(service, client)
        with again, client_again:
            after = client_again.query(serial)
            assert (after["state"], after["reasonCode"]) == (3, ENGINE_LOST)
            assert client_again.create_call(ANSWERS, "6655500200") != serial, "nothing is stuck: the pair is free"


def test_an_ended_call_answers_as_before(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serial = client.create_call(BUSY, ANSWERS)
        before = client.until(serial, state=3)
        kill_everything(service)

        again, client_again = come_back(service, client)
        with again, client_again:
            assert client_again.query(serial) == before


def test_no_acknowledged_call_is_lost(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serials = [client.create_call(f"{prefix}{BUSY}", ANSWERS) for prefix in range(40)]
        kill_everything(service)

        again, client_again = come_back(service, client)
        with again, client_again:
            ends = [client_again.until(serial, state=3)["reasonCode"] for serial in serials]
            assert set(ends) <= {2, ENGINE_LOST}, "each was dialled and busy, or was being dialled at the kill"
            assert again.faults() == []


def goodbyes(client: Client, serial: str) -> list[str]:
    """What went between the new engine and the phones of that call, in order, as far as it is known by now."""
    answer = client.connection.get(f"/v1/calls/{serial}/ladder")
    if answer.status_code != 200:
        return []
    return [each["label"].split(" ")[0] for each in answer.json()["entries"] if each["kind"] == "sip"]


def test_an_engine_that_dies_alone_is_back_at_once_and_hangs_up_what_the_dead_one_left(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        talking = client.create_call(ANSWERS, "6655500200")
        agent_rings = client.create_call(NEVER_ANSWERS, HANGS_UP)
        customer_rings = client.create_call("7755500200", NEVER_ANSWERS)
        client.until(talking, state=2)
        assert eventually(lambda: "ringing_at" in service.cli("status", agent_rings)["agent"])
        assert eventually(lambda: "ringing_at" in service.cli("status", customer_rings)["customer"])
        dead = service.child("engine")
        os.kill(dead, signal.SIGKILL)

        for serial in (talking, agent_rings, customer_rings):
            assert client.until(serial, state=3)["reasonCode"] == ENGINE_LOST
            assert service.cli("status", serial)["dialled"] == "yes"
        assert eventually(lambda: goodbyes(client, talking).count("BYE") == 2), goodbyes(client, talking)
        assert eventually(lambda: goodbyes(client, talking).count("200") == 2), "both phones heard it"
        assert eventually(lambda: {"CANCEL", "487", "ACK"} <= set(goodbyes(client, agent_rings)))
        assert eventually(lambda: {"BYE", "CANCEL", "487"} <= set(goodbyes(client, customer_rings)))
        assert eventually(lambda: service.child("engine") != dead)  # its log takes a way of its own
        assert client.until(client.create_call(ANSWERS, HANGS_UP), state=3)["reasonCode"] == 0
        assert service.stop() == 0


def test_an_api_that_dies_alone_is_back_at_the_same_address(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serial = client.create_call(ANSWERS, "6655500200")
        client.until(serial, state=2)
        os.kill(service.child("api"), signal.SIGKILL)

        with connected(service, client) as fresh:
            assert fresh.query(serial)["state"] == 2, "the call goes on: its engine is another process"


def test_the_end_of_the_service_ends_its_calls(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service, service.client() as client:
        serial = client.create_call(ANSWERS, "6655500200")
        client.until(serial, state=2)
        assert service.stop() == 0
        assert service.cli("status", serial)["reason"] == SERVICE_STOPPED, (
            "it is ended at the stop, not at the next start"
        )


def test_children_do_not_outlive_a_stop(tmp_path: Path) -> None:
    with Service.serve(sandbox_config(tmp_path)) as service:
        children = [service.child(name) for name in ("api", "engine", "sandbox")]
        assert service.stop() == 0
        assert not any(is_running(pid) for pid in children)
        assert service.faults() == []
