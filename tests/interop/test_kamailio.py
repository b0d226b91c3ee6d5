"""Kamailio as the edge, by the configuration in deploy/kamailio: phones register there, engines call through it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from interop.edge import ENGINE, Edge, free_port
from interop.phones import Phone
from interop.relays import rtpengine
from interop.scenario import Peer, scenario
from interop.scripts import INVITED, phone, refuses
from interop.sipp import LOOPBACK, Sipp
from interop.tones import dominant_frequency, tone
from interop.websocket_phone import WebsocketPhone, response
from interop.wire import only, story
from service import ACCESS_CODE, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

pytestmark = scenario(Peer.KAMAILIO, "UDP")

AGENT, CUSTOMER = "88889050", "99990060"
SECRETS = {AGENT: "agent's own", ENGINE: "engine's own"}
CARRIERS = "127.0.0.2"
"""Where carriers are: the edge knows them by their address and transport."""

BOTH = 'listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]'


class Papers:
    """A certificate for this machine, and the authority that made it."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca, self.certificate = folder / "ca.pem", folder / "edge.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        authority.issue_cert(LOOPBACK).private_key_and_cert_chain_pem.write_to_path(str(self.certificate))


@contextmanager
def edge_and_service(
    folder: Path,
    papers: Papers,
    *,
    carriers: Sequence[str] = (),
    by: str = "udp",
    password: str = SECRETS[ENGINE],
    more: str = "",
) -> Iterator[tuple[Edge, Service]]:
    """The edge, and a service whose only trunk it is."""
    with Edge.start(folder, users=SECRETS, certificate=papers.certificate, ca=papers.ca, carriers=carriers) as edge:
        trunks = [Trunk("edge", edge.uri(by), ("",), ENGINE, password)]
        try:
            with Service.start(folder, trunks=trunks, sip=BOTH, more=more) as service:
                yield edge, service
                assert service.faults() == []
        finally:
            print(edge.log())  # noqa: T201 - pytest shows it when the test failed


@contextmanager
def carrier(folder: Path, *steps: str, name: str = "carrier") -> Iterator[Sipp]:
    """A carrier that does these steps for one call."""
    room = folder / name
    room.mkdir()
    (room / "scenario.xml").write_text(phone(*steps))
    with Sipp.start(room / "scenario.xml", room, at=(CARRIERS, free_port(CARRIERS))) as started:
        yield started


def call(service: Service, *, agent: str = AGENT) -> tuple[dict[str, Any], dict[str, Any]]:
    """One call from beginning to end: what the client was told, and the operator."""
    with service.client() as client:
        serial = client.create_call(agent, CUSTOMER)
        ended = client.until(serial, state=3)
        status: dict[str, Any] = service.cli("status", serial)
        return ended, status


@asynccontextmanager
async def registered(edge: Edge, transport: str, papers: Papers, **options: Any) -> AsyncIterator[Phone]:
    """The agent's phone, once the edge knows where it is."""
    host, port = edge.address(transport)
    async with Phone.on_loopback(
        AGENT,
        password=SECRETS[AGENT],
        transport=transport,
        certificate=papers.certificate,
        ca=papers.ca,
        registrar=f"{host}:{port}",
        **options,
    ) as agent:
        await agent.wait_for("REGISTERED")
        yield agent


@scenario(Peer.KAMAILIO, "TLS, {engine}, {customers}")
@pytest.mark.asyncio
@pytest.mark.parametrize(("engine", "customers"), [("udp", "tcp"), ("tcp", "udp")])
async def test_an_agent_over_tls_and_the_customer_hear_each_other(tmp_path: Path, engine: str, customers: str) -> None:
    papers = Papers(tmp_path)
    low, high = tone(tmp_path / "low.wav", 440, 1.0), tone(tmp_path / "high.wav", 1000, 1.0)
    async with Phone.on_loopback(
        CUSTOMER, says=high, hears=tmp_path / "customer.wav", answer_after=0.3, transport=customers
    ) as customer:
        way_out = f"sip:{LOOPBACK}:{customer.stream_port or customer.port};transport={customers}"
        with edge_and_service(tmp_path, papers, carriers=[way_out], by=engine) as (edge, service):
            async with registered(
                edge, "tls", papers, says=low, hears=tmp_path / "agent.wav", answer_after=0.3
            ) as agent:
                with await asyncio.to_thread(service.client) as client:
                    serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
                    assert (await asyncio.to_thread(client.until, serial, state=2))["state"] == 2
                    await agent.hear_for(1.0)
                    await customer.hear_for(1.0)
                    await agent.hang_up()
                    ended = await asyncio.to_thread(client.until, serial, state=3)
                    await customer.wait_for("CALL_CLOSED")
                assert edge.faults() == []

    assert ended["reasonCode"] == 1
    assert dominant_frequency(tmp_path / "agent.wav") == pytest.approx(1000, abs=10)
    assert dominant_frequency(tmp_path / "customer.wav") == pytest.approx(440, abs=10)


