"""Agents with WebRTC phones: SIP over a secure WebSocket through Kamailio, audio through rtpengine; plain customers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from interop.phones import Phone
from interop.relays import Rtpengine, rtpengine
from interop.scenario import Peer, scenario
from interop.sipp import LOOPBACK
from interop.test_kamailio import AGENT, CUSTOMER, SECRETS, Papers, edge_and_service
from interop.test_media import recorded, voices
from interop.tones import last_frequency, tone
from interop.webrtc_phone import WebrtcPhone
from service import ACCESS_CODE, Client, Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]

AGENT_HZ, CUSTOMER_HZ = 440, 1000
HEARD = 1.0
PATIENCE = 30.0
"""Seconds: for three daemons and two phones on a busy machine; a call takes three."""


@dataclass(frozen=True, slots=True)
class Line:
    """An agent's WebRTC phone, a customer's plain one, and the service between them."""

    agent: WebrtcPhone
    customer: Phone
    service: Service
    daemon: Rtpengine
    folder: Path

    async def both_hear(self) -> None:
        """Wait until each has heard the other for a while, from now on."""
        so_far = [event.seconds for event in self.customer.saw("HEARD")]
        await self.agent.hear_for(HEARD, seconds=PATIENCE)
        await self.customer.hear_for(max(so_far, default=0.0) + HEARD, seconds=PATIENCE)

    async def talk(self, client: Client, *, with_a_hold: bool = False) -> str:
        """A call from beginning to end, the customer hangs up; its serial. `with_a_hold`: by each of both."""
        serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
        await self.customer.wait_for("CALL_ESTABLISHED", seconds=PATIENCE)
        await self.both_hear()
        if with_a_hold:
            await self.customer.hold()
            await self.agent.is_offered("a=sendonly", seconds=PATIENCE)
            await self.customer.resume()
            await self.agent.is_offered("a=sendrecv", seconds=PATIENCE)
            await self.both_hear()
            await self.agent.offers_anew("sendonly", seconds=PATIENCE)
            await self.customer.wait_for("CALL_HOLD", seconds=PATIENCE)
            await self.agent.offers_anew("sendrecv", seconds=PATIENCE)
            await self.both_hear()
        await self.customer.hang_up()
        await self.agent.is_hung_up(seconds=PATIENCE)
        assert (await asyncio.to_thread(client.until, serial, state=3))["reasonCode"] == 0
        return serial

    def tones(self) -> tuple[float, float]:
        """What the agent heard at last, and the customer, in Hz."""
        by_agent = self.agent.heard(self.folder / "agent.wav", seconds=0.5)
        return by_agent, last_frequency(self.folder / "customer.wav", seconds=0.5)


@asynccontextmanager
async def line(folder: Path) -> AsyncIterator[Line]:
    """All started, nothing called. The agent's phone has Opus, G.722 and G.711, and likes Opus best."""
    papers = Papers(folder)
    high = tone(folder / "high.wav", CUSTOMER_HZ, 1.0)
    async with AsyncExitStack() as stack:
        customer = await stack.enter_async_context(
            Phone.on_loopback(CUSTOMER, says=high, hears=folder / "customer.wav", answer_after=0.3)
        )
        daemon = stack.enter_context(rtpengine(folder / "rtpengine"))
        keys = [
            'mode = "rtpengine"',
            f'rtpengine = ["{LOOPBACK}:{daemon.port}"]',
            f'rtpengine_captures = "{daemon.captures}"',
            'agent_transport = "webrtc"',
        ]
        way_out = f"sip:{LOOPBACK}:{customer.port};transport=udp"
        edge, service = stack.enter_context(
            edge_and_service(folder, papers, carriers=[way_out], by="tcp", more="\n".join(["[media]", *keys]))
        )
        login = AGENT, SECRETS[AGENT]
        agent = await stack.enter_async_context(
            WebrtcPhone.registered(edge.address("wss"), papers.ca, login, hz=AGENT_HZ, codec="opus")
        )
        yield Line(agent, customer, service, daemon, folder)
        assert edge.faults() == []


@scenario(Peer.KAMAILIO, "WSS", says="An agent with WebRTC (aiortc, Opus) and a plain customer hear each other")
async def test_an_agent_with_webrtc_and_a_plain_customer_hear_each_other(tmp_path: Path) -> None:
    async with line(tmp_path) as there:
        with await asyncio.to_thread(there.service.client) as client:
            await there.talk(client)

    assert there.tones() == pytest.approx((CUSTOMER_HZ, AGENT_HZ), abs=10)
    assert "DTLS-SRTP successfully negotiated" in there.daemon.log()
    assert "opus/48000" in there.agent.answers[-1].split("a=rtpmap:")[1]


@scenario(Peer.KAMAILIO, "WSS", says="The call of an agent with WebRTC (aiortc) is held, resumed and recorded")
async def test_the_call_of_an_agent_with_webrtc_is_held_resumed_and_recorded(tmp_path: Path) -> None:
    """In G.711, of which recordings are made, though the phone likes Opus better."""
    async with line(tmp_path) as there:
        with await asyncio.to_thread(recording_client, there.service) as client:
            serial = await there.talk(client, with_a_hold=True)
            await asyncio.to_thread(recorded, client, serial)

    assert there.tones() == pytest.approx((CUSTOMER_HZ, AGENT_HZ), abs=10)
    left, right, _ = voices(next((tmp_path / "recordings").rglob("*.wav")))
    assert (left, right) == pytest.approx((AGENT_HZ, CUSTOMER_HZ), abs=10)
    assert "opus" not in "".join(there.agent.offers)
    assert_offers_are_of_one_connection(there.agent.offers)


def assert_offers_are_of_one_connection(offers: list[str]) -> None:
    """Nothing in a later offer makes a browser begin ICE or DTLS anew (RFC 8829 5.10, RFC 8842 5.5)."""
    lines = [offer.splitlines() for offer in offers]
    for name in ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:"):
        assert len({each for offer in lines for each in offer if each.startswith(name)}) == 1, name
    for line in ("a=setup:actpass", "a=rtcp-mux"):
        assert all(line in offer for offer in lines), line


def recording_client(service: Service) -> Client:
    """Of a tenant all of whose calls are recorded."""
    rule = ("--access-code", ACCESS_CODE, "--recording", "always")
    tenant = service.cli("tenant", "create", "recorded", *rule)["tenant_id"]
    app = service.cli("app", "create", "--tenant", tenant)
    return Client.with_token(f"http://{service.http}", app["app_key"], app["app_secret"])
