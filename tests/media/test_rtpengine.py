"""A real rtpengine: what it makes of offers for SRTP and WebRTC legs, how it translates codecs, what it records."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path

import pytest

from domain.calls import SERIAL
from interop.relays import Rtpengine, rtpengine
from media.rtcp import ReportingPhone
from patience import eventually_async, now
from twoleg.adapters.media.codecs import takes
from twoleg.adapters.media.relay import RelayForgot
from twoleg.adapters.media.rtpengine.anchor import LegTransports, RtpengineAnchor, Transport
from twoleg.adapters.media.rtpengine.ng import NgClient
from twoleg.adapters.media.sounds import ringing_tone
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics, quality_of
from twoleg.sip.sdp import Codec, SessionDescription, audio_description

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
HOST = "127.0.0.1"
NOTHING = StreamStatistics(packets=0)
PCMA, PCMU = Codec(8, "PCMA", 8000), Codec(0, "PCMU", 8000)
TAGS = count()
"""A daemon repeats its answer to a cookie that it knows: no two clients may use the same ones."""
STAND_IN = audio_description(address=HOST, port=9, session_id=1, version=0).encode()

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rtpengine]:
    with rtpengine(tmp_path_factory.mktemp("rtpengine")) as running:
        yield running


@asynccontextmanager
async def anchored(daemon: Rtpengine, transports: LegTransports) -> AsyncIterator[RtpengineAnchor]:
    ng = NgClient(host=HOST, port=daemon.port, tag=f"{next(TAGS)}-")
    await ng.connect()
    anchor = RtpengineAnchor(serial=SERIAL, ng=ng, transports=transports, captures=daemon.captures)
    try:
        yield anchor
        await anchor.close()
        with pytest.raises(RelayForgot):
            await anchor.statistics()
    finally:
        ng.close()


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    for _ in Role:
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.bind((HOST, 0))
        each.setblocking(False)  # noqa: FBT003 - the library's own way
        opened.append(each)
    yield opened
    for each in opened:
        each.close()


def sdp(phone: socket.socket, *codecs: Codec) -> bytes:
    port: int = phone.getsockname()[1]
    return audio_description(address=HOST, port=port, session_id=2, version=1, codecs=codecs).encode()


def port_in(told: bytes) -> int:
    audio = SessionDescription.parse(told).audio
    assert audio is not None
    return audio.port


def say(phone: socket.socket, told: bytes, payload: int, *, first: int = 0, packets: int) -> None:
    for number in range(first, first + packets):
        head = struct.pack("!BBHII", 0x80, payload, number, number * 160, 77)
        phone.sendto(head + bytes([0xD5]) * 160, (HOST, port_in(told)))


def payloads(phone: socket.socket) -> list[int]:
    """The payload types of all packets that came since the last time."""
    found = []
    try:
        while True:
            found.append(phone.recv(2000)[1] & 0x7F)
    except BlockingIOError:
        return found


async def test_a_customer_leg_with_srtp_is_offered_keys_and_the_agent_none(
    daemon: Rtpengine, sockets: list[socket.socket]
) -> None:
    async with anchored(daemon, LegTransports(customer=Transport.SRTP)) as anchor:
        for_agent = await anchor.offer(CUSTOMER, STAND_IN)
        await anchor.answer(AGENT, sdp(sockets[0], PCMA))
        for_customer = await anchor.offer(AGENT, sdp(sockets[0], PCMA))
    assert b" RTP/AVP " in for_agent
    assert b"a=crypto" not in for_agent
    assert b" RTP/SAVP " in for_customer
    assert b" AES_CM_128_HMAC_SHA1_80 inline:" in for_customer
    suites = [line.split()[1] for line in for_customer.decode().splitlines() if line.startswith("a=crypto:")]
    assert [suite for suite in suites if suite.startswith(("NULL", "F8"))] == []
    keys = [line.split("inline:")[1] for line in for_customer.decode().splitlines() if line.startswith("a=crypto:")]
    assert [key for key in keys if len(key) % 4] == []  # base64 with its padding: some phones need it


async def test_a_browser_agent_is_offered_dtls_ice_and_one_port(
    daemon: Rtpengine, sockets: list[socket.socket]
) -> None:
    async with anchored(daemon, LegTransports(agent=Transport.WEBRTC)) as anchor:
        for_agent = await anchor.offer(CUSTOMER, STAND_IN)
    assert sockets
    assert b" UDP/TLS/RTP/SAVPF " in for_agent
    for attribute in (b"a=fingerprint:", b"a=ice-ufrag:", b"a=candidate:", b"a=rtcp-mux", b"a=setup:"):
        assert attribute in for_agent, attribute


async def test_codecs_are_translated_where_the_phones_have_none_in_common(
    daemon: Rtpengine, sockets: list[socket.socket]
) -> None:
    agent, customer = sockets
    async with anchored(daemon, LegTransports()) as anchor:
        for_agent = await anchor.offer(CUSTOMER, STAND_IN)
        await anchor.answer(AGENT, sdp(agent, PCMA))
        for_customer = await anchor.offer(AGENT, sdp(agent, PCMA))
        assert takes(SessionDescription.parse(for_customer), "pcmu")
        news = await anchor.answer(CUSTOMER, sdp(customer, PCMU))
        assert takes(SessionDescription.parse(news), "pcma")  # so the agent needs no re-INVITE
        heard: list[int] = []
        numbers = count()

        def is_heard() -> bool:
            say(agent, for_agent, 8, first=next(numbers), packets=1)
            heard.extend(payloads(customer))
            return len(heard) > 10

        assert await eventually_async(is_heard)
    assert set(heard) == {0}


async def test_ringing_is_played_to_the_agent_alone_and_stopped(
    daemon: Rtpengine, sockets: list[socket.socket]
) -> None:
    agent, customer = sockets
    async with anchored(daemon, LegTransports()) as anchor:
        await anchor.offer(CUSTOMER, STAND_IN)
        await anchor.answer(AGENT, sdp(agent, PCMA))
        await anchor.stop_playing(AGENT)  # harmless
        await anchor.play(AGENT, ringing_tone("CN"))
        assert await eventually_async(lambda: bool(payloads(agent)))
        await anchor.stop_playing(AGENT)
        assert payloads(customer) == []


async def test_what_both_say_is_recorded_at_ports_that_the_note_names(
    daemon: Rtpengine, sockets: list[socket.socket], tmp_path: Path
) -> None:
    agent, customer = sockets
    async with anchored(daemon, LegTransports()) as anchor:
        for_agent = await anchor.offer(CUSTOMER, STAND_IN)
        await anchor.answer(AGENT, sdp(agent, PCMA))
        for_customer = await anchor.offer(AGENT, sdp(agent, PCMA))
        await anchor.answer(CUSTOMER, sdp(customer, PCMA))
        (file,) = await anchor.start_capture(tmp_path)
        assert (file.agent_ports, file.customer_ports) == ((port_in(for_agent),), (port_in(for_customer),))
        say(agent, for_agent, 8, packets=20)

        heard: list[int] = []

        def all_heard() -> bool:
            heard.extend(payloads(customer))
            return len(heard) == 20

        assert await eventually_async(all_heard)
        assert (await anchor.statistics())[AGENT].packets == 20
    pattern = Path(file.path)
    (written,) = pattern.parent.glob(pattern.name)
    assert written.stat().st_size > 20 * 172


async def test_what_each_phone_reports_in_rtcp_is_told_of_the_other(daemon: Rtpengine) -> None:
    """The agent loses a tenth on its way to the customer and jitters by 10 ms; what the customer says comes well.

    Codecs are added to every offer, and chosen by nobody: the reports of such calls have to be understood too.
    """
    agent = ReportingPhone.new(ssrc=0x1111, loss=0, jitter=16, far=0.02)
    customer = ReportingPhone.new(ssrc=0x2222, loss=26, jitter=80, far=0.03)
    with closing(agent), closing(customer):
        async with anchored(daemon, LegTransports()) as anchor:
            agent.aim(await anchor.offer(CUSTOMER, STAND_IN))
            await anchor.answer(AGENT, agent.sdp)
            customer.aim(await anchor.offer(AGENT, agent.sdp))
            await anchor.answer(CUSTOMER, customer.sdp)
            found: Mapping[Role, StreamStatistics] = {}
            give_up = now() + 10
            while now() < give_up and not all(found.get(role, NOTHING).round_trip for role in Role):
                for phone in (agent, customer):
                    for _ in range(5):
                        phone.say()
                    phone.report()
                await asyncio.sleep(0.1)
                for phone in (agent, customer):
                    phone.listen()
                found = await anchor.statistics()
    assert (found[AGENT].loss, found[AGENT].jitter) == (10.0, 10.0)
    assert (found[CUSTOMER].loss, found[CUSTOMER].jitter) == (0.0, 2.0)
    for role in Role:
        assert found[role].packets >= 5
        assert 50 <= (found[role].round_trip or 0) < 500
    assert quality_of(found[AGENT], was_silent=False).mos == pytest.approx(1.4, abs=0.2)
    assert quality_of(found[CUSTOMER], was_silent=False).mos == pytest.approx(4.35, abs=0.15)
