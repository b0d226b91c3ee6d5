"""A ladder of real calls through the real service, against what the phones themselves wrote down."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from interop.challenges import Challenge
from interop.exchange import PASSWORD, Exchange
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    CUSTOMER_ANSWERS,
    INVITED,
    TALK,
    hangs_up,
    is_released,
    refuses,
    waits,
)
from interop.wire import story
from ladder.capture_file import packets
from ladder.hep_packet import chunks
from patience import eventually
from twoleg.cli.app import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.exchange import PlacedCall
    from interop.sipp import Sipp
    from service import Client

pytestmark = pytest.mark.slow

CHALLENGE = Challenge(407)
LETS_NOBODY_IN = INVITED + refuses(407, CHALLENGE.phrase, headers=[CHALLENGE.header])
_LABEL = re.compile(r"(\S+)[^(]*(?:\((\w+))?")


@pytest.fixture(scope="module")
def collector() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        bound.settimeout(0)
        yield bound


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory, collector: socket.socket) -> Iterator[Exchange]:
    more = f'[ladder]\nkeep_good = 1\nhep = "127.0.0.1:{collector.getsockname()[1]}"\nhep_key = "homer"'
    folder = tmp_path_factory.mktemp("service")
    with Exchange.running(folder, pairs=3, timers={"ring_agent": 20}, more=more) as running:
        yield running


def ladder_of(call: PlacedCall) -> dict[str, Any]:
    """As soon as it is complete."""
    found: dict[str, Any] = {}

    def is_kept() -> bool:
        answer = call.client.connection.get(f"/v1/calls/{call.serial}/ladder")
        assert answer.status_code == 200, answer.text
        found.update(answer.json())
        return bool(found["capture"]["status"] == "kept")

    assert eventually(is_kept, seconds=15), found
    return found


def in_format(call: PlacedCall, wanted: str) -> bytes:
    return call.client.connection.get(f"/v1/calls/{call.serial}/ladder?format={wanted}").content


def told_by(ladder: dict[str, Any], lane: str) -> list[str]:
    """The lane's messages in the words of `interop.wire.story`: as the phone lived through it, repeats told once."""
    return [
        _word(each, heard=each["to"] == lane)
        for each in ladder["entries"]
        if each["kind"] == "sip" and lane in (each["from"], each["to"]) and not each.get("repeat")
    ]


def _word(entry: dict[str, Any], *, heard: bool) -> str:
    found = _LABEL.match(entry["label"])
    assert found is not None
    first, method = found.groups()
    if not heard:
        return f"-> {first}"
    return f"{first} {method}" if first.isdigit() else first


def proofs(*phones: Sipp) -> set[str]:
    """Every digest response that the phones were sent."""
    return {
        CHALLENGE.credentials(each)["response"]
        for phone in phones
        for each in phone.messages()
        if CHALLENGE.credentials(each)
    }


def test_a_call_that_failed_is_drawn_as_its_phones_lived_through_it(
    exchange: Exchange, collector: socket.socket, tmp_path: Path
) -> None:
    busy = LETS_NOBODY_IN + INVITED + refuses(486, "Busy Here")
    with (
        exchange.desk(tmp_path) as desk,
        desk.agent(LETS_NOBODY_IN, AGENT_ANSWERS, is_released()) as agent,
        desk.customer(busy) as customer,
    ):
        call = desk.call()
        call.ended(3)
        agent.kept()
        customer.kept()
        ladder = ladder_of(call)
        secrets = proofs(agent, customer)

        assert told_by(ladder, "agent") == story(agent)
        assert told_by(ladder, "customer") == story(customer)
        labels = [each["label"] for each in ladder["entries"]]
        order = [
            "call placed",
            "1 call.queued",
            "2 agent.dialled",
            "INVITE (SDP)",
            "407 Proxy Authentication Required (INVITE)",
            "INVITE (SDP, credentials)",
            "4 agent.answered",
            "5 customer.dialled",
            "486 Busy Here (INVITE)",
            "6 call.ended",
            "BYE (credentials)",
        ]
        places = [labels.index(each) for each in order]
        assert places == sorted(places), labels

        assert len(secrets) >= 3
        drawn = [in_format(call, wanted) for wanted in ("json", "text", "mermaid", "svg", "pcap")]
        folder = exchange.service.config.parent
        files = [each.read_bytes() for each in folder.glob("*ladder.db*")]
        sent = _collected(collector, call.serial)
        assert files
        for secret in (*secrets, PASSWORD):
            assert not [each for each in (*drawn, *files, *sent) if secret.encode() in each]
        assert len(packets(drawn[4])) == ladder["capture"]["messages"] == len(sent)


