"""What only a phone of the tests' own can be told, with tones: early media, another codec or another port in mid-call,
digits; through each relay, and without any. Both phones stay, and so does the service; calls come one after the other.
"""

from __future__ import annotations

import struct
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

import witness
from interop.relays import rtpengine
from interop.rtp_voice import HeardPacket, frequency, rhythm
from interop.scenario import Peer, scenario
from interop.tone_phone import TonePhone
from interop.tones import dominant_frequency, write_samples
from patience import eventually
from recording.synthetic import channels
from service import ACCESS_CODE, CREATE_PATH, Client, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

AGENT_HZ, EARLY_HZ, CUSTOMER_HZ = 440, 620, 1000
RELAYS = ("rtpio", "rtpengine")
KINDS = (*RELAYS, "direct")
WAVE_FORMAT_ALAW, PCMA = 6, 8


@dataclass(frozen=True, slots=True)
class Town:
    """Two phones and a service whose calls may have any kind of media, and be recorded where they are asked to be."""

    agent: TonePhone
    customer: TonePhone
    service: Service
    client: Client
    folder: Path

    @contextmanager
    def call(self, kind: str, *, agent: tuple[str, ...], customer: tuple[str, ...], **more: Any) -> Iterator[str]:
        """The serial of a call between phones that take those codecs; it is over when the block is."""
        self.are_set(agent=agent, customer=customer, answers=more.pop("answers", True))
        order = {"caller": self.agent.user, "called": self.customer.user, "media": kind, **more}
        answer = self.client.connection.post("/v1/calls", json=order)
        assert answer.status_code == 201, answer.text
        serial: str = answer.json()["serial"]
        try:
            yield serial
        finally:
            hung_up = self.client.connection.post(f"/v1/calls/{serial}/hangup")
            assert hung_up.status_code < 300, hung_up.text

    def are_set(self, *, agent: tuple[str, ...], customer: tuple[str, ...], answers: bool = True) -> None:
        """How the phones take their next call."""
        self.agent.is_set(*agent, answers=True, hz=AGENT_HZ)
        self.customer.is_set(*customer, answers=answers, hz=CUSTOMER_HZ)
        for name, phone in (("agent", self.agent), ("customer", self.customer)):
            witness.phone(name, phone.story)

    def ends(self, serial: str) -> None:
        """The customer hangs up."""
        self.customer.hang_up()
        assert self.client.until(serial, state=3)["reasonCode"] == 0
        self.agent.wait_for("BYE")

    def recorded(self, serial: str) -> tuple[float, float, float]:
        """The tones in the last half second of the recording, left and right, and its length in seconds."""
        path, found = self.fetched(serial), []
        sides = channels(path)
        for side in sides:
            write_samples(self.folder / "side.wav", side[-4000:])
            found.append(dominant_frequency(self.folder / "side.wav"))
        return found[0], found[1], len(sides[0]) / 8000

    def fetched(self, serial: str) -> Path:
        """The file of the recording, once it is ready."""
        told: dict[str, Any] = {}

        def is_over() -> bool:
            told.update(self.client.connection.get(f"/v1/calls/{serial}/recording").json())
            return told.get("status") in ("ready", "failed")

        assert eventually(is_over, seconds=30)
        assert told["status"] == "ready", told
        path = self.folder / f"{serial}.wav"
        path.write_bytes(self.client.connection.get(told["url"]).raise_for_status().content)
        return path


