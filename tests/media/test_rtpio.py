"""The embedded relay: real RTPProxy in a process of its own, asked over a socket pair; real packets on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.calls import SERIAL
from patience import eventually_async, now
from twoleg.adapters.media.relay import RelayForgot, RelayRefused, RelaySilent
from twoleg.adapters.media.rtpio import control as control_module
from twoleg.adapters.media.rtpio.anchor import RtpioAnchor, RtpioRelay
from twoleg.adapters.media.rtpio.control import RtpioControl
from twoleg.adapters.media.rtpio.descriptions import moved_to
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.adapters.media.sounds import ringing_tone
from twoleg.domain.call import Role
from twoleg.sip.sdp import SessionDescription, audio_description

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
OURS = "127.0.0.1"
FIRST_PORT, LAST_PORT = 51_000, 55_000

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]


SERVE = f"""
import asyncio, socket, sys
from twoleg.adapters.media.rtpio.process import EmbeddedRelay, RtpioPlan
async def serve():
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(False)
    await EmbeddedRelay(RtpioPlan("{OURS}", {FIRST_PORT}, {LAST_PORT})).serve(control)
asyncio.run(serve())
"""
"""The relay's process."""


@dataclass(slots=True)
class Running:
    """The relay's process and the engine's end."""

    relay: RtpioRelay
    control: RtpioControl
    theirs: socket.socket
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        number = self.theirs.fileno()
        self.process = subprocess.Popen([sys.executable, "-c", SERVE, str(number)], pass_fds=[number])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with closing(ours), closing(theirs):
        ours.setblocking(False)  # noqa: FBT003 - the library's own way
        theirs.setblocking(False)  # noqa: FBT003 - the library's own way
        control = RtpioControl(ours)
        relay = RtpioRelay(control=control, prompts=Prompts(folder / "prompts"), address=OURS)
        it = Running(relay, control, theirs)
        it.start()
        try:
            assert await answers(control)
            yield it
        finally:
            control.close()
            it.kill()


async def answers(control: RtpioControl) -> bool:
    for _ in range(10):
        try:
            return await control.ask("V") == "20040107"
        except RelaySilent:
            continue
    return False


