"""Every codec through every kind of media, heard by phones that have no other; and what only rtpengine can: translate,
and encrypt one leg."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from interop.debian_phone import G711, G722, OPUS, PCMA, PCMU, DebianCodec, DebianPhone, free_pair
from interop.relays import Rtpengine, rtpengine
from interop.scenario import Peer, scenario
from interop.sipp import LOOPBACK
from interop.tones import dominant_frequency
from patience import eventually
from service import Client, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

AGENT_HZ, CUSTOMER_HZ = 440, 1000
ENOUGH = 1.0
"""Seconds that each must have recorded of the other."""
A_VOICE = 20_000
"""Bits a second: more is no silence, in any of these codecs."""
PATIENCE = 45.0
"""Seconds: generous, for eight phones on a busy machine; a call takes two."""
CODECS = {"PCMA": PCMA, "PCMU": PCMU, "G.722": G722, "Opus": OPUS}


@dataclass(frozen=True, slots=True)
class Pair:
    """An agent's phone and a customer's, which have one codec and no other."""

    agent: DebianPhone
    customer: DebianPhone


@dataclass(frozen=True, slots=True)
class Town:
    """A pair for each codec, and a service whose calls may have any kind of media."""

    pairs: dict[str, Pair]
    service: Service
    client: Client
    daemon: Rtpengine

    def went_by_the_daemon(self, serials: Sequence[str]) -> list[bool]:
        """Whether the media of those calls did."""
        log = self.daemon.log()
        return [f"twoleg-{serial}]" in log for serial in serials]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Started once: eight phones, a daemon, a service."""
    folder = tmp_path_factory.mktemp("town")
    with ExitStack() as stack:
        daemon = stack.enter_context(rtpengine(folder / "rtpengine"))
        pairs = {name: _pair(stack, folder, number, codec) for number, (name, codec) in enumerate(CODECS.items())}
        phones = [phone for pair in pairs.values() for phone in (pair.agent, pair.customer)]
        media = f'[media]\nmode = "rtpio"\ncalls = ["direct", "rtpengine"]\nrtpengine = ["{LOOPBACK}:{daemon.port}"]'
        service = stack.enter_context(Service.start(folder, trunks=[_trunk(phone) for phone in phones], more=media))
        client = stack.enter_context(service.client())
        yield Town(pairs, service, client, daemon)
        assert service.faults() == []


def _pair(stack: ExitStack, folder: Path, number: int, codec: DebianCodec) -> Pair:
    agent, customer = (
        stack.enter_context(DebianPhone.on_loopback(folder / f"{user}", user, hz=hz, codec=codec, port=free_pair()))
        for user, hz in ((f"7{number}1", AGENT_HZ), (f"7{number}2", CUSTOMER_HZ))
    )
    return Pair(agent, customer)


def _trunk(phone: DebianPhone) -> Trunk:
    return Trunk(f"to-{phone.user}", f"sip:{LOOPBACK}:{phone.port}", (phone.user,))


def place(client: Client, pair: Pair, mode: str) -> str:
    """The serial of a call with that kind of media."""
    order = {"caller": pair.agent.user, "called": pair.customer.user, "media": mode}
    answer = client.connection.post("/v1/calls", json=order)
    assert answer.status_code == 201, answer.text
    serial: str = answer.json()["serial"]
    return serial


class Ear:
    """What a phone hears from now on, in one call more."""

    def __init__(self, phone: DebianPhone, hz: float) -> None:
        """`hz`: what it should hear."""
        self._phone, self._hz = phone, hz
        self._files, self._seconds, self._counts = phone.recordings(), phone.recorded(), len(phone.counts())
        self._ended = len(phone.events("CALL_CLOSED"))

    def records(self) -> None:
        """Wait until it recorded enough."""
        heard = eventually(lambda: self._phone.recorded() - self._seconds >= ENOUGH, seconds=PATIENCE)
        assert heard, self._phone.report()

    def counts(self, bits: int) -> None:
        """Wait until it counts that many bits a second, three times in a row."""

        def lately() -> list[int]:
            return self._phone.counts()[self._counts :][-3:]

        heard = eventually(lambda: len(lately()) == 3 and min(lately()) > bits, seconds=PATIENCE)
        assert heard, self._phone.report()

    def is_over(self) -> None:
        """Wait until the call is over for the phone: it has one line."""
        self._phone.wait_for("CALL_CLOSED", nth=self._ended + 1, seconds=PATIENCE)

    def recorded_the_right_tone(self) -> None:
        """Look at what it recorded."""
        (file,) = self._phone.recordings() - self._files
        assert dominant_frequency(file) == pytest.approx(self._hz, abs=10), self._phone.user


def talk(client: Client, calls: Sequence[tuple[Pair, str]], *, agent_records: bool = True) -> list[str]:
    """Place those calls at once; when both phones of each heard enough, customers hang up, and tones are looked at.

    Answers their serials.

    `agent_records`: what an agent's phone counts has to do where its recorder was put to an end by a hold.
    """
    agents = [Ear(pair.agent, pair.customer.hz) for pair, _ in calls]
    customers = [Ear(pair.customer, pair.agent.hz) for pair, _ in calls]
    serials = [place(client, pair, mode) for pair, mode in calls]
    for ear in customers:
        ear.records()
    for ear in agents:
        if agent_records:
            ear.records()
        else:
            ear.counts(A_VOICE)
    for (pair, _), serial in zip(calls, serials, strict=True):
        pair.customer.tell("hangup")
        assert client.until(serial, state=3, seconds=PATIENCE)["reasonCode"] == 0
    for ear in (*agents, *customers):
        ear.is_over()
    for ear in (*customers, *(agents if agent_records else ())):
        ear.recorded_the_right_tone()
    return serials