def client_of(service: Service, *rules: str) -> Client:
    """A client of a new tenant with those options."""
    tenant = service.cli("tenant", "create", "Acme", "--access-code", ACCESS_CODE, *rules)["tenant_id"]
    app = service.cli("app", "create", "--tenant", tenant)
    return Client.with_token(f"http://{service.http}", app["app_key"], app["app_secret"])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with ExitStack() as stack:
        daemon = stack.enter_context(rtpengine(folder / "rtpengine"))
        agent = stack.enter_context(TonePhone.on_loopback("71", hz=AGENT_HZ))
        customer = stack.enter_context(TonePhone.on_loopback("72", hz=CUSTOMER_HZ))
        media = ['[media]\nmode = "rtpio"\ncalls = ["direct", "rtpengine"]\nringback = "GB"']
        media += [f'rtpengine = ["127.0.0.1:{daemon.port}"]', f'rtpengine_captures = "{daemon.captures}"']
        trunks = [Trunk(f"to-{each.user}", f"sip:127.0.0.1:{each.port}", (each.user,)) for each in (agent, customer)]
        service = stack.enter_context(Service.start(folder, trunks=trunks, more="\n".join(media)))
        client = stack.enter_context(client_of(service, "--recording", "on-demand"))
        yield Town(agent, customer, service, client, folder)
        assert service.faults() == []


@scenario(Peer.TONES, "UDP", says="Early media is heard before the answer ({kind})")
@pytest.mark.parametrize("kind", KINDS)
def test_early_media_is_heard_before_the_answer(town: Town, kind: str) -> None:
    with town.call(kind, agent=("PCMA",), customer=("PCMA",), answers=False) as serial:
        town.customer.wait_for("INVITE")
        town.customer.voice.hz = EARLY_HZ
        town.customer.send_early()
        town.agent.hears(EARLY_HZ)
        assert town.client.query(serial)["state"] == 1
        town.customer.voice.hz = CUSTOMER_HZ
        town.customer.answer()
        town.agent.hears(CUSTOMER_HZ)
        town.customer.hears(AGENT_HZ)
        assert town.client.query(serial)["state"] == 2
        town.ends(serial)


@scenario(Peer.TONES, "UDP", says="The ringing tone has its country's rhythm until early media come ({kind})")
@pytest.mark.parametrize("kind", RELAYS)
def test_the_ringing_tone_has_the_rhythm_of_the_country_until_early_media_come(town: Town, kind: str) -> None:
    with town.call(kind, agent=("PCMA",), customer=("PCMA",), answers=False) as serial:
        assert eventually(lambda: len(rhythm(town.agent.packets())) >= 5, seconds=20)
        assert rhythm(town.agent.packets())[:5] == pytest.approx([0.4, 0.2, 0.4, 2.0, 0.4], abs=0.025)
        town.customer.send_early()
        town.agent.hears(CUSTOMER_HZ)
        town.customer.answer()
        assert town.client.until(serial, state=2)["state"] == 2
        town.ends(serial)


@scenario(Peer.TONES, "UDP", says="Each phone changes codec and port by {method} in mid-call ({kind})")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_changes_codec_and_port_in_mid_call_and_the_recording_goes_on(
    town: Town, kind: str, method: str
) -> None:
    both, is_recorded = ("PCMA", "PCMU"), kind in RELAYS
    with town.call(kind, agent=both, customer=both, recording=is_recorded) as serial:
        town.agent.hears(CUSTOMER_HZ)
        town.customer.hears(AGENT_HZ)

        town.customer.voice.hz = 1300
        assert town.customer.reoffer(["PCMU"], moves=True, method=method) == "SIP/2.0 200 OK"
        town.customer.hears(AGENT_HZ, "PCMU", place=1)
        town.agent.hears(1300, "PCMA" if kind == "rtpengine" else "PCMU")  # that one translates

        town.agent.voice.hz = 700
        assert town.agent.reoffer(["PCMU"], moves=True, method=method) == "SIP/2.0 200 OK"
        town.agent.hears(1300, "PCMU", place=1)
        town.customer.hears(700, "PCMU", place=1)
        town.ends(serial)
    if is_recorded:
        left, right, seconds = town.recorded(serial)
        assert left == pytest.approx(700, abs=10)
        assert right == pytest.approx(1300, abs=10)
        assert seconds > 2.0


