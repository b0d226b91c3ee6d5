"""The sandbox's phones called by other people's stacks, in real time: sipp, and a baresip phone with a voice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from interop.phones import Phone
from interop.scenario import Peer, scenario
from interop.sipp import Direction, Sipp
from sandbox.served import sandbox

pytestmark = scenario(Peer.BARESIP_PYTHON, "UDP")

SCENARIOS = Path(__file__).parent / "scenarios"


@scenario(Peer.SIPP, "UDP")
@pytest.mark.asyncio
async def test_sipp_calls_a_phone_of_the_sandbox(tmp_path: Path) -> None:
    async with sandbox() as address:
        with Sipp.start(SCENARIOS / "uac_calls.xml", tmp_path, remote=address, calls=5, user="55500200") as uac:
            messages = await asyncio.to_thread(uac.kept)
    received = [message.status for message in messages if message.direction is Direction.RECEIVED]
    assert sorted(status or 0 for status in received) == [180] * 5 + [200] * 10


@scenario(Peer.SIPP, "UDP")
@pytest.mark.asyncio
async def test_sipp_keeps_its_scenario_when_one_packet_in_ten_is_lost(tmp_path: Path) -> None:
    async with sandbox() as address:
        with Sipp.start(
            SCENARIOS / "uac_calls.xml", tmp_path, remote=address, calls=10, user="55500200", lose_percent=10
        ) as uac:
            await asyncio.to_thread(uac.kept, 50)


@pytest.mark.asyncio
async def test_a_real_phone_hears_the_other_end_hang_up() -> None:
    async with sandbox() as (host, port), Phone.on_loopback("88889050") as phone:
        await phone.dial(f"sip:55500002@{host}:{port}")
        await phone.wait_for("CALL_RINGING")
        await phone.wait_for("CALL_ESTABLISHED")
        await phone.wait_for("CALL_CLOSED")


@pytest.mark.asyncio
async def test_a_real_phone_takes_early_media_for_progress() -> None:
    async with sandbox() as (host, port), Phone.on_loopback("88889050") as phone:
        await phone.dial(f"sip:55500183@{host}:{port}")
        await phone.wait_for("CALL_PROGRESS")
        await phone.wait_for("CALL_ESTABLISHED")
        await phone.hang_up()
        await phone.wait_for("CALL_CLOSED")


@pytest.mark.asyncio
async def test_a_real_phone_is_told_busy() -> None:
    async with sandbox() as (host, port), Phone.on_loopback("88889050") as phone:
        await phone.dial(f"sip:55500486@{host}:{port}")
        assert "486" in (await phone.wait_for("CALL_CLOSED")).text


@pytest.mark.asyncio
async def test_a_real_phone_proves_its_password() -> None:
    async with sandbox() as (host, port), Phone.on_loopback("sandbox", password="sandbox") as phone:
        await phone.dial(f"sip:55500407@{host}:{port}")
        await phone.wait_for("CALL_ESTABLISHED")
        await phone.hang_up()
        await phone.wait_for("CALL_CLOSED")
