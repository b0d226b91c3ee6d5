"""The end of a service: living calls are waited for, new ones are told to come back; or a newer service follows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from e2e.places import ANSWERS, HANGS_UP, SANDBOX
from patience import eventually
from service import CREATE_PATH, QUERY_PATH, Client, Service, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TALKS_ON = "6655500200"
SERVICE_STOPPED = 1006


def config_with(folder: Path, service: str) -> Path:
    return write_config(folder, more=f"{SANDBOX}\n\n[service]\n{service}")


def place(client: Client, called: str) -> httpx.Response:
    return client.connection.post(CREATE_PATH, json={"caller": "7755500200", "called": called})


def test_a_stop_refuses_new_calls_waits_for_living_ones_and_ends_them_at_the_second_signal(tmp_path: Path) -> None:
    """Many facts of one drain, for each would need a service of its own."""
    with Service.serve(config_with(tmp_path, "drain = 60")) as service, service.client() as client:
        on, short = client.create_call(ANSWERS, TALKS_ON), client.create_call("8855500200", HANGS_UP)
        client.until(on, state=2)
        service.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: place(client, "9955500200").status_code == 503)

        compatible = place(client, "9955500200")
        assert 1 <= int(compatible.headers["retry-after"]) <= 60
        assert compatible.json()["retCode"] == "503"
        native = client.connection.post("/v1/calls", json={"caller": "7755500200", "called": "9955500200"})
        assert (native.status_code, native.json()["type"]) == (503, "/problems/stopping")
        assert 1 <= int(native.headers["retry-after"]) <= 60
        assert client.connection.get("/readyz").json() == {"status": "not ready: the service is being stopped"}
        assert client.connection.get("/healthz").status_code == 200

        assert client.until(short, state=3)["reasonCode"] == 0, "it was waited for"
        assert client.query(on)["state"] == 2
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
        ended = service.cli("status", on)
        assert (ended["reason"], ended["agent"]["cause"], ended["customer"]["cause"]) == (SERVICE_STOPPED, 41, 41)
        messages = [entry.get("message", "") for entry in service.cli("ladder", on, "--format", "json")["entries"]]
        byes = [message for message in messages if message.startswith("BYE ")]
        assert len(byes) == 2
        assert all('Reason: Q.850;cause=41;text="Temporary failure"' in bye for bye in byes)
        assert service.faults() == []


def test_twoleg_drain_shows_the_calls_until_all_is_over_and_ends_them_at_the_limit(tmp_path: Path) -> None:
    with Service.serve(config_with(tmp_path, "drain = 2")) as service, service.client() as client:
        serial = client.create_call(ANSWERS, TALKS_ON)
        client.until(serial, state=2)
        done = subprocess.run(
            [sys.executable, "-m", "twoleg", "drain", "--json", "--config", str(service.config)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = [httpx.Response(200, text=line).json() for line in done.stdout.splitlines()]
        assert (lines[0]["state"], lines[0]["calls"]) == ("draining", 1)
        assert [line["seconds_left"] for line in lines] == sorted(
            (line["seconds_left"] for line in lines), reverse=True
        )
        assert (lines[-1]["state"], lines[-1]["pid"]) == ("stopped", service.process.pid)
        assert service.process.wait(30) == 0
        assert service.cli("status", serial)["reason"] == SERVICE_STOPPED
        assert service.cli("drain", expect=1) is None, "nobody is there any more"


class Clients(threading.Thread):
    """Places calls and asks for them without a pause, on a kept connection or on a new one for each request."""

    def __init__(self, client: Client, *, agents: int, is_kept: bool) -> None:
        super().__init__(daemon=True)
        self._options: dict[str, Any] = {
            "base_url": client.connection.base_url,
            "headers": {"Authorization": client.connection.headers["Authorization"]},
            "timeout": 60,
        }
        self._agents = agents
        self._is_kept = is_kept
        self._over = threading.Event()
        self.serials: list[str] = []
        self.answers = 0
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(**self._options) as kept:
            while not self._over.wait(0.02):
                if self._is_kept:
                    self._ask(kept)
                else:
                    with httpx.Client(**self._options) as fresh:
                        self._ask(fresh)

    def _ask(self, client: httpx.Client) -> None:
        number = self._agents + self.answers
        try:
            if self.answers % 10 == 0:
                body = {"caller": f"{number}55500200", "called": f"{number}55500486"}
                self.serials.append(
                    client.post(CREATE_PATH, json=body).raise_for_status().json()["result"]["callSerialNo"]
                )
            else:
                answer = client.post(QUERY_PATH, json={"callSerialNo": self.serials[-1]}).raise_for_status()
                assert answer.json()["retCode"] == "0"
        except Exception as error:  # noqa: BLE001 - whatever it is, the client did not get its answer
            self.failures.append(f"{type(error).__name__}: {error}")
        self.answers += 1

    def finish(self) -> None:
        self._over.set()
        self.join(60)


@contextmanager
def busy_clients(client: Client) -> Iterator[list[Clients]]:
    clients = [Clients(client, agents=1000, is_kept=True), Clients(client, agents=3000, is_kept=False)]
    for each in clients:
        each.start()
    try:
        yield clients
    finally:
        for each in clients:
            each.finish()


def test_a_newer_service_takes_over_and_no_request_is_refused(tmp_path: Path) -> None:
    """Takes some seconds: two whole services, one after the other, and a talk that the first one waits for."""
    config = config_with(tmp_path, "drain = 60\nhand_over = 25")
    with Service.serve(config) as old, old.client() as client:
        talk = client.create_call(ANSWERS, HANGS_UP)
        client.until(talk, state=2)
        with busy_clients(client) as clients:
            assert eventually(lambda: all(each.answers > 20 for each in clients))
            with Service.serve(config, "--take-over") as new:
                assert (new.http, new.sip) == (old.http, old.sip)
                assert old.process.wait(30) == 0
                before = [each.answers for each in clients]
                assert eventually(
                    lambda: all(each.answers > was + 20 for each, was in zip(clients, before, strict=True))
                )
                for each in clients:
                    each.finish()
                assert [each.failures for each in clients] == [[], []]
                assert client.query(talk)["reasonCode"] == 0, "it was waited for"
                serials = [serial for each in clients for serial in each.serials]
                assert len(serials) >= 6
                assert {client.until(serial, state=3, seconds=30)["reasonCode"] for serial in serials} == {3}
                assert new.stop() == 0
                assert new.faults() == []


LAUNCHER = """
import os, sys
for place, descriptor in enumerate(map(int, sys.argv[1].split(",")), start=3):
    os.dup2(descriptor, place)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(place - 2)}
