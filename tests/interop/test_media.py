"""Real phones through real relays: what is said is heard, before and after the answer, on hold, and recorded."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from interop.phones import Phone
from interop.relays import Rtpengine, rtpengine
from interop.tones import dominant_frequency, tone
from service import Service, Trunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

AGENT, CUSTOMER = "88889050", "88889060"
AGENT_HZ, CUSTOMER_HZ, RINGING_HZ = 440, 1000, 450
HEARD = 1.0
KINDS = ("rtpengine", "rtpio")


@dataclass(frozen=True, slots=True)
class Call:
    """Two phones and a service whose media goes through a relay."""

    agent: Phone
    customer: Phone
    service: Service
    folder: Path
    daemon: Rtpengine | None

    async def begin(self) -> tuple[Any, str]:
        client = await asyncio.to_thread(self.service.client)
        return client, await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)

    def heard(self) -> tuple[float, float]:
        """The frequency that the agent heard, and the customer."""
        return dominant_frequency(self.folder / "agent.wav"), dominant_frequency(self.folder / "customer.wav")


@asynccontextmanager
async def call(folder: Path, kind: str, *, answer_after: float | None = 0.3, more: str = "") -> AsyncIterator[Call]:
    low, high = tone(folder / "low.wav", AGENT_HZ, 1.0), tone(folder / "high.wav", CUSTOMER_HZ, 1.0)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        agent = await enter(Phone.on_loopback(AGENT, says=low, hears=folder / "agent.wav", answer_after=0.1))
        customer = await enter(
            Phone.on_loopback(CUSTOMER, says=high, hears=folder / "customer.wav", answer_after=answer_after)
        )
        daemon = stack.enter_context(rtpengine(folder / "rtpengine")) if kind == "rtpengine" else None
        keys = [f'mode = "{kind}"', *([] if daemon is None else [f'rtpengine = ["127.0.0.1:{daemon.port}"]'])]
        trunks = [
            Trunk(f"to-{phone.user}", f"sip:127.0.0.1:{phone.port}", (phone.user,)) for phone in (agent, customer)
        ]
        config = "\n".join(["[media]", *keys, more])
        service = stack.enter_context(await asyncio.to_thread(Service.start, folder, trunks=trunks, more=config))
        yield Call(agent, customer, service, folder, daemon)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_both_hear_each_other(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.agent.hear_for(HEARD)
            await talk.customer.hear_for(HEARD)
            await talk.customer.hang_up()
            ended = await asyncio.to_thread(client.until, serial, state=3)
            await talk.agent.wait_for("CALL_CLOSED")
        assert talk.service.faults() == []
    by_agent, by_customer = talk.heard()
    assert ended["reasonCode"] == 0
    assert by_agent == pytest.approx(CUSTOMER_HZ, abs=10)
    assert by_customer == pytest.approx(AGENT_HZ, abs=10)
