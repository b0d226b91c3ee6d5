"""Trunks as carriers see them: registrations, failover, channels, calls per second, numbers written their way."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from interop.challenges import Challenge
from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    CUSTOMER_ANSWERS,
    CUSTOMER_PORT,
    INVITED,
    answers,
    follows_until_released,
    hears,
    is_released,
    phone,
    refuses,
    says,
    sdp,
)
from interop.sipp import LOOPBACK, Direction, Sipp
from interop.wire import requests, story
from patience import eventually
from service import Client, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = scenario(Peer.SIPP, "UDP")

FOLLOWS = follows_until_released(sdp(41000, version=2))
AGENT = AGENT_ANSWERS + FOLLOWS
CUSTOMER = CUSTOMER_ANSWERS + is_released()


@contextmanager
def line(folder: Path, name: str, *steps: str, calls: int = 1) -> Iterator[Sipp]:
    """A carrier that does these steps for each of its calls."""
    room = folder / name
    room.mkdir()
    (room / "scenario.xml").write_text(phone(*steps))
    with Sipp.start(room / "scenario.xml", room, calls=calls) as started:
        yield started
        print(f"---- {name}\n{started.report()}")  # noqa: T201 - pytest shows it when the test failed


@contextmanager
def silence() -> Iterator[str]:
    """The URI of a carrier that takes everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((LOOPBACK, 0))
        yield f"sip:{LOOPBACK}:{deaf.getsockname()[1]}"


def trunk(name: str, uri: str, prefix: str = "", **more: object) -> Trunk:
    return Trunk(name, uri, (prefix,), more=more)


def status(service: Service, serial: str) -> dict[str, Any]:
    found: dict[str, Any] = service.cli("status", serial)
    return found


def states(client: Client, serials: list[str]) -> list[int]:
    return [client.query(serial)["state"] for serial in serials]


def place(client: Client, count: int) -> list[str]:
    return [client.create_call(f"1{number:03}", f"2{number:03}") for number in range(count)]


def test_a_registering_trunk_logs_in_lengthens_its_time_is_used_and_takes_its_leave(tmp_path: Path) -> None:
    challenge = Challenge(401, "MD5")
    registrar = (
        '\n<recv request="REGISTER" optional="true" next="registrar"/>',
        INVITED + refuses(486, "Busy Here") + '\n<nop next="over"/>\n<label id="registrar"/>',
        says(401, "Unauthorized", headers=[challenge.header]) + hears("REGISTER"),
        says(423, "Interval Too Brief", headers=["Min-Expires: 90"]) + hears("REGISTER"),
        says(200, "OK", headers=["Expires: 90"]) + hears("REGISTER"),
        says(200, "OK") + '\n<label id="over"/>\n<timewait milliseconds="100"/>',
    )
    with line(tmp_path, "registrar", *registrar, calls=2) as carrier:
        ours = Trunk("carrier", carrier.uri, ("",), "640003", "secret", {"register": True, "register_expires": 60})
        with Service.start(tmp_path, trunks=[ours]) as service, service.client() as client:
            assert eventually(lambda: any(each.get("event") == "trunk is up" for each in service.log()))
            serial = client.create_call("1001", "2001")
            assert client.until(serial, state=3)["reasonCode"] == 2
            assert status(service, serial)["agent"]["sip_status"] == 486
            assert service.stop() == 0
            assert service.faults() == []
        carrier.kept()
    asked = carrier.received("REGISTER")
    assert [each.header("Expires") for each in asked] == ["60", "60", "90", "0"]
    assert [each.start_line for each in asked] == [f"REGISTER {carrier.uri} SIP/2.0"] * 4
    assert len({each.header("Call-ID") for each in asked}) == 1
    assert [each.header("CSeq") for each in asked] == [f"{number} REGISTER" for number in (1, 2, 3, 4)]
    assert not challenge.credentials(asked[0])
    assert all(challenge.is_met(each, username="640003", password="secret") for each in asked[1:])


def test_a_trunk_that_is_not_registered_takes_no_calls(tmp_path: Path) -> None:
    registrar = (
        '\n<recv request="REGISTER" optional="true" next="registrar"/>' + INVITED + '\n<label id="registrar"/>',
        says(403, "Forbidden"),
    )
    with line(tmp_path, "registrar", *registrar) as carrier:
        ours = Trunk("carrier", carrier.uri, ("",), "640003", "secret", {"register": True})
        with Service.start(tmp_path, trunks=[ours]) as service, service.client() as client:
            carrier.wait_for("SIP/2.0 403", direction=Direction.SENT)
            serial = client.create_call("1001", "2001")
            assert client.until(serial, state=3)["reasonCode"] == 6
            assert status(service, serial)["cause"] == 38
            said = [each for each in service.cli("check", expect=1)["checks"] if each["what"] == "trunk carrier"]
            assert said[0]["says"].startswith("down: not registered: ")


