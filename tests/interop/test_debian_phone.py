"""Debian's baresip as the agent's phone and as the customer's, over UDP, TCP and TLS: both hear each other."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from interop.debian_phone import DebianPhone
from interop.phones import Phone
from interop.scenario import Peer, scenario
from interop.sipp import LOOPBACK
from interop.tones import dominant_frequency, tone
from patience import eventually, eventually_async
from service import Client, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = scenario(Peer.DEBIAN_BARESIP, "UDP")

AGENT, CUSTOMER = "88889050", "88889060"
AGENT_HZ, CUSTOMER_HZ = 440, 1000
TALK = 1.5
"""Seconds of sound that is heard before somebody hangs up."""

WHOLE = 50_000
"""Bits a second: more is a voice without holes, for G.711 has 64,000."""


@contextmanager
def call_between(
    folder: Path, transport: str, *, answer: bool = True
) -> Iterator[tuple[DebianPhone, DebianPhone, Client, str, Service]]:
    """A call that was ordered between two such phones, which are both reached by that transport."""
    authority = trustme.CA()
    ca, certificate = folder / "ca.pem", folder / "certificate.pem"
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert(LOOPBACK).private_key_and_cert_chain_pem.write_to_path(str(certificate))
    common: dict[str, Any] = {"answers": answer, "transport": transport, "certificate": certificate, "ca": ca}
    ways = ", ".join(f'"{way}:{LOOPBACK}:0"' for way in ("udp", "tcp", "tls"))
    with (
        DebianPhone.on_loopback(folder / "agent", AGENT, hz=AGENT_HZ, **common) as agent,
        DebianPhone.on_loopback(folder / "customer", CUSTOMER, hz=CUSTOMER_HZ, **common) as customer,
    ):
        parameter = "" if transport == "udp" else f";transport={transport}"
        trunks = [
            Trunk(each.user, f"sip:{LOOPBACK}:{each.address(transport)[1]}{parameter}", (each.user,))
            for each in (agent, customer)
        ]
        sip = f'listen = [{ways}]\n[sip.tls]\ncertificate = "{certificate}"\nca = "{ca}"'
        with Service.start(folder, trunks=trunks, sip=sip) as service, service.client() as client:
            yield agent, customer, client, client.create_call(AGENT, CUSTOMER), service
            assert service.faults() == []
        print(f"---- agent\n{agent.report()}\n---- customer\n{customer.report()}")  # noqa: T201 - shown on failure


def talk(agent: DebianPhone, customer: DebianPhone, *, seconds: float = TALK) -> None:
    """Wait until the customer has recorded that much, and audio comes in at the agent, too."""
    assert eventually(lambda: customer.recorded() >= seconds, seconds=15), customer.report()
    assert eventually(lambda: agent.receives() > WHOLE, seconds=15), agent.report()


@scenario(Peer.DEBIAN_BARESIP, "{transport}")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("transport", "who", "reason"), [("udp", "customer", 0), ("tcp", "agent", 1), ("tls", "customer", 0)]
)
def test_two_of_them_talk_until_one_hangs_up(tmp_path: Path, transport: str, who: str, reason: int) -> None:
    with call_between(tmp_path, transport) as (agent, customer, client, serial, _):
        assert client.until(serial, state=2)["state"] == 2
        talk(agent, customer)
        (agent if who == "agent" else customer).tell("hangup")
        ended = client.until(serial, state=3)
        (customer if who == "agent" else agent).wait_for("CALL_CLOSED")

    assert ended["reasonCode"] == reason
    assert customer.heard() == pytest.approx(AGENT_HZ, abs=10)


@pytest.mark.slow
@pytest.mark.asyncio
async def test_it_and_another_phone_hear_each_other(tmp_path: Path) -> None:
    low = tone(tmp_path / "low.wav", AGENT_HZ, 1.0)
    with DebianPhone.on_loopback(tmp_path / "customer", CUSTOMER, hz=CUSTOMER_HZ) as customer:
        async with Phone.on_loopback(AGENT, says=low, hears=tmp_path / "agent.wav", answer_after=0.1) as agent:
            trunks = [Trunk(each.user, f"sip:{LOOPBACK}:{each.port}", (each.user,)) for each in (agent, customer)]
            with await asyncio.to_thread(Service.start, tmp_path, trunks=trunks) as service:
                with await asyncio.to_thread(service.client) as client:
                    serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
                    await agent.hear_for(1.0)
                    assert await eventually_async(lambda: customer.recorded() >= TALK), customer.report()
                    assert client.query(serial)["state"] == 2
                    customer.tell("hangup")
                    ended = await asyncio.to_thread(client.until, serial, state=3)
                    await agent.wait_for("CALL_CLOSED")
                assert service.faults() == []

    assert ended["reasonCode"] == 0
    assert customer.heard() == pytest.approx(AGENT_HZ, abs=10)
    assert dominant_frequency(tmp_path / "agent.wav") == pytest.approx(CUSTOMER_HZ, abs=10)


@pytest.mark.slow
def test_one_that_is_picked_up_by_hand_rings_until_then(tmp_path: Path) -> None:
    with call_between(tmp_path, "udp", answer=False) as (agent, customer, client, serial, _):
        agent.wait_for("CALL_INCOMING")
        assert customer.events("CALL_INCOMING") == []
        agent.tell("accept")
        customer.wait_for("CALL_INCOMING")
        assert client.query(serial)["state"] == 1
        customer.tell("accept")
        assert client.until(serial, state=2)["state"] == 2
        agent.tell("hangup")
        ended = client.until(serial, state=3)
        customer.wait_for("CALL_CLOSED")

    assert ended["reasonCode"] == 1


@pytest.mark.slow
def test_one_that_declines_as_the_customer_has_failed(tmp_path: Path) -> None:
    with call_between(tmp_path, "udp", answer=False) as (agent, customer, client, serial, service):
        agent.wait_for("CALL_INCOMING")
        agent.tell("accept")
        customer.wait_for("CALL_INCOMING")
        customer.tell("hangup")
        ended = client.until(serial, state=3)
        agent.wait_for("CALL_CLOSED")
        status = service.cli("status", serial)

    assert ended["reasonCode"] == 3
    assert status["customer"]["sip_status"] == 486


@pytest.mark.slow
def test_one_that_holds_as_the_agent_is_heard_again_when_it_resumes(tmp_path: Path) -> None:
    with call_between(tmp_path, "udp") as (agent, customer, client, serial, _):
        assert client.until(serial, state=2)["state"] == 2
        talk(agent, customer, seconds=0.5)
        offers = len(customer.events("CALL_REMOTE_SDP"))
        agent.tell("hold")
        customer.wait_for("CALL_REMOTE_SDP", nth=offers + 1)
        assert eventually(lambda: customer.receives() < WHOLE), customer.report()
        agent.tell("resume")
        customer.wait_for("CALL_REMOTE_SDP", nth=offers + 2)
        assert eventually(lambda: customer.receives() > WHOLE), customer.report()
        assert client.query(serial)["state"] == 2
        customer.tell("hangup")
        assert client.until(serial, state=3)["reasonCode"] == 0
        agent.wait_for("CALL_CLOSED")