os.execv(sys.executable, [sys.executable, "-m", "twoleg", "serve", "--config", sys.argv[2]])
"""


def activated(config: Path, *sockets: socket.socket, notify: str = "") -> subprocess.Popen[bytes]:
    """A service that is given these sockets as systemd gives them: from descriptor 3 on."""
    moved = [os.dup(each.fileno()) for each in sockets]
    high = [os.dup2(each, 100 + place) for place, each in enumerate(moved)]
    with config.with_name("said.txt").open("wb") as said, config.with_name("log.jsonl").open("ab") as logged:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, ",".join(map(str, high)), str(config)],
            pass_fds=high,
            stdout=said,
            stderr=logged,
            env={**os.environ, "NOTIFY_SOCKET": notify},
        )
    for each in (*moved, *high):
        os.close(each)
    return process


def test_sockets_of_systemd_are_served_and_outlive_the_service(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as http,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        sip.bind(("127.0.0.1", 0))
        systemd.bind("")  # an abstract name of the kernel's choice
        systemd.settimeout(60)
        address = "@" + systemd.getsockname()[1:].decode()
        ports = http.getsockname()[1], sip.getsockname()[1]
        config = config_with(tmp_path, "drain = 0")
        text = config.read_text().replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{ports[0]}"', 1)
        config.write_text(text.replace('listen = "udp:127.0.0.1:0"', f'listen = "udp:127.0.0.1:{ports[1]}"', 1))
        service = activated(config, http, sip, notify=address)
        try:
            answer = httpx.get(f"http://127.0.0.1:{ports[0]}/healthz", timeout=60)
            assert answer.status_code == 200, "asked before it served: the socket has the patience"
            assert systemd.recv(100) == b"READY=1"
            service.terminate()
            assert systemd.recv(100) == b"STOPPING=1"
            assert service.wait(30) == 0
            socket.create_connection(("127.0.0.1", ports[0]), timeout=5).close()  # waits there for the next one
        finally:
            service.kill()
            service.wait(30)