def test_a_silent_trunk_is_left_for_the_next_one_and_both_are_facts(tmp_path: Path) -> None:
    with silence() as dead, line(tmp_path, "second", AGENT_ANSWERS, is_released()) as second:
        trunks = [
            trunk("first", dead, "1", priority=1, attempt_timeout=1),
            trunk("second", second.uri, "1", priority=2),
            trunk("customers", dead, "2"),
        ]
        with Service.start(tmp_path, trunks=trunks) as service, service.client() as client:
            serial = client.create_call("1001", "2001")
            assert eventually(lambda: "answered_at" in status(service, serial)["agent"])
            service.cli("hangup", serial)
            client.until(serial, state=3)
            second.kept()
            first, then = status(service, serial)["agent"]["attempts"]
            assert service.faults() == []
    assert (first["trunk"], first["cause"], "sip_status" in first) == ("first", 102, False)
    assert 900 <= first["ended_at"] - first["started_at"] <= 3000
    assert (then["trunk"], then["peer"], then["sip_status"]) == ("second", f"udp:{LOOPBACK}:{second.port}", 200)
    assert story(second)[:3] == ["INVITE", "-> 180", "-> 200"]


@pytest.mark.parametrize("answer", [(503, "Service Unavailable"), (500, "Server Internal Error")], ids=["503", "500"])
def test_a_trunk_in_trouble_is_left_for_the_next_one(tmp_path: Path, answer: tuple[int, str]) -> None:
    overloaded = refuses(*answer, headers=['Reason: Q.850;cause=34;text="all lines taken"'])
    with (
        line(tmp_path, "first", INVITED, overloaded) as first,
        line(tmp_path, "second", INVITED, refuses(486, "Busy Here")) as second,
    ):
        trunks = [trunk("first", first.uri), trunk("second", second.uri, priority=1)]
        with Service.start(tmp_path, trunks=trunks) as service, service.client() as client:
            serial = client.create_call("1001", "2001")
            assert client.until(serial, state=3)["reasonCode"] == 2
            agent = status(service, serial)["agent"]
            first.kept()
            second.kept()
    assert [each["sip_status"] for each in agent["attempts"]] == [answer[0], 486]
    assert (agent["attempts"][0]["cause"], agent["attempts"][0]["sip_reason"]) == (
        34,
        'Q.850;cause=34;text="all lines taken"',
    )
    assert (agent["sip_status"], agent["cause"]) == (486, 17)
    assert story(first) == ["INVITE", f"-> {answer[0]}", "ACK"]


def test_a_trunk_that_wants_to_be_left_alone_is_not_asked_again(tmp_path: Path) -> None:
    """RFC 3261 20.33: a 503 with Retry-After; as there is no other way, the next call ends with 6 at once, cause 42."""
    alone = refuses(503, "Service Unavailable", headers=["Retry-After: 60"])
    with line(tmp_path, "carrier", INVITED, alone) as carrier:
        with Service.start(tmp_path, trunks=[trunk("carrier", carrier.uri)]) as service, service.client() as client:
            refused = client.create_call("1001", "2001")
            assert client.until(refused, state=3)["reasonCode"] == 2
            spared = client.create_call("1002", "2002")
            assert client.until(spared, state=3)["reasonCode"] == 6
            assert status(service, refused)["agent"]["sip_status"] == 503
            assert status(service, spared)["cause"] == 42
            carrier.kept()
            assert service.faults() == []
    assert len(requests(carrier, "INVITE")) == 1


def test_a_trunk_that_nobody_listens_at_is_left_at_once(tmp_path: Path) -> None:
    with silence() as closed:
        pass
    with line(tmp_path, "second", INVITED, refuses(486, "Busy Here")) as second:
        trunks = [trunk("first", closed), trunk("second", second.uri, priority=1)]
        with Service.start(tmp_path, trunks=trunks) as service, service.client() as client:
            serial = client.create_call("1001", "2001")
            assert client.until(serial, state=3, seconds=3)["reasonCode"] == 2
            first = status(service, serial)["agent"]["attempts"][0]
    assert (first["trunk"], first["cause"]) == ("first", 41)


