"""Calls over TCP and TLS, and requests too large for UDP: sipp and real phones as the peers of the real service."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from interop.callers import calls_in
from interop.phones import Phone
from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_ANSWERS,
    INVITED,
    answers,
    hangs_up,
    is_released,
    phone,
    rings,
    sdp,
    waits,
)
from interop.sipp import Sipp
from interop.tls_front import TlsFront
from interop.tones import dominant_frequency, tone
from interop.wire import only, requests, story
from patience import eventually, eventually_async
from service import Service, Trunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = scenario(Peer.SIPP, "TCP")

AGENT, CUSTOMER = "88889050", "88889060"
BOTH = 'listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]'
TALK = 0.5

TALKATIVE = sdp(AGENT_PORT, "inactive") + "".join(f"a=x-filler:{'y' * 60} {number}\n" for number in range(20))
"""An answer whose offer to the other phone makes an INVITE of more than 1300 octets."""


@contextmanager
def sipp(folder: Path, name: str, *steps: str, over: str, at: tuple[str, int] | None = None) -> Iterator[Sipp]:
    room = folder / name
    room.mkdir()
    scenario = phone(*steps)
    if over == "tcp":  # it has no UDP, so it must say so (RFC 3263 4.1)
        scenario = scenario.replace("[local_port]>", "[local_port];transport=[transport]>")
    (room / "scenario.xml").write_text(scenario)
    with Sipp.start(room / "scenario.xml", room, over=over, at=at) as started:
        yield started


def trunk(number: str, at: Sipp | tuple[str, int], parameter: str = "") -> Trunk:
    host, port = at if isinstance(at, tuple) else at.address
    return Trunk(f"to-{number}", f"sip:{host}:{port}{parameter}", (number,))


def ipv6() -> tuple[str, int]:
    """A free place."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        return "::1", probe.getsockname()[1]


def call(service: Service) -> dict[str, Any]:
    """One call from beginning to end; what it ended with."""
    with service.client() as client:
        serial = client.create_call(AGENT, CUSTOMER)
        return client.until(serial, state=3)


@pytest.mark.parametrize("who", ["agent", "customer"])
def test_a_call_over_tcp_from_end_to_end(tmp_path: Path, who: str) -> None:
    ends, released = (waits(TALK), hangs_up()), (is_released(),)
    with (
        sipp(
            tmp_path, "agent", AGENT_ANSWERS, AGENT_IS_CONNECTED, *(ends if who == "agent" else released), over="tcp"
        ) as agent,
        sipp(
            tmp_path, "customer", CUSTOMER_ANSWERS, *(ends if who == "customer" else released), over="tcp"
        ) as customer,
        Service.start(
            tmp_path,
            sip=BOTH,
            trunks=[trunk(AGENT, agent, ";transport=tcp"), trunk(CUSTOMER, customer, ";transport=tcp")],
        ) as service,
    ):
        ended = call(service)
        agent.kept()
        customer.kept()
        assert service.faults() == []

    assert ended["reasonCode"] == (1 if who == "agent" else 0)
    last = ["-> BYE", "200 BYE"] if who == "agent" else ["BYE", "-> 200"]
    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "INVITE", "-> 200", "ACK", *last]
    for each in (agent, customer):
        invite = requests(each, "INVITE")[0]
        assert invite.header("Via").startswith("SIP/2.0/TCP 127.0.0.1:")
        assert ";transport=tcp>" in invite.header("Contact")


@scenario(Peer.SIPP, "TLS, UDP")
def test_a_call_over_tls_from_end_to_end(tmp_path: Path) -> None:
    """The phone's own request, its BYE, comes by the connection that we made."""
    papers = Papers(tmp_path)
    with TlsFront.listening(papers.certificate("127.0.0.1")) as front:
        steps = (AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up())
        by_tls = [
            step.replace("[local_port]>", f"{front.address[1]};transport=tls>").replace("[transport]", "TLS")
            for step in steps
        ]
        with (
            sipp(tmp_path, "agent", *by_tls, over="tcp") as agent,
            sipp(tmp_path, "customer", CUSTOMER_ANSWERS, is_released(), over="udp") as customer,
        ):
            front.stand_before(agent.address)
            trunks = [trunk(AGENT, front.address, ";transport=tls"), trunk(CUSTOMER, customer)]
            with Service.start(tmp_path, trunks=trunks, sip=papers.sip) as service:
                assert call(service)["reasonCode"] == 1
                agent.kept()
                customer.kept()
                assert service.faults() == []

    assert set(front.versions) <= {"TLSv1.2", "TLSv1.3"}
    assert len(front.versions) == 1
    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "INVITE", "-> 200", "ACK", "-> BYE", "200 BYE"]
    for invite in requests(agent, "INVITE"):
        assert invite.header("Via").startswith("SIP/2.0/TLS 127.0.0.1:")
        assert ";transport=tls>" in invite.header("Contact")