def test_a_phone_that_is_not_there_is_no_carriers_business(tmp_path: Path) -> None:
    with carrier(tmp_path, INVITED) as asked:
        with edge_and_service(tmp_path, Papers(tmp_path), carriers=[asked.uri]) as (edge, service):
            ended, status = call(service)
            assert edge.faults() == []

    assert ended["reasonCode"] == 2
    assert status["agent"]["sip_status"] == 480
    assert asked.received("INVITE") == []


def test_an_engine_that_nobody_knows_calls_nobody(tmp_path: Path) -> None:
    with carrier(tmp_path, INVITED) as asked:
        with edge_and_service(tmp_path, Papers(tmp_path), carriers=[asked.uri], password="guessed") as (edge, service):
            ended, status = call(service, agent="77770001")
            assert edge.faults() == []

    assert ended["reasonCode"] == 2
    assert status["agent"]["sip_status"] == 407
    assert asked.received("INVITE") == []


def test_a_carrier_in_trouble_is_left_for_the_next_one(tmp_path: Path) -> None:
    with (
        carrier(tmp_path, INVITED, refuses(503, "Service Unavailable"), name="first") as first,
        carrier(tmp_path, INVITED, refuses(486, "Busy Here"), name="second") as second,
    ):
        with edge_and_service(tmp_path, Papers(tmp_path), carriers=[first.uri, second.uri]) as (edge, service):
            ended, status = call(service, agent="77770001")
            first.kept()
            second.kept()
            assert edge.faults() == []

    assert ended["reasonCode"] == 2
    assert status["agent"]["sip_status"] == 486
    assert story(first) == ["INVITE", "-> 503", "ACK"]
    assert only(second, "INVITE").start_line == f"INVITE sip:77770001@{CARRIERS}:{second.port} SIP/2.0"
    assert only(second, "INVITE").header("Proxy-Authorization") == ""


@scenario(Peer.KAMAILIO, "{transport}")
@pytest.mark.asyncio
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_phone_registers_by_its_transport_and_rings(tmp_path: Path, transport: str) -> None:
    papers = Papers(tmp_path)
    with edge_and_service(tmp_path, papers) as (edge, service):
        async with registered(edge, transport, papers, answer_after=None) as agent:
            with await asyncio.to_thread(service.client) as client:
                serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
                rung = await agent.wait_for("CALL_INCOMING")
                await agent.hang_up()
                ended = await asyncio.to_thread(client.until, serial, state=3)
            assert edge.faults() == []

    assert ended["reasonCode"] == 2
    assert f"sip:{ACCESS_CODE}@" in rung.peer


