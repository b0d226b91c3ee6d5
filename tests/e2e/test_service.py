"""The README's path: a configuration, `twoleg serve`, its command line, a call, and a clean end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from e2e.places import ANSWERS, BUSY, HANGS_UP, NEVER_ANSWERS, connected, sandbox_config
from patience import eventually
from service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service import Client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests here that leave it as it is."""
    with Service.serve(sandbox_config(tmp_path_factory.mktemp("service"), ring_agent=2, max_talk=4)) as running:
        yield running
        assert running.faults() == []


def twoleg(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twoleg", *arguments],
        env={**os.environ, "TWOLEG_CONFIG": str(config)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    """A tenant's program, for tests that need no tenant of their own; each calls a pair of its own."""
    with service.client(access_codes=["640003", "640060"]) as logged_in:
        yield logged_in


# ---------------------------------------------------------------------------- calls


def test_the_customer_hangs_up(client: Client) -> None:
    serial = client.create_call(ANSWERS, HANGS_UP, agentPresent="640060", callData="order 17")
    end = client.until(serial, state=3)
    assert {name: value for name, value in end.items() if name not in {"startTime", "endTime"}} == {
        "caller": ANSWERS,
        "called": HANGS_UP,
        "callerPresent": "640003",
        "agentPresent": "640060",
        "callData": "order 17",
        "state": 3,
        "reasonCode": 0,
    }
    assert 3500 < end["endTime"] - end["startTime"] < 15000


@pytest.mark.parametrize(
    ("caller", "called", "reason"),
    [
        (BUSY, ANSWERS, 2),
        (ANSWERS, BUSY, 3),
        (NEVER_ANSWERS, ANSWERS, 4),
        ("1255500481", ANSWERS, 4),
        ("1255500200", "1255500481", 5),
        ("1355500200", "1255500603", 3),
        ("1455500487", ANSWERS, 4),
        ("1555500407", ANSWERS, 2),
        ("1655500200", "1655500183", 1002),
    ],
)
def test_each_end_has_its_reason(client: Client, caller: str, called: str, reason: int) -> None:
    assert client.until(client.create_call(caller, called), state=3)["reasonCode"] == reason


def test_an_ita_tenant_is_told_the_cause(service: Service) -> None:
    with service.client(profile="ita") as client:
        end = client.until(client.create_call("1755500200", "1755500503"), state=3)
        assert end["reasonCode"] == 34
        assert "callData" not in end


def test_a_call_of_another_tenant_does_not_exist(service: Service, client: Client) -> None:
    with service.client() as other:
        serial = client.create_call(BUSY, "1855500200")
        path = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"
        assert other.post(path, callSerialNo=serial)["retCode"] == "1"


# ---------------------------------------------------------------------------- the command line beside it


def test_a_call_is_followed_as_json_lines(service: Service) -> None:
    tenant = service.cli("tenant", "create", "Follow", "--access-code", "640003")["tenant_id"]
    done = twoleg(service.config, "call", "1955500200", "1955500002", "--tenant", tenant, "--follow", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    states = [line["state"] for line in lines]
    assert states == sorted(states)
    assert set(states) >= {1, 2, 3}
    assert len({line["serial"] for line in lines}) == 1
    assert lines[-1]["reason"] == 0
    assert lines[-1]["customer"]["ended_by"] == "customer"


def test_a_call_is_followed_in_words(service: Service) -> None:
    tenant = service.cli("tenant", "create", "Words", "--access-code", "640003")["tenant_id"]
    done = twoleg(service.config, "call", "2055500200", "2055500486", "--tenant", tenant, "--follow")
    assert done.returncode == 1, "they never talked"
    assert "the agent answered" in done.stdout or "the agent's phone rings" in done.stdout
    assert "(reason 3, Q.850 17 User busy)" in done.stdout.splitlines()[-1]


def test_an_operator_hangs_up(service: Service, client: Client) -> None:
    serial = client.create_call("2155500200", "2155500408")
    assert eventually(lambda: client.query(serial)["state"] == 1)
    service.cli("hangup", serial)
    assert client.until(serial, state=3)["reasonCode"] == 1001


def test_a_disabled_app_is_out_at_once(service: Service) -> None:
    with service.client() as client:
        serial = client.create_call(BUSY, "2255500200")
        (key,) = [app["app_key"] for app in service.cli("app", "list")[-1:]]
        service.cli("app", "disable", key)
        answer = client.connection.post(
            "/apiaccess/CC-Management/v1/mobileAgent/queryCallState", json={"callSerialNo": serial}
        )
        assert answer.status_code == 401


def test_check_finds_the_service_and_its_trunk_well(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = sandbox_config(tmp_path)
    text = config.read_text().replace('listen = "udp:127.0.0.1:0"', f'listen = "udp:127.0.0.1:{port}"')
    config.write_text(text.replace(f'[sip]\nlisten = "udp:127.0.0.1:{port}"', '[sip]\nlisten = "udp:127.0.0.1:0"'))
    with Service.serve(config) as running:
        checked = running.cli("check")
        verdicts = {each["what"]: each["says"] for each in checked["checks"]}
        assert checked["ok"] is True
        assert verdicts["service"] == f"running, process {running.process.pid}"
        assert verdicts["trunk sandbox"] == f"sip:127.0.0.1:{port} answers 200"


# ---------------------------------------------------------------------------- the process


def test_the_log_is_json_and_names_call_tenant_and_leg(service: Service, client: Client) -> None:
    serial = client.create_call(BUSY, "2355500200")
    client.until(serial, state=3)
    log = service.config.with_name("log.jsonl")
    assert eventually(lambda: f'"call.ended","process":"engine","call":{serial}' in log.read_text())
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = [line for line in lines if line.get("call") == int(serial)]
    assert [line["event"] for line in told if line["level"] == "info"] == ["agent.dialled", "call.ended"]
    assert all(line["tenant"] for line in told)
    assert told[0]["leg"] == "agent"
    assert all(list(line)[:3] == ["timestamp", "level", "event"] for line in lines)


def test_ready_is_one_line_and_the_only_one(service: Service) -> None:
    said = service.config.with_name("said.txt").read_text()
    assert re.fullmatch(r"twoleg ready  http://\S+  sip udp:\S+  sandbox udp:\S+\n", said)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_stop_is_clean(tmp_path: Path, how: signal.Signals) -> None:
    with Service.serve(sandbox_config(tmp_path)) as running:
        running.process.send_signal(how)
        assert running.process.wait(20) == 0
        stopped = [line for line in running.log() if line["event"] == "stopped"]
        assert len(stopped) == 1
        assert running.faults() == []


def test_an_address_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = sandbox_config(tmp_path)
        config.write_text(config.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{port}"', 1))
        done = twoleg(config, "serve")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        f"twoleg: http.listen = 127.0.0.1:{port}: the address is in use by another program"
    )


def test_a_second_service_on_the_same_store_is_refused(service: Service) -> None:
    done = twoleg(service.config, "serve")
    assert done.returncode == 1
    assert f"another twoleg (process {service.process.pid}) is serving" in done.stderr.splitlines()[-1]


def test_a_wrong_configuration_ends_with_2(tmp_path: Path) -> None:
    config = sandbox_config(tmp_path)
    config.write_text(config.read_text().replace("[log]", "[lgo]"))
    done = twoleg(config, "serve")
    assert done.returncode == 2
    assert done.stderr == "twoleg: twoleg.toml: unknown section lgo; did you mean log?\n"


def test_several_api_processes_share_the_address(tmp_path: Path) -> None:
    config = sandbox_config(tmp_path)
    config.write_text(config.read_text().replace("[http]", "[http]\nworkers = 2"))
    with Service.serve(config) as running, running.client() as client:
        serial = client.create_call(BUSY, "2455500200")
        client.until(serial, state=3)
        os.kill(running.child("api 1"), signal.SIGKILL)
        with connected(running, client) as other:
            assert other.query(serial)["state"] == 3
        assert httpx.get(f"http://{running.http}/healthz", timeout=10).status_code == 200
        assert running.stop() == 0


def test_the_demo_shows_calls_that_end_as_they_must(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twoleg", "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path), "TWOLEG_HTTP__LISTEN": "nonsense"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "5 calls, each ended as it must. The service stopped cleanly." in done.stdout
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"