class Phone:
    """A UDP socket with a description."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((OURS, 0))
        self.socket.setblocking(False)  # noqa: FBT003 - the library's own way
        self.heard = 0

    @property
    def sdp(self) -> bytes:
        port: int = self.socket.getsockname()[1]
        return audio_description(address=OURS, port=port, session_id=1, version=1).encode()

    def send(self, told: bytes, *, first: int, count: int, skip: int = -1, late: int = 0, source: int = 99) -> None:
        """So many packets of A-law silence to where the description says; `source`: their SSRC."""
        audio = SessionDescription.parse(told).audio
        assert audio is not None
        for number in range(first, first + count):
            if number != skip:
                head = struct.pack("!BBHII", 0x80, 8, number, number * 160 + late, source)
                self.socket.sendto(head + b"\xd5" * 160, (OURS, audio.port))

    def count(self) -> int:
        """Packets heard so far."""
        with suppress(BlockingIOError):
            while self.socket.recv(2000):
                self.heard += 1
        return self.heard


@pytest.fixture
def agent() -> Iterator[Phone]:
    phone = Phone()
    yield phone
    phone.socket.close()


@pytest.fixture
def customer() -> Iterator[Phone]:
    phone = Phone()
    yield phone
    phone.socket.close()


STAND_IN = audio_description(address=OURS, port=9, session_id=1, version=1).encode()
"""For a phone that is not there yet."""


async def talking(anchor: RtpioAnchor, agent: Phone, customer: Phone) -> tuple[bytes, bytes]:
    """What the agent and the customer are told, once both are connected."""
    for_agent = await anchor.offer(CUSTOMER, STAND_IN)
    await anchor.answer(AGENT, agent.sdp)
    for_customer = await anchor.offer(AGENT, agent.sdp)
    assert await anchor.answer(CUSTOMER, customer.sdp)
    return for_agent, for_customer


async def test_packets_pass_both_ways_and_are_counted_with_their_losses(
    tmp_path: Path, agent: Phone, customer: Phone
) -> None:
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        for_agent, for_customer = await talking(anchor, agent, customer)
        agent.send(for_agent, first=1, count=50, skip=20)
        customer.send(for_customer, first=1, count=30)
        assert await eventually_async(lambda: (agent.count(), customer.count()) == (30, 49))
        found = await anchor.statistics()
        assert (found[AGENT].packets, found[AGENT].lost) == (49, 1)
        assert (found[CUSTOMER].packets, found[CUSTOMER].lost) == (30, 0)
        await anchor.close()
        with pytest.raises(RelayForgot):
            await anchor.statistics()


@pytest.mark.parametrize("spoke", ["before", "after"])
@pytest.mark.parametrize("role", [AGENT, CUSTOMER])
async def test_a_phone_that_moves_is_followed_whether_or_not_it_spoke_before_its_answer_was_told(
    tmp_path: Path, agent: Phone, customer: Phone, role: Role, spoke: str
) -> None:
    """A first packet is often quicker than its 200 OK. RTPProxy believes only packets from then on, so it follows the
    first one from the new place, which has nothing in common with those before.
    """
    is_early = spoke == "before"
    phones = {AGENT: agent, CUSTOMER: customer}
    phone, other = phones[role], phones[role.other]
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        told = {AGENT: await anchor.offer(CUSTOMER, STAND_IN)}
        if role is AGENT and is_early:
            agent.send(told[AGENT], first=1, count=5)  # lies there until the customer's side is set up
        await anchor.answer(AGENT, agent.sdp)
        told[CUSTOMER] = await anchor.offer(AGENT, agent.sdp)
        if role is CUSTOMER and is_early:
            customer.send(told[CUSTOMER], first=1, count=5)
            assert await eventually_async(lambda: agent.count() == 5)
        await anchor.answer(CUSTOMER, customer.sdp)
        before = other.count()
        phone.send(told[role], first=6, count=5)
        assert await eventually_async(lambda: other.count() >= before + 5)
        with closing((moved := Phone()).socket):
            assert await anchor.offer(role, moved.sdp)
            if is_early:
                before = other.count()
                moved.send(told[role], first=9000, count=1, source=7)
                assert await eventually_async(lambda: other.count() == before + 1)
            other.send(told[role.other], first=1, count=10)
            assert await eventually_async(lambda: moved.count() == 10)
            before = other.count()
            moved.send(told[role], first=9001, count=10, source=7)
            assert await eventually_async(lambda: other.count() == before + 10)
        assert phone.count() == 0


async def test_an_agent_behind_nat_who_moves_is_followed(tmp_path: Path, agent: Phone, customer: Phone) -> None:
    """It listens elsewhere than it says; its first packet at the new place has nothing in common with those before."""
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        with closing((inside := Phone()).socket), closing((moved := Phone()).socket):
            for_agent, for_customer = await talking(anchor, inside, customer)
            agent.send(for_agent, first=1, count=5)
            assert await eventually_async(lambda: customer.count() == 5)
            customer.send(for_customer, first=1, count=5)
            assert await eventually_async(lambda: agent.count() == 5)
            assert await anchor.offer(AGENT, inside.sdp.replace(b"127.0.0.1", b"127.0.0.2"))
            moved.send(for_agent, first=9000, count=5, source=7)
            assert await eventually_async(lambda: customer.count() == 10)
            customer.send(for_customer, first=6, count=5)
            assert await eventually_async(lambda: moved.count() == 5)
            assert inside.count() == 0


async def test_jitter_is_told_in_milliseconds(tmp_path: Path, agent: Phone, customer: Phone) -> None:
    """Every other packet is stamped 18 ms late: in ticks of the clock that would be 144."""
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        for_agent, _ = await talking(anchor, agent, customer)
        began = now()
        for number in range(80):
            agent.send(for_agent, first=number, count=1, late=144 if number % 2 else 0)
            await asyncio.sleep(max(0.0, began + 0.02 * (number + 1) - now()))
        assert await eventually_async(lambda: customer.count() == 80)
        found = await anchor.statistics()
    assert 9 < (found[AGENT].jitter or 0) < 70


async def test_ringing_is_played_to_the_agent_alone_and_stops(tmp_path: Path, agent: Phone, customer: Phone) -> None:
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        await talking(anchor, agent, customer)
        await anchor.play(AGENT, ringing_tone("CN"))
        assert await eventually_async(lambda: agent.count() > 20)
        await anchor.stop_playing(AGENT)
        assert await eventually_async(lambda: _is_quiet(agent))
        assert customer.count() == 0


def _is_quiet(phone: Phone) -> bool:
    before = phone.count()
    return phone.count() == before


async def test_nothing_can_be_played_to_a_phone_without_g711(tmp_path: Path, agent: Phone) -> None:
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        await anchor.offer(CUSTOMER, agent.sdp)
        text = agent.sdp.replace(b"RTP/AVP 8 0 9 101", b"RTP/AVP 9 101")
        await anchor.answer(AGENT, text)
        with pytest.raises(RelayRefused, match=r"takes no G\.711"):
            await anchor.play(AGENT, ringing_tone("CN"))


async def test_what_each_phone_says_is_captured_in_a_file_of_its_own(
    tmp_path: Path, agent: Phone, customer: Phone
) -> None:
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        for_agent, for_customer = await talking(anchor, agent, customer)
        files = await anchor.start_capture(tmp_path)
        agent.send(for_agent, first=1, count=20)
        customer.send(for_customer, first=1, count=10)
        assert await eventually_async(lambda: (agent.count(), customer.count()) == (10, 20))
        await anchor.stop_capture()
        again = await anchor.start_capture(tmp_path)
        agent.send(for_agent, first=50, count=5)
        assert await eventually_async(lambda: customer.count() == 25)
        await anchor.close()
        assert [(file.role, Path(file.path).name) for file in again] == [
            ("agent", "agent-1.rtp"),
            ("customer", "customer-1.rtp"),
            ("agent", "agent-2.rtp"),
            ("customer", "customer-2.rtp"),
        ]
        assert files == again[:2]
        one = (20 + 12 + 160 + 10) * 1  # what RTPProxy keeps of a packet of 172
        assert await eventually_async(lambda: Path(files[0].path).stat().st_size == 20 * one)
        assert await eventually_async(lambda: Path(again[2].path).stat().st_size == 5 * one)


async def test_a_relay_started_anew_knows_no_old_calls_and_heeds_no_old_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: Phone, customer: Phone
) -> None:
    monkeypatch.setattr(control_module, "PATIENCE", 0.3)
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        await talking(anchor, agent, customer)
        it.kill()
        with pytest.raises(RelaySilent):
            await it.relay.anchor(SERIAL + 1).offer(CUSTOMER, customer.sdp)
        it.start()
        assert await answers(it.control)
        with pytest.raises(RelayForgot):
            await anchor.statistics()
        with pytest.raises(RelayForgot):
            await anchor.offer(AGENT, agent.sdp)
        assert "sessions created: 0" in await it.control.ask("Ib")


async def test_a_new_engine_deletes_what_the_old_one_left(tmp_path: Path, agent: Phone, customer: Phone) -> None:
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        await talking(anchor, agent, customer)
        it.relay.forget_all()
        await it.relay.settled()
        with pytest.raises(RelayForgot):
            await anchor.statistics()


async def test_ipv6_and_white_space_in_a_folder_are_refused(tmp_path: Path, agent: Phone, customer: Phone) -> None:
    async with running(tmp_path) as it:
        anchor = it.relay.anchor(SERIAL)
        with pytest.raises(RelayRefused, match="IPv4"):
            await anchor.offer(CUSTOMER, audio_description(address="::1", port=9, session_id=1, version=1).encode())
        await talking(anchor, agent, customer)
        with pytest.raises(RelayRefused, match="white space"):
            await anchor.start_capture(tmp_path / "a b")


async def test_a_description_is_moved_with_all_that_was_about_its_old_place() -> None:
    text = (
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nb=AS:80\r\nt=0 0\r\na=ice-ufrag:x\r\n"
        b"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
        b"m=audio 4000 RTP/AVP 8 101\r\nc=IN IP4 192.0.2.2\r\na=rtcp:4001\r\n"
        b"a=candidate:1 1 udp 1 192.0.2.1 4 typ host\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"
    )
    moved = moved_to(SessionDescription.parse(text), address="198.51.100.1", port=20_000)
    assert moved.encode() == (
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nb=AS:80\r\nt=0 0\r\n"
        b"m=video 0 RTP/AVP 96\r\n"
        b"m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"
    )