@scenario(Peer.DEBIAN_BARESIP, "UDP", says="PCMA, PCMU, G.722 and Opus are heard both ways through {mode}")
@pytest.mark.parametrize("mode", ["rtpio", "rtpengine"])
def test_each_codec_is_heard_both_ways_through_a_relay(town: Town, mode: str) -> None:
    serials = talk(town.client, [(pair, mode) for pair in town.pairs.values()])
    assert town.went_by_the_daemon(serials) == [mode == "rtpengine"] * len(serials)


@scenario(Peer.DEBIAN_BARESIP, "UDP", says="PCMA, PCMU, G.722 and Opus are heard both ways without a relay")
def test_each_codec_is_heard_both_ways_without_a_relay(town: Town) -> None:
    """Twice, for each phone is the customer's once: the recorder of an agent's phone ends with the silent offer."""
    there = list(town.pairs.values())
    serials = talk(town.client, [(pair, "direct") for pair in there], agent_records=False)
    assert town.went_by_the_daemon(serials) == [False] * len(serials)
    talk(town.client, [(Pair(pair.customer, pair.agent), "direct") for pair in there], agent_records=False)


@scenario(Peer.DEBIAN_BARESIP, "UDP", says="G.722 and Opus are translated by rtpengine for phones that have G.711 only")
def test_what_phones_have_not_in_common_is_translated(town: Town) -> None:
    pairs = town.pairs
    talk(
        town.client,
        [
            (Pair(pairs["G.722"].agent, pairs["PCMA"].customer), "rtpengine"),
            (Pair(pairs["Opus"].agent, pairs["PCMU"].customer), "rtpengine"),
            (Pair(pairs["PCMA"].agent, pairs["Opus"].customer), "rtpengine"),
        ],
    )


@contextmanager
def one_pair(folder: Path, *, secure: str) -> Iterator[tuple[Pair, Client]]:
    """A pair of which one has SRTP and nothing else, and a service that knows it."""
    media = {secure: ("srtp mediaenc=srtp-mand",)}
    with (
        rtpengine(folder / "rtpengine") as daemon,
        DebianPhone.on_loopback(folder / "agent", "71", hz=AGENT_HZ, codec=G711, media=media.get("agent", ())) as agent,
        DebianPhone.on_loopback(
            folder / "customer", "72", hz=CUSTOMER_HZ, codec=G711, media=media.get("customer", ())
        ) as customer,
    ):
        more = f'[media]\nmode = "rtpengine"\nrtpengine = ["{LOOPBACK}:{daemon.port}"]\n{secure}_transport = "srtp"'
        trunks = [_trunk(agent), _trunk(customer)]
        with Service.start(folder, trunks=trunks, more=more) as service, service.client() as client:
            yield Pair(agent, customer), client
            assert service.faults() == []


@scenario(
    Peer.DEBIAN_BARESIP,
    "UDP",
    says="SRTP with SDES keys on the {secure}'s leg, RTP on the other: heard, also after a hold",
)
@pytest.mark.parametrize("secure", ["agent", "customer"])
def test_one_leg_is_encrypted_and_the_other_is_not(tmp_path: Path, secure: str) -> None:
    with one_pair(tmp_path, secure=secure) as (pair, client):
        serial = client.create_call(pair.agent.user, pair.customer.user)
        for phone in (pair.agent, pair.customer):
            assert eventually(lambda: phone.recorded() >= ENOUGH, seconds=PATIENCE), phone.report()  # noqa: B023 - at once
        holding = pair.agent if secure == "agent" else pair.customer
        holding.tell("hold")
        other = pair.customer if secure == "agent" else pair.agent
        other.wait_for("CALL_REMOTE_SDP", nth=2, seconds=PATIENCE)
        holding.tell("resume")
        other.wait_for("CALL_REMOTE_SDP", nth=3, seconds=PATIENCE)
        for phone in (pair.agent, pair.customer):
            Ear(phone, 0).counts(A_VOICE)  # and so it could be decrypted
        pair.customer.tell("hangup")
        assert client.until(serial, state=3, seconds=PATIENCE)["reasonCode"] == 0
        pair.agent.wait_for("CALL_CLOSED", seconds=PATIENCE)
        pair.customer.wait_for("CALL_CLOSED", seconds=PATIENCE)
        assert pair.agent.heard() == pytest.approx(CUSTOMER_HZ, abs=10)
        assert pair.customer.heard() == pytest.approx(AGENT_HZ, abs=10)
        for phone in (pair.agent, pair.customer):
            assert "failed to decrypt" not in (phone.folder / "log.txt").read_text(errors="replace")
        keyed = "\n".join(str(each) for each in holding.said())
        assert "CALL_MENC" in keyed
