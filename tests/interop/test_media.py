"""Real phones through real relays: what is said is heard, before and after the answer, on hold, and recorded."""

from __future__ import annotations

import asyncio
import os
import signal
import wave
from array import array
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from interop.phones import Phone
from interop.relays import Rtpengine, rtpengine
from interop.scenario import Peer, scenario
from interop.tones import dominant_frequency, last_frequency, tone, write_samples
from patience import eventually, wall_clock_ms
from service import ACCESS_CODE, Client, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, scenario(Peer.BARESIP_PYTHON, "UDP")]

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

    async def begin(self, *, recording: str = "off") -> tuple[Client, str]:
        """A client whose tenant has calls recorded by that rule, and the serial of the call it placed."""
        client = await asyncio.to_thread(self.client, recording)
        return client, await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)

    def client(self, recording: str) -> Client:
        """Of a tenant of its own."""
        rule = ("--access-code", ACCESS_CODE, "--recording", recording)
        tenant = self.service.cli("tenant", "create", "recorded", *rule)["tenant_id"]
        app = self.service.cli("app", "create", "--tenant", tenant)
        return Client.with_token(f"http://{self.service.http}", app["app_key"], app["app_secret"])

    def heard(self) -> tuple[float, float]:
        """The frequency that the agent heard, and the customer; at last: the agent heard the ringing tone before."""
        agent, customer = self.folder / "agent.wav", self.folder / "customer.wav"
        return last_frequency(agent, seconds=0.5), last_frequency(customer, seconds=0.5)


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
        keys = [f'mode = "{kind}"'] if kind else []
        if daemon is not None:
            keys += [f'rtpengine = ["127.0.0.1:{daemon.port}"]', f'rtpengine_captures = "{daemon.captures}"']
        trunks = [
            Trunk(f"to-{phone.user}", f"sip:127.0.0.1:{phone.port}", (phone.user,)) for phone in (agent, customer)
        ]
        config = "\n".join(["[media]", *keys, more])
        service = stack.enter_context(await asyncio.to_thread(Service.start, folder, trunks=trunks, more=config))
        yield Call(agent, customer, service, folder, daemon)