@scenario(Peer.SIPP, "TCP, UDP")
def test_one_phone_over_tcp_talks_to_one_over_udp(tmp_path: Path) -> None:
    with (
        sipp(tmp_path, "agent", AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released(), over="tcp") as agent,
        sipp(tmp_path, "customer", CUSTOMER_ANSWERS, waits(TALK), hangs_up(), over="udp") as customer,
        Service.start(
            tmp_path, sip=BOTH, trunks=[trunk(AGENT, agent, ";transport=tcp"), trunk(CUSTOMER, customer)]
        ) as service,
    ):
        assert call(service)["reasonCode"] == 0
        agent.kept()
        customer.kept()

    assert ";transport" not in only(customer, "INVITE").header("Contact")


@scenario(Peer.SIPP, "UDP, IPv6")
def test_phones_over_ipv6_talk(tmp_path: Path) -> None:
    """And whoever calls a service that wants to be nobody hears 404; what comes by a second way, 482 (8.2.2.2)."""
    with (
        sipp(tmp_path, "agent", AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released(), over="udp", at=ipv6()) as agent,
        sipp(tmp_path, "customer", CUSTOMER_ANSWERS, waits(TALK), hangs_up(), over="udp", at=ipv6()) as customer,
        Service.start(
            tmp_path,
            sip='listen = ["udp:127.0.0.1:0", "udp:[::1]:0"]\nrefuse_calls_with = 404',
            trunks=[trunk(AGENT, ("[::1]", agent.port)), trunk(CUSTOMER, ("[::1]", customer.port))],
        ) as service,
    ):
        assert call(service)["reasonCode"] == 0
        agent.kept()
        customer.kept()
        assert calls_in(service.sip, "one", "other") == [404, 482]
        assert service.faults() == []

    for each in (agent, customer):
        invite = requests(each, "INVITE")[0]
        assert invite.header("Via").startswith("SIP/2.0/UDP [::1]:")
        assert "@[::1]:" in invite.header("Contact")


@scenario(Peer.SIPP, "UDP, TCP")
def test_an_invite_too_large_for_udp_goes_over_tcp(tmp_path: Path) -> None:
    with (
        sipp(
            tmp_path, "agent", INVITED, rings(), answers(TALKATIVE), AGENT_IS_CONNECTED, is_released(), over="udp"
        ) as agent,
        sipp(tmp_path, "customer", CUSTOMER_ANSWERS, waits(TALK), hangs_up(), over="tcp") as customer,
        Service.start(tmp_path, sip=BOTH, trunks=[trunk(AGENT, agent), trunk(CUSTOMER, customer)]) as service,
    ):
        assert call(service)["reasonCode"] == 0
        agent.kept()
        customer.kept()

    invite = only(customer, "INVITE")
    assert invite.header("Via").startswith("SIP/2.0/TCP ")
    assert len(invite.text.encode()) > 1300


@scenario(Peer.SIPP, "UDP")
def test_where_tcp_is_refused_a_large_invite_goes_over_udp_after_all(tmp_path: Path) -> None:
    with (
        sipp(
            tmp_path, "agent", INVITED, rings(), answers(TALKATIVE), AGENT_IS_CONNECTED, is_released(), over="udp"
        ) as agent,
        sipp(tmp_path, "customer", CUSTOMER_ANSWERS, waits(TALK), hangs_up(), over="udp") as customer,
        Service.start(tmp_path, sip=BOTH, trunks=[trunk(AGENT, agent), trunk(CUSTOMER, customer)]) as service,
    ):
        assert call(service)["reasonCode"] == 0
        agent.kept()
        customer.kept()

    invite = only(customer, "INVITE")
    assert invite.header("Via").startswith("SIP/2.0/UDP ")
    assert len(invite.text.encode()) > 1300


def test_a_customer_whose_trunk_takes_no_connection_has_failed_with_a_cause(tmp_path: Path) -> None:
    nobody = ("127.0.0.1", free_port())
    with (
        sipp(tmp_path, "agent", AGENT_ANSWERS, is_released(), over="tcp") as agent,
        Service.start(
            tmp_path,
            sip=BOTH,
            trunks=[trunk(AGENT, agent, ";transport=tcp"), trunk(CUSTOMER, nobody, ";transport=tcp")],
        ) as service,
    ):
        assert call(service)["reasonCode"] == 3
        agent.kept()
        assert eventually(lambda: any("refused" in str(line.get("why")) for line in service.log()))