@scenario(Peer.TONES, "UDP", says="Digits reach the other phone ({kind})")
@pytest.mark.parametrize("kind", KINDS)
def test_digits_reach_the_other_phone(town: Town, kind: str) -> None:
    with town.call(kind, agent=("PCMA",), customer=("PCMA",)) as serial:
        town.agent.hears(CUSTOMER_HZ)
        town.customer.hears(AGENT_HZ)
        press_and_receive(town)
        town.ends(serial)


def press_and_receive(town: Town) -> None:
    """A digit each way, and once more."""
    voices = town.agent.voice, town.customer.voice
    for digits in ("5", "5#"):
        for phone in (town.agent, town.customer):
            phone.press(digits[-1])
        came = eventually(lambda: [each.digits() for each in voices] == [digits, digits])  # noqa: B023 - at once
        assert came, [each.digits() for each in voices]


@scenario(Peer.TONES, "UDP", says="A phone that changes to {codec}, digits at {events} Hz, is translated by rtpengine")
@pytest.mark.parametrize(("codec", "events"), [("G722", [8000]), ("opus", [48000]), ("opus", [48000, 8000])])
def test_a_phone_that_changes_to_another_codec_is_translated(town: Town, codec: str, events: list[int]) -> None:
    """Its echo is what the other phone said: translated there and back."""
    with town.call("rtpengine", agent=("PCMA",), customer=("PCMA", codec)) as serial:
        town.agent.hears(CUSTOMER_HZ)
        assert town.customer.reoffer([codec], events=events) == "SIP/2.0 200 OK"
        town.agent.hears(AGENT_HZ)
        press_and_receive(town)
        assert town.customer.reoffer(["PCMA"]) == "SIP/2.0 200 OK"
        town.agent.hears(CUSTOMER_HZ)
        town.customer.hears(AGENT_HZ)
        town.ends(serial)


@scenario(
    Peer.TONES,
    "UDP",
    says="An agent with {agent} and a customer with {customer} are translated by rtpengine, with digits",
)
@pytest.mark.parametrize(("agent", "customer"), [("G722", "PCMA"), ("PCMA", "opus"), ("opus", "PCMU")])
def test_phones_with_no_codec_in_common_are_translated_with_their_digits(town: Town, agent: str, customer: str) -> None:
    with town.call("rtpengine", agent=(agent,), customer=(customer,)) as serial:
        if agent.startswith("PCM"):
            town.agent.hears(AGENT_HZ, agent)
        else:
            town.customer.hears(CUSTOMER_HZ, customer)
        press_and_receive(town)
        town.ends(serial)


@scenario(Peer.TONES, "UDP", says="The header Recording: on of createCall has the call recorded, here in A-law")
def test_the_recording_header_of_create_call_has_it_recorded_in_a_law(town: Town) -> None:
    with client_of(town.service, "--recording", "on-demand", "--recording-format", "alaw") as client:
        there = replace(town, client=client)
        there.are_set(agent=("PCMU",), customer=("PCMU",))
        order = {"caller": town.agent.user, "called": town.customer.user}
        answer = client.connection.post(CREATE_PATH, json=order, headers={"Recording": "on"}).json()
        assert answer["retCode"] == "0", answer
        serial = answer["result"]["callSerialNo"]
        town.agent.hears(CUSTOMER_HZ, "PCMU")
        town.customer.hears(AGENT_HZ, "PCMU")
        there.ends(serial)
        octets = there.fetched(serial).read_bytes()
    assert (octets[:4], octets[8:16]) == (b"RIFF", b"WAVEfmt ")
    assert struct.unpack_from("<HHIIHH", octets, 20) == (WAVE_FORMAT_ALAW, 2, 8000, 16_000, 2, 8)
    sound = octets[octets.index(b"data") + 8 :][-8000:]
    heard = [frequency([HeardPacket(0.0, 0, PCMA, 0, side)]) for side in (sound[::2], sound[1::2])]
    assert heard == [pytest.approx(AGENT_HZ, abs=10), pytest.approx(CUSTOMER_HZ, abs=10)]