@scenario(Peer.BARESIP_PYTHON, "UDP", says="Both hear each other through {kind}")
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_both_hear_each_other(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.customer.hear_for(HEARD)
            await talk.agent.hear_for(talk.agent.saw("HEARD")[-1].seconds + HEARD)
            await talk.customer.hang_up()
            ended = await asyncio.to_thread(client.until, serial, state=3)
            await talk.agent.wait_for("CALL_CLOSED")
        assert talk.service.faults() == []
    by_agent, by_customer = talk.heard()
    assert ended["reasonCode"] == 0
    assert by_agent == pytest.approx(CUSTOMER_HZ, abs=10)
    assert by_customer == pytest.approx(AGENT_HZ, abs=10)


@scenario(Peer.BARESIP_PYTHON, "UDP", says="The agent hears our ringing tone until the customer answers ({kind})")
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_the_agent_hears_the_ringing_tone_until_the_customer_answers(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind, answer_after=None) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.agent.hear_for(0.8)
            ringing = dominant_frequency(tmp_path / "agent.wav")
            assert (await asyncio.to_thread(client.query, serial))["state"] == 1
            await talk.customer.answer()
            await talk.customer.hear_for(HEARD)
            sound = talk.agent.saw("HEARD")[-1].seconds
            await talk.agent.hear_for(sound + HEARD)
            await talk.customer.hang_up()
            assert (await asyncio.to_thread(client.until, serial, state=3))["reasonCode"] == 0
        assert talk.service.faults() == []
    assert ringing == pytest.approx(RINGING_HZ, abs=10)
    assert last_frequency(tmp_path / "agent.wav", seconds=0.5) == pytest.approx(CUSTOMER_HZ, abs=10)


@scenario(Peer.BARESIP_PYTHON, "UDP", says="The agent hears a greeting, and the customer is called after it ({kind})")
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_greeting_is_heard_before_the_customer_is_called(tmp_path: Path, kind: str) -> None:
    greeting = tone(tmp_path / "greeting.wav", 700, 1.0)
    async with call(tmp_path, kind, answer_after=None, more=f'greeting = "{greeting}"') as talk:
        client, _ = await talk.begin()
        with client:
            await talk.agent.hear_for(0.5)
            assert talk.customer.saw("CALL_INCOMING") == []
            await talk.customer.wait_for("CALL_INCOMING")
        assert dominant_frequency(tmp_path / "agent.wav") == pytest.approx(700, abs=10)
        assert talk.service.faults() == []


@scenario(Peer.BARESIP_PYTHON, "UDP", says="Hold, resume and digits pass through {kind}")
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_hold_and_resume_pass_through_the_relay_and_digits_too(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.customer.hear_for(HEARD)
            await talk.agent.hold()
            await talk.customer.wait_for("CALL_HOLD")
            await talk.agent.resume()
            await talk.customer.wait_for("CALL_RESUME")
            sound = talk.customer.saw("HEARD")[-1].seconds
            await talk.customer.hear_for(sound + HEARD)
            await talk.agent.press("5")
            digit = await talk.customer.wait_for("CALL_DTMF_START")
            await talk.customer.hang_up()
            assert (await asyncio.to_thread(client.until, serial, state=3))["reasonCode"] == 0
        assert talk.service.faults() == []
    assert digit.text == "5"
    assert last_frequency(tmp_path / "customer.wav", seconds=0.5) == pytest.approx(AGENT_HZ, abs=10)


@scenario(Peer.BARESIP_PYTHON, "UDP", says="Calls of a {kind} that is killed end with 1004")
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_relay_that_is_killed_ends_its_calls_with_1004_keeps_what_was_heard_and_costs_new_calls_nothing(
    tmp_path: Path, kind: str
) -> None:
    """Killed in mid-recording. rtpengine has the embedded relay to fall back to; that one is started anew.

    Looks are a second apart here, so that it is found out in some five; by default in some fourteen.
    """
    fallback = 'fallback = ["rtpio"]' if kind == "rtpengine" else ""
    async with call(tmp_path, kind, more=f"silent_after = 1\n{fallback}") as talk:
        client, serial = await talk.begin(recording="always")
        with client:
            await talk.customer.hear_for(HEARD)
            await talk.agent.hear_for(HEARD)
            killed_at = wall_clock_ms()
            if talk.daemon is not None:
                talk.daemon.kill()
            else:
                os.kill(talk.service.child("media"), signal.SIGKILL)
            ended = await asyncio.to_thread(client.until, serial, state=3, seconds=30)
            await talk.agent.wait_for("CALL_CLOSED")
            await talk.customer.wait_for("CALL_CLOSED")
            assert ended["reasonCode"] == 1004
            assert ended["endTime"] - killed_at < 30_000
            recording = await asyncio.to_thread(recorded, client, serial)
            assert recording["beganAt"] + recording["durationMs"] > killed_at - 1000
            left, right, _ = voices(next((tmp_path / "recordings").rglob("*.wav")))
            assert left == pytest.approx(AGENT_HZ, abs=10)
            assert right == pytest.approx(CUSTOMER_HZ, abs=10)

            again = await asyncio.to_thread(client.create_call, AGENT, CUSTOMER)
            await talk.customer.wait_for("CALL_ESTABLISHED", nth=2)
            sound = talk.customer.saw("HEARD")[-1].seconds
            await talk.customer.hear_for(sound + HEARD)
            await talk.customer.hang_up()
            assert (await asyncio.to_thread(client.until, again, state=3))["reasonCode"] == 0


def recorded(client: Client, serial: str) -> dict[str, Any]:
    """The call's recording, once it is ready."""
    found: dict[str, Any] = {}

    def is_ready() -> bool:
        found.update(client.connection.get(f"/v1/calls/{serial}/recording").json())
        return bool(found["status"] in {"ready", "failed"})

    assert eventually(is_ready, seconds=30)
    assert found["status"] == "ready", found
    return found


@pytest.mark.asyncio
async def test_without_any_relay_a_call_ends_with_1004_or_goes_direct_where_that_is_allowed(tmp_path: Path) -> None:
    nobody = 'mode = "rtpengine"\nrtpengine = ["127.0.0.1:9"]'
    for number, (more, reason) in enumerate((("", 1004), ('fallback = ["direct"]', 0))):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with call(folder, "", more=f"{nobody}\n{more}") as talk:
            client, serial = await talk.begin()
            with client:
                if reason == 0:
                    await talk.customer.hear_for(0.3)
                    await talk.customer.hang_up()
                ended = await asyncio.to_thread(client.until, serial, state=3)
            assert ended["reasonCode"] == reason
            assert talk.service.faults() == []


@pytest.mark.asyncio
async def test_a_daemon_that_is_gone_costs_new_calls_nothing_while_another_answers(tmp_path: Path) -> None:
    with rtpengine(tmp_path / "other") as other:
        daemons = f'mode = "rtpengine"\nrtpengine = ["127.0.0.1:9", "127.0.0.1:{other.port}"]'
        async with call(tmp_path, "", more=daemons) as talk:
            client, serial = await talk.begin()
            with client:
                await talk.customer.hear_for(0.3)
                await talk.customer.hang_up()
                assert (await asyncio.to_thread(client.until, serial, state=3))["reasonCode"] == 0
            assert talk.service.faults() == []


def voices(file: Path) -> tuple[float, float, float]:
    """Of a stereo recording: the frequency on the left, on the right, and its length in seconds."""
    with wave.open(str(file), "rb") as recording:
        assert (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (2, 2, 8000)
        samples = array("h", recording.readframes(recording.getnframes()))
    found = []
    for side, name in ((0, "left.wav"), (1, "right.wav")):
        write_samples(file.with_name(name), samples[side::2])
        found.append(dominant_frequency(file.with_name(name)))
    return found[0], found[1], len(samples) / 2 / 8000


@scenario(
    Peer.BARESIP_PYTHON, "UDP", says="A call through {kind} is recorded: agent left, customer right, also after a hold"
)
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_recorded_call_becomes_a_stereo_file_agent_left_customer_right(tmp_path: Path, kind: str) -> None:
    async with call(tmp_path, kind) as talk:
        client, serial = await talk.begin(recording="always")
        with client:
            await talk.agent.hear_for(2.0)
            await talk.customer.hear_for(2.0)
            await talk.agent.hold()
            await talk.customer.wait_for("CALL_HOLD")
            await talk.agent.resume()
            await talk.customer.wait_for("CALL_RESUME")
            await talk.customer.hang_up()
            await asyncio.to_thread(client.until, serial, state=3)
            files: list[Path] = []

            def is_there() -> bool:
                files[:] = (tmp_path / "recordings").rglob("*.wav")
                return bool(files)

            assert await asyncio.to_thread(eventually, is_there, seconds=20)
        assert talk.service.faults() == []
    (file,) = files
    left, right, seconds = voices(file)
    assert left == pytest.approx(AGENT_HZ, abs=10)
    assert right == pytest.approx(CUSTOMER_HZ, abs=10)
    assert seconds > 2.0


@scenario(Peer.BARESIP_PYTHON, "UDP", says="How well each was heard is a fact of the call")
@pytest.mark.asyncio
async def test_how_well_each_was_heard_is_a_fact_of_the_call(tmp_path: Path) -> None:
    async with call(tmp_path, "rtpio") as talk:
        client, serial = await talk.begin()
        with client:
            await talk.agent.hear_for(HEARD)
            await talk.customer.hang_up()
            await asyncio.to_thread(client.until, serial, state=3)
            told = await asyncio.to_thread(with_quality, client, serial)
        found = talk.service.cli("status", serial)
    for leg in ("agent", "customer"):
        quality = told[leg]["quality"]
        assert quality["packets"] > 30
        assert quality["loss"] < 2
        assert quality["jitter"] < 50
        assert quality["mos"] > 4.0
        assert quality["wasSilent"] is False
        assert found[leg]["quality"]["packets"] == quality["packets"]
        assert found[leg]["quality"]["mos"] == quality["mos"]


def with_quality(client: Client, serial: str) -> dict[str, Any]:
    """The ended call, once what its relay knew of it is stored."""
    found: dict[str, Any] = {}

    def is_told() -> bool:
        found.update(client.connection.get(f"/v1/calls/{serial}").json())
        return "quality" in found["agent"]

    assert eventually(is_told)
    return found


@pytest.mark.asyncio
async def test_a_phone_that_falls_silent_is_told_and_a_call_without_any_audio_ends(tmp_path: Path) -> None:
    """Of one phone: an event, until it is heard again. Of both: the end of the call, for so it is configured here."""
    more = "silent_after = 1\nhang_up_after_silence = 2"
    async with call(tmp_path, "rtpengine", more=more) as talk:
        client, serial = await talk.begin()
        with client:
            await talk.agent.hear_for(HEARD)
            with talk.customer.frozen():
                assert await asyncio.to_thread(eventually, lambda: silences(client, serial) == ["silent customer"])
            heard = ["silent customer", "heard customer"]
            assert await asyncio.to_thread(eventually, lambda: silences(client, serial) == heard)
            with talk.customer.frozen(), talk.agent.frozen():
                ended = await asyncio.to_thread(client.until, serial, state=3)
            told = await asyncio.to_thread(with_quality, client, serial)
            why = client.connection.get(f"/v1/calls/{serial}/explain").json()
            assert set(silences(client, serial)[2:]) == {"silent agent", "silent customer"}
    assert ended["reasonCode"] == 1004
    assert (told["agent"]["quality"]["wasSilent"], told["customer"]["quality"]["wasSilent"]) == (True, True)
    evidence = [(each["fact"], each.get("leg")) for each in why["evidence"]]
    assert evidence.count(("silent", "customer")) == 2
    assert "no audio from either phone for 2 s" in [each["text"] for each in why["evidence"]]


def silences(client: Client, serial: str) -> list[str]:
    """What the call's events say of them, in order."""
    told = client.connection.get(f"/v1/calls/{serial}/events").json()["events"]
    found = [(event["type"].removeprefix("twoleg.leg."), event["data"].get("leg")) for event in told]
    return [f"{what} {leg}" for what, leg in found if what in ("silent", "heard")]