def free_port() -> int:
    """Below those that the kernel gives away."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no free port")


class Papers:
    """Certificates of an authority that is made for one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca))

    def certificate(self, name: str) -> Path:
        path = self._folder / f"for-{name}.pem"
        self._authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(path))
        return path

    @property
    def sip(self) -> str:
        """The service's [sip] and [sip.tls]."""
        return (
            'listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"]\n'
            f'[sip.tls]\ncertificate = "{self.certificate("127.0.0.1")}"\nca = "{self.ca}"'
        )


@asynccontextmanager
async def phones(
    folder: Path, transport: str, papers: Papers, *, certified_for: str = "127.0.0.1"
) -> AsyncIterator[tuple[Phone, Phone, Service]]:
    """Two real phones, and a service that reaches both by that transport."""
    low, high = tone(folder / "low.wav", 440, 1.0), tone(folder / "high.wav", 1000, 1.0)
    common: dict[str, Any] = {
        "answer_after": 0.3,
        "transport": transport,
        "certificate": papers.certificate(certified_for),
        "ca": papers.ca,
    }
    async with (
        Phone.on_loopback(AGENT, says=low, hears=folder / "agent.wav", **common) as agent,
        Phone.on_loopback(CUSTOMER, says=high, hears=folder / "customer.wav", **common) as customer,
    ):
        trunks = [
            trunk(
                each.user,
                ("127.0.0.1", each.stream_port),
                f";transport={transport}",
            )
            for each in (agent, customer)
        ]
        with await asyncio.to_thread(Service.start, folder, trunks=trunks, sip=papers.sip) as service:
            yield agent, customer, service


@scenario(Peer.BARESIP_PYTHON, "{transport}")
@pytest.mark.asyncio
@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize(("who", "reason"), [("customer", 0), ("agent", 1)])
async def test_real_phones_hear_each_other(tmp_path: Path, transport: str, who: str, reason: int) -> None:
    async with phones(tmp_path, transport, Papers(tmp_path)) as (agent, customer, service):
        with await asyncio.to_thread(service.client) as client:
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            assert (await asyncio.to_thread(client.until, serial, state=2))["state"] == 2
            await agent.hear_for(1.0)
            await customer.hear_for(1.0)
            await (agent if who == "agent" else customer).hang_up()
            ended = await asyncio.to_thread(client.until, serial, state=3)
            await agent.wait_for("CALL_CLOSED")
            await customer.wait_for("CALL_CLOSED")
            assert service.faults() == []

    assert ended["reasonCode"] == reason
    assert dominant_frequency(tmp_path / "agent.wav") == pytest.approx(1000, abs=10)
    assert dominant_frequency(tmp_path / "customer.wav") == pytest.approx(440, abs=10)


@scenario(Peer.BARESIP_PYTHON, "TLS")
@pytest.mark.asyncio
async def test_a_phone_certified_for_somebody_else_is_not_called(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    async with phones(tmp_path, "tls", papers, certified_for="other.example") as (agent, _, service):
        with await asyncio.to_thread(service.client) as client:
            serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            ended = await asyncio.to_thread(client.until, serial, state=3)
        assert ended["reasonCode"] == 2
        assert agent.saw("CALL_INCOMING") == []
        told = "its certificate is not for 127.0.0.1"
        assert await eventually_async(lambda: told in [line.get("why") for line in service.log()])


@scenario(Peer.SANDBOX, "UDP")
def test_two_phones_in_the_box_talk_over_ipv6(tmp_path: Path) -> None:
    more = '[sandbox]\nenabled = true\nlisten = "udp:[::1]:0"'
    with Service.start(tmp_path, sip='listen = ["udp:127.0.0.1:0", "udp:[::1]:0"]', more=more) as service:
        with service.client() as client:
            serial = client.create_call("88880000", "88880001")
            assert client.until(serial, state=2)["state"] == 2
            service.cli("hangup", serial)
            assert client.until(serial, state=3)["reasonCode"] == 1001
        status = service.cli("status", serial)
        peers = [status[leg]["attempts"][0]["peer"] for leg in ("agent", "customer")]
        assert all(peer.startswith("udp:[::1]:") for peer in peers)
        assert service.faults() == []