@pytest.mark.asyncio
async def test_a_wrong_password_registers_nobody(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    with Edge.start(tmp_path, users=SECRETS, certificate=papers.certificate, ca=papers.ca) as edge:
        host, port = edge.address("udp")
        async with Phone.on_loopback(AGENT, password="guessed", registrar=f"{host}:{port}") as agent:
            refused = await agent.wait_for("UNREGISTERED")
    assert "401" in refused.text


@scenario(Peer.KAMAILIO, "WSS")
def test_an_agent_over_a_secure_websocket_is_called_there(tmp_path: Path) -> None:
    """What it is offered is a browser's kind of media, for its calls go by rtpengine."""
    papers = Papers(tmp_path)
    with rtpengine(tmp_path / "rtpengine") as daemon, ExitStack() as stack:
        more = f'[media]\nmode = "rtpengine"\nrtpengine = ["{LOOPBACK}:{daemon.port}"]\nagent_transport = "webrtc"'
        edge, service = stack.enter_context(edge_and_service(tmp_path, papers, more=more))
        with WebsocketPhone.registered(edge.address("wss"), papers.ca, AGENT, SECRETS[AGENT]) as agent:
            with service.client() as client:
                serial = client.create_call(AGENT, CUSTOMER)
                invite = agent.hears()
                agent.says(response(invite, "486 Busy Here"))
                assert agent.hears().startswith("ACK ")
                ended = client.until(serial, state=3)
                status = service.cli("status", serial)
            assert edge.faults() == []

    assert invite.startswith(f"INVITE sip:{AGENT}@")
    assert " UDP/TLS/RTP/SAVPF " in invite
    for attribute in ("a=fingerprint:sha-256 ", "a=setup:actpass", "a=ice-ufrag:", "a=ice-pwd:", "a=rtcp-mux"):
        assert attribute in invite
    assert f"UDP 2130706431 {LOOPBACK} " in invite  # the ICE candidate of the daemon's own address
    assert ended["reasonCode"] == 2
    assert status["agent"]["sip_status"] == 486


def test_carriers_calls_are_put_to_the_engines_in_turn_and_past_one_that_is_in_trouble(tmp_path: Path) -> None:
    """The engines forbid them: two-way calls are ordered, not dialled."""
    papers = Papers(tmp_path)
    with (
        Service.start(tmp_path) as service,
        carrier(tmp_path, INVITED, refuses(404, "Not Found"), name="second") as second,
        carrier(tmp_path, INVITED, refuses(503, "Service Unavailable"), name="third") as third,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        peer.bind((CARRIERS, 0))
        peer.settimeout(10)
        port = peer.getsockname()[1]
        with Edge.start(
            tmp_path,
            users=SECRETS,
            certificate=papers.certificate,
            ca=papers.ca,
            engines=[f"sip:{service.sip[0]}:{service.sip[1]}", second.uri, third.uri],
            carriers=[f"sip:{CARRIERS}:{port};transport=udp"],
        ) as edge:
            statuses = [call_in(peer, edge, number) for number in range(3)]
            assert edge.faults() == []
        second.kept()
        third.kept()

    assert set(statuses) == {403, 404}
    assert [story(each) for each in (second, third)] == [["INVITE", "-> 404", "ACK"], ["INVITE", "-> 503", "ACK"]]


def call_in(peer: socket.socket, edge: Edge, number: int) -> int:
    """A carrier's INVITE for the agent; its final answer, which is acknowledged."""
    port = peer.getsockname()[1]
    invite = invite_from(port, number)
    peer.sendto(invite, edge.address("udp"))
    while True:
        answer = peer.recv(65536).decode()
        status = int(answer.split()[1])
        if status >= 200 and f"Call-ID: a-carriers-call-{number}\r" in answer:
            to = next(line for line in answer.splitlines() if line.startswith("To:"))
            ack = invite.replace(b"INVITE", b"ACK").replace(invite_line(invite, b"To:"), to.encode())
            peer.sendto(ack, edge.address("udp"))
            return status


def invite_line(invite: bytes, name: bytes) -> bytes:
    """Its header line of that name."""
    return next(line for line in invite.split(b"\r\n") if line.startswith(name))


def invite_from(port: int, number: int) -> bytes:
    """A carrier's INVITE for the agent."""
    lines = (
        f"INVITE sip:{AGENT}@edge.invalid SIP/2.0",
        f"Via: SIP/2.0/UDP {CARRIERS}:{port};branch=z9hG4bKcarrier{number}",
        f"From: <sip:{CUSTOMER}@{CARRIERS}>;tag=carrier",
        f"To: <sip:{AGENT}@edge.invalid>",
        f"Call-ID: a-carriers-call-{number}",
        "CSeq: 1 INVITE",
        "Max-Forwards: 70",
        f"Contact: <sip:{CUSTOMER}@{CARRIERS}:{port}>",
        "Content-Length: 0",
    )
    return "\r\n".join([*lines, "", ""]).encode()