def _collected(collector: socket.socket, serial: str) -> list[bytes]:
    """What a collector was sent of that call."""
    found: list[bytes] = []

    def is_quiet() -> bool:
        try:
            found.append(collector.recv(65_535))
        except BlockingIOError:
            return True
        return False

    eventually(is_quiet, seconds=10)
    told = [chunks(each) for each in found]
    assert {each["key"] for each in told} == {b"homer"}
    return [each["payload"] for each in told if each["correlation"] == serial.encode()]


def test_a_good_call_is_drawn_too_when_it_is_to_be_kept(exchange: Exchange, tmp_path: Path) -> None:
    with (
        exchange.desk(tmp_path) as desk,
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call()
        call.ended(0)
        agent.kept()
        customer.kept()
        ladder = ladder_of(call)
        assert told_by(ladder, "agent") == story(agent)
        assert told_by(ladder, "customer") == story(customer)
        steps = [each["label"].split(" ")[1] for each in ladder["entries"] if each["kind"] == "step"]
        assert steps[0] == "call.queued"
        assert steps[-1] == "call.ended"

        output = tmp_path / "call.svg"
        command = [sys.executable, "-m", "twoleg", "ladder", call.serial, "--config", str(exchange.service.config)]
        drawn = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
        assert "customer.answered" in drawn
        assert drawn.count("BYE") == 4
        subprocess.run([*command, "--format", "svg", "--output", output], check=True, timeout=60)
        assert output.read_bytes() == in_format(call, "svg")


def test_no_planted_secret_is_told_by_anything_that_the_service_says(
    exchange: Exchange, collector: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log, ladders, capture, HEP, answers to bad requests, `twoleg check`, lists, audit log, and the store's files."""
    service = exchange.service
    with exchange.desk(tmp_path) as desk, desk.agent(LETS_NOBODY_IN, INVITED + refuses(486, "Busy Here")) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()
        ladder_of(call)
        client = call.client
        own = ("--tenant", service.cli("tenant", "list")[0]["tenant_id"])
        app = service.cli("app", "create", *own)
        endpoint = service.cli("webhook", "create", "http://127.0.0.1:9/x", *own)
        shared = ("--auth", "shared-key", "--shared-key", "marker-of-a-shared-key")
        service.cli("webhook", "callbacks", "--release-url", "http://127.0.0.1:9/y", *shared, *own)
        planted = {
            "trunk password": PASSWORD,
            "digest response": next(iter(proofs(agent))),
            "app secret": app["app_secret"],
            "webhook secret": endpoint["secret"],
            "shared key": "marker-of-a-shared-key",
            "token": client.connection.headers["authorization"].removeprefix("Bearer "),
        }

        said = [*_answers_to_bad_requests(client, planted), *(in_format(call, each) for each in FORMATS)]
        for command in (("check",), ("tenant", "list"), ("app", "list"), ("audit", "--json"), ("keys", "list")):
            capsys.readouterr()
            main([*command, "--config", str(service.config)])
            said.append("".join(capsys.readouterr()).encode())
        said += _collected(collector, call.serial)
        said.append(service.config.with_name("log.jsonl").read_bytes())

        assert len(said) > 25
        assert _told(planted, said) == []
        # An INVITE is kept, as it was sent, until its leg is over: a proof of the password may be in it, never more.
        del planted["digest response"]
        kept = [each.read_bytes() for each in service.config.parent.glob("twoleg.db*") if each.is_file()]
        assert len(kept) >= 2
        assert _told(planted, kept) == []


def _told(planted: dict[str, str], said: list[bytes]) -> list[tuple[str, bytes]]:
    return [(name, each[:300]) for name, secret in planted.items() for each in said if secret.encode() in each]


FORMATS = ("json", "text", "mermaid", "svg", "pcap")


def _answers_to_bad_requests(client: Client, planted: dict[str, str]) -> list[bytes]:
    """Every secret where it does not belong: the answers must not repeat it."""
    connection, said = client.connection, []
    for secret in planted.values():
        for answer in (
            connection.post("/apigovernance/api/oauth/tokenByAkSk", json={"app_key": "x", "app_secret": secret}),
            connection.post("/apigovernance/api/oauth/tokenByAkSk", json={"app_key": "x", "app_secret": [secret]}),
            connection.get("/v1/calls", headers={"Authorization": f"Bearer {secret}x"}),
            connection.get("/v1/calls", headers={"Authorization": f"Digest {secret}"}),
            connection.get("/v1/calls", auth=("x", secret)),
            connection.post("/v1/webhooks", json={"format": "aicc", "auth": {"mode": "none", "sharedKey": secret}}),
            connection.post("/v1/webhooks", json={"format": "aicc", "auth": {"mode": "shared-key", "x": secret}}),
        ):
            assert 400 <= answer.status_code < 500, answer.text
            said.append(answer.content)
    return said
