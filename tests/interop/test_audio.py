"""Two real phones with voices: what one says, the other hears, as soon as both are connected."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from interop.phones import Phone
from interop.scenario import Peer, scenario
from interop.tones import dominant_frequency, tone
from service import ACCESS_CODE, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = scenario(Peer.BARESIP_PYTHON, "UDP")

AGENT, CUSTOMER = "88889050", "88889060"
AGENT_HZ, CUSTOMER_HZ = 440, 1000
HEARD = 1.0
"""Seconds of sound that each must have heard of the other."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Both phones, and the service that connects them."""

    agent: Phone
    customer: Phone
    service: Service
    folder: Path

    async def begin(self) -> tuple[Any, str]:
        """Order the call, and wait until both are connected."""
        client = await asyncio.to_thread(self.service.client)
        serial = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
        assert (await asyncio.to_thread(client.until, serial, state=2))["state"] == 2
        return client, serial

    async def listen(self) -> None:
        """Until each has heard enough of the other."""
        await self.agent.hear_for(HEARD)
        await self.customer.hear_for(HEARD)

    def heard(self) -> tuple[float, float]:
        """The frequency that the agent heard, and the customer."""
        return dominant_frequency(self.folder / "agent.wav"), dominant_frequency(self.folder / "customer.wav")


@asynccontextmanager
async def conversation(folder: Path) -> AsyncIterator[Conversation]:
    """Phones that are picked up after a little ringing, and a service that reaches each by its number."""
    low, high = tone(folder / "low.wav", AGENT_HZ, 1.0), tone(folder / "high.wav", CUSTOMER_HZ, 1.0)
    async with (
        Phone.on_loopback(AGENT, says=low, hears=folder / "agent.wav", answer_after=0.3) as agent,
        Phone.on_loopback(CUSTOMER, says=high, hears=folder / "customer.wav", answer_after=0.3) as customer,
    ):
        trunks = [
            Trunk(f"to-{phone.user}", f"sip:127.0.0.1:{phone.port}", (phone.user,)) for phone in (agent, customer)
        ]
        with await asyncio.to_thread(Service.start, folder, trunks=trunks) as service:
            yield Conversation(agent, customer, service, folder)
            assert service.faults() == []


@pytest.mark.asyncio
@pytest.mark.parametrize(("who", "reason"), [("customer", 0), ("agent", 1)])
async def test_both_hear_each_other_until_one_hangs_up(tmp_path: Path, who: str, reason: int) -> None:
    async with conversation(tmp_path) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.listen()
            await (talk.agent if who == "agent" else talk.customer).hang_up()
            ended = await asyncio.to_thread(client.until, serial, state=3)
            await talk.agent.wait_for("CALL_CLOSED")
            await talk.customer.wait_for("CALL_CLOSED")

    by_agent, by_customer = talk.heard()
    assert ended["reasonCode"] == reason
    assert by_agent == pytest.approx(CUSTOMER_HZ, abs=10)
    assert by_customer == pytest.approx(AGENT_HZ, abs=10)
    for phone in (talk.agent, talk.customer):
        (rung,) = phone.saw("CALL_INCOMING")
        assert f"sip:{ACCESS_CODE}@" in rung.peer
        assert f"sip:{ACCESS_CODE}@" in rung.headers["P-Asserted-Identity"]


@pytest.mark.asyncio
async def test_a_phone_on_hold_is_told_so_and_hears_again_when_it_is_resumed(tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.listen()
            await talk.agent.hold()
            await talk.customer.wait_for("CALL_HOLD")
            await talk.agent.resume()
            await talk.customer.wait_for("CALL_RESUME")
            sound = talk.customer.saw("HEARD")[-1].seconds
            await talk.customer.hear_for(sound + HEARD)
            await talk.customer.hang_up()
            assert (await asyncio.to_thread(client.until, serial, state=3))["reasonCode"] == 0