def test_the_third_call_waits_in_state_0_and_goes_on_when_the_first_ends(tmp_path: Path) -> None:
    with (
        line(tmp_path, "agents", AGENT, calls=3) as agents,
        line(tmp_path, "customers", CUSTOMER, calls=3) as customers,
    ):
        trunks = [trunk("agents", agents.uri, "1"), trunk("customers", customers.uri, "2", channels=2)]
        with Service.start(tmp_path, trunks=trunks) as service, service.client() as client:
            serials = place(client, 3)
            for serial in serials[:2]:
                client.until(serial, state=2)
            assert states(client, serials) == [2, 2, 0]
            assert len(requests(agents, "INVITE")) >= 2
            assert not any("sip:1002@" in each.start_line for each in agents.messages())
            service.cli("hangup", serials[0])
            client.until(serials[2], state=2)
            assert states(client, serials) == [3, 2, 2]
            for serial in serials[1:]:
                service.cli("hangup", serial)
            customers.kept()
            agents.kept()
            assert service.faults() == []


def test_a_call_that_waits_too_long_for_a_channel_ends_with_1005(tmp_path: Path) -> None:
    with (
        line(tmp_path, "agents", AGENT, calls=1) as agents,
        line(tmp_path, "customers", CUSTOMER, calls=1) as customers,
    ):
        trunks = [trunk("agents", agents.uri, "1"), trunk("customers", customers.uri, "2", channels=1)]
        with Service.start(tmp_path, trunks=trunks, timers={"queue": 1.5}) as service, service.client() as client:
            serials = place(client, 2)
            client.until(serials[0], state=2)
            ended = client.until(serials[1], state=3)
            assert ended["reasonCode"] == 1005
            assert states(client, serials) == [2, 3]
            service.cli("hangup", serials[0])
            agents.kept()
            customers.kept()


def test_invites_come_no_faster_than_the_trunk_allows(tmp_path: Path) -> None:
    busy = INVITED + refuses(486, "Busy Here")
    with line(tmp_path, "agents", busy, calls=5) as agents:
        trunks = [trunk("agents", agents.uri, "1", calls_per_second=4), trunk("customers", agents.uri, "2")]
        with Service.start(tmp_path, trunks=trunks) as service, service.client() as client:
            for serial in place(client, 5):
                assert client.until(serial, state=3)["reasonCode"] == 2
            agents.kept()
    times = [each.time for each in requests(agents, "INVITE")]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert len(gaps) == 4
    assert min(gaps) > 0.2  # 0.25 as sent; a busy machine reads late


def test_numbers_are_written_the_trunks_way_and_told_as_they_were_given(tmp_path: Path) -> None:
    with (
        line(tmp_path, "agents", AGENT_ANSWERS, FOLLOWS) as agents,
        line(tmp_path, "customers", INVITED, answers(sdp(CUSTOMER_PORT)), is_released()) as customers,
    ):
        wire = {"strip": "0", "prepend": "+49", "clip_strip": "64", "clip_prepend": "+4964"}
        identity = {"identity": ["Remote-Party-ID"], "privacy": True}
        trunks = [trunk("agents", agents.uri, "1"), trunk("customers", customers.uri, "0", **wire, **identity)]
        with Service.start(tmp_path, trunks=trunks) as service, service.client() as client:
            serial = client.create_call("1001", "030123")
            answer = client.until(serial, state=2)
            service.cli("hangup", serial)
            customers.kept()
            agents.kept()
            attempt = status(service, serial)["customer"]["attempts"][0]
    invite = requests(customers, "INVITE")[0]
    assert invite.start_line == f"INVITE sip:+4930123@{LOOPBACK}:{customers.port} SIP/2.0"
    assert invite.header("To") == f"<sip:+4930123@{LOOPBACK}:{customers.port}>"
    assert invite.header("From").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert invite.header("Remote-Party-ID").startswith("<sip:+49640003@")
    assert invite.header("Remote-Party-ID").endswith(">;party=calling;screen=yes;privacy=full")
    assert (invite.header("Privacy"), invite.header("P-Asserted-Identity")) == ("id", "")
    assert requests(agents, "INVITE")[0].header("P-Asserted-Identity").startswith("<sip:640003@")
    assert (answer["called"], answer["callerPresent"]) == ("030123", "640003")
    assert (attempt["dialled"], attempt["shown"]) == ("+4930123", "+49640003")
