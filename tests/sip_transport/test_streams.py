"""TCP over real sockets: connections kept, made, found again and bounded, on a clock that the test turns."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvloop

from driven_loop import drive
from sip_transport.cores import LOOPBACK, PeerSocket, ScriptedCore, dead_peer
from sip_transport.lines import Exchange, Line, Post, ask, listening, post, reply, until
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.connection import StreamLimits
from twoleg.sip_transport.flood import Flood, FloodLimit
from twoleg.sip_transport.listener import Accepting, Listener
from twoleg.sip_transport.shell import Shell


@asynccontextmanager
async def exchange(host: str = LOOPBACK) -> AsyncIterator[Exchange]:
    other = Exchange()
    await other.open(host=host)
    try:
        yield other
    finally:
        await other.close()


@asynccontextmanager
async def line_to(here: Post) -> AsyncIterator[Line]:
    line = await Line.to(here.tcp)
    try:
        yield line
    finally:
        await line.close()


def answer_all(here: Post) -> None:
    """The core answers every message with 200."""
    here.core.on_receive = lambda data, source: here.core.output.append(
        Transmit(data.replace(b"OPTIONS sip:x@127.0.0.1 SIP/2.0", b"SIP/2.0 200 OK"), source)
    )


# ---------------------------------------------------------------------- both ways over one connection


async def _a_call_out() -> None:
    async with post() as here, exchange() as other:
        here.send(ask(1), other.peer)
        here.send(ask(2), other.peer)
        line = await other.taken.get()
        await line.hear(ask(1) + ask(2))
        line.say(reply(1))
        await until(here.heard)
        assert here.core.heard[0][:2] == (reply(1), other.peer)
        here.send(ask(3), other.peer)
        await line.hear(ask(3))
        line.say(ask(9))  # the other end may send requests of its own the same way
        await until(lambda: len(here.heard()) == 2)
        assert (other.count, here.shell.counters.connections_made) == (1, 1)


def test_one_connection_serves_every_message_to_a_peer_and_from_it() -> None:
    drive(_a_call_out())


def test_the_same_on_uvloop() -> None:
    uvloop.run(_a_call_out())


async def _answers_go_back() -> None:
    async with post() as here:
        answer_all(here)
        async with line_to(here) as one, line_to(here) as another:
            one.say(ask(1))
            another.say(ask(2))
            await one.hear(reply(1))
            await another.hear(reply(2))
            sources = {source for _, source, _ in here.core.heard}
            assert sources == {Peer("tcp", *one.here), Peer("tcp", *another.here)}


def test_responses_go_back_over_the_connection_of_their_request() -> None:
    drive(_answers_go_back())


def test_and_on_uvloop() -> None:
    uvloop.run(_answers_go_back())


def test_ipv6_is_like_ipv4() -> None:
    async def story() -> None:
        async with post(host="::1") as here, exchange("::1") as other:
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            await line.hear(ask(1))
            back = await Line.to(here.tcp)
            back.say(ask(2))
            await until(here.heard)
            assert here.core.heard[0][1] == Peer("tcp", *back.here)
            await back.close()

    drive(story())


def test_udp_and_tcp_share_one_core() -> None:
    async def story() -> None:
        async with post() as here:
            shell: Shell[ScriptedCore] = here.shell
            assert shell.local == here.udp
            answer_all(here)
            with PeerSocket() as by_udp:
                async with line_to(here) as by_tcp:
                    by_udp.send(ask(1), here.udp)
                    by_tcp.say(ask(2))
                    assert await by_udp.receive() == reply(1)
                    await by_tcp.hear(reply(2))

    drive(story())


def test_a_peer_of_a_kind_that_we_have_no_address_for_is_unreachable() -> None:
    async def story() -> None:
        async with post() as here:
            peers = [Peer("udp", "::1", 5060), Peer("sctp", LOOPBACK, 5060), Peer("tls", LOOPBACK, 5061)]
            peers.append(Peer("tcp", "a.name.that.is.not.looked.up", 5060))
            for peer in peers:
                here.send(ask(), peer)
            await until(lambda: len(here.core.failed) == 4)
            assert set(here.core.failed) == set(peers)

    drive(story())


def test_connections_of_ours_come_from_the_address_that_we_listen_on() -> None:
    async def story() -> None:
        async with post(host="127.0.0.3") as here, exchange() as other:
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            assert line.writer.get_extra_info("peername")[0] == "127.0.0.3"

    drive(story())


# ---------------------------------------------------------------------- connections that are not there


def test_a_refused_connection_makes_its_peer_unreachable_and_the_next_message_tries_again() -> None:
    async def story() -> None:
        async with post() as here:
            nobody = Peer("tcp", LOOPBACK, dead_peer().port)
            for count in (1, 2):
                here.send(ask(), nobody)
                await until(lambda: len(here.core.failed) == count)  # noqa: B023 - awaited in its own turn
            assert here.core.failed == [nobody, nobody]
            assert here.shell.counters.connections_failed == 2
            assert len(here.shell.streams) == 0
            (line,) = here.log.of("sip_peer_unreachable")
            assert "refused" in str(line["why"])

    drive(story())


def test_a_connection_that_does_not_come_about_in_time_has_failed() -> None:
    async def story() -> None:
        full = socket.socket()
        full.bind((LOOPBACK, 0))
        full.listen(0)
        peer = Peer("tcp", *full.getsockname())
        takers = [socket.socket() for _ in range(3)]
        for taker in takers:  # nobody accepts: the kernel answers no more
            taker.setblocking(False)  # noqa: FBT003
            taker.connect_ex((peer.host, peer.port))
        async with post(limits=StreamLimits(connect=5)) as here:
            start = here.shell.now()
            here.send(ask(), peer)
            await until(lambda: here.core.failed)
            assert here.core.failed == [peer]
            assert 5 <= here.shell.now() - start < 6
        for each in (full, *takers):
            each.close()

    drive(story())


def test_after_a_lost_connection_the_core_is_told_and_a_new_one_is_made() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            await line.hear(ask(1))
            await line.close()
            await until(lambda: here.core.lost)
            assert here.core.lost == [other.peer]
            assert here.core.failed == []
            here.send(ask(2), other.peer)
            await (await other.taken.get()).hear(ask(2))

    drive(story())


def test_a_response_without_its_connection_goes_to_the_port_that_the_request_named() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            async with line_to(here) as line:
                line.say(ask(1))
                await until(here.heard)
            await until(lambda: here.core.lost)
            source = here.core.heard[0][1]
            via = f"SIP/2.0/TCP sip.example.com:{other.peer.port};received=127.0.0.1;rport={source.port}"
            here.send(reply(1, via=via), source)
            await (await other.taken.get()).hear(reply(1, via=via))

    drive(story())


def test_a_response_that_finds_no_way_back_fails_for_the_peer_that_asked() -> None:
    async def story() -> None:
        async with post() as here:
            gone = Peer("tcp", LOOPBACK, dead_peer().port)
            nowhere = f"SIP/2.0/TCP 127.0.0.1:{dead_peer().port}"
            here.send(reply(1, via=nowhere), gone)
            here.send(b"SIP/2.0 not a response at all\r\n\r\n", gone)
            await until(lambda: here.core.failed.count(gone) == 2)

    drive(story())


# ---------------------------------------------------------------------- RFC 5923 aliases


@pytest.mark.parametrize(
    ("sent_by", "is_taken"),
    [("127.0.0.1:{port};alias", True), ("127.0.0.1:{port}", False), ("127.0.0.9:{port};alias", False)],
)
def test_requests_take_the_connection_of_a_peer_that_offers_it_and_is_there(
    sent_by: str,
    is_taken: bool,  # noqa: FBT001
) -> None:
    async def story() -> None:
        async with post() as here, exchange() as other, line_to(here) as line:
            line.say(ask(1, via="SIP/2.0/TCP " + sent_by.format(port=other.peer.port)))
            await until(here.heard)
            here.send(ask(2), other.peer)
            if is_taken:
                await line.hear(ask(2))
            else:
                await (await other.taken.get()).hear(ask(2))
            assert other.count == (0 if is_taken else 1)

    drive(story())


def test_an_alias_does_not_take_the_place_of_a_connection_of_ours_and_goes_with_its_own() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            here.send(ask(1), other.peer)
            ours = await other.taken.get()
            async with line_to(here) as line:
                line.say(ask(2, via=f"SIP/2.0/TCP 127.0.0.1:{other.peer.port};alias"))
                await until(here.heard)
            await until(lambda: here.core.lost)
            assert other.peer not in here.core.lost
            here.send(ask(3), other.peer)
            await ours.hear(ask(1) + ask(3))

    drive(story())


# ---------------------------------------------------------------------- framing


def test_messages_are_cut_from_the_stream_wherever_it_was_torn() -> None:
    async def story() -> None:
        async with post() as here, line_to(here) as line:
            octets = ask(1, body=b"v=0\r\n\r\nOPTIONS") + b"\r\n" + ask(2) + ask(3)
            for at in range(0, len(octets), 7):
                line.say(octets[at : at + 7])
                await asyncio.sleep(0.001)
            await until(lambda: len(here.heard()) == 3)
            assert here.heard() == [ask(1, body=b"v=0\r\n\r\nOPTIONS"), ask(2), ask(3)]

    drive(story())


@pytest.mark.parametrize(
    "octets",
    [
        ask().replace(b"Content-Length: 0\r\n", b""),
        ask().replace(b"Content-Length: 0", b"Content-Length: x"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"x" * 70_000,
    ],
    ids=["no length", "bad length", "http", "no end"],
)
def test_a_stream_that_is_not_sip_is_closed_and_no_other_notices(octets: bytes) -> None:
    async def story() -> None:
        async with post() as here, line_to(here) as good, line_to(here) as bad:
            answer_all(here)
            bad.say(ask(1) + octets)
            assert await bad.ends() == reply(1) or here.heard() == [ask(1)]
            good.say(ask(2))
            await good.hear(reply(2))
            assert here.shell.counters.connections_dropped == 1

    drive(story())


def test_a_flood_on_one_connection_leaves_the_others_their_turn() -> None:
    async def story() -> None:
        async with post() as here, line_to(here) as loud, line_to(here) as quiet:
            loud.say(b"".join(ask(number) for number in range(3000)))
            quiet.say(ask(9999))
            await until(lambda: len(here.heard()) == 3001)
            assert here.heard().index(ask(9999)) < 2900
            assert [data for data in here.heard() if data != ask(9999)] == [ask(number) for number in range(3000)]

    drive(story())


# ---------------------------------------------------------------------- keep-alives


def test_a_ping_is_answered_and_the_core_hears_nothing_of_it() -> None:
    async def story() -> None:
        async with post() as here, line_to(here) as line:
            line.say(b"\r\n\r\n")
            await line.hear(b"\r\n")
            line.say(b"\r\n\r\n" + ask(1))
            await line.hear(b"\r\n")
            await until(here.heard)
            assert here.heard() == [ask(1)]
            assert here.shell.counters.keep_alives == 2

    drive(story())


def test_a_quiet_connection_of_ours_is_pinged() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            start = here.shell.now()
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            await line.hear(ask(1) + b"\r\n\r\n")
            assert 25 <= here.shell.now() - start < 27
            line.say(b"\r\n")
            await line.hear(b"\r\n\r\n")

    drive(story())


def test_a_peer_that_stops_answering_pings_is_given_up_and_one_that_never_did_is_not() -> None:
    async def story() -> None:
        async with post() as here, exchange() as polite, exchange() as rude:
            for other in (polite, rude):
                here.send(ask(1), other.peer)
            line = await polite.taken.get()
            await line.hear(ask(1) + b"\r\n\r\n")
            line.say(b"\r\n")
            await asyncio.sleep(60)
            assert here.core.lost == [polite.peer]
            assert "ping" in str(here.log.of("sip_connection_dropped")[0]["why"])

    drive(story())


# ---------------------------------------------------------------------- what a bad peer may cost


def test_half_a_message_is_waited_for_ten_seconds_however_slowly_it_drips() -> None:
    async def story() -> None:
        async with post() as here, line_to(here) as line:
            start = here.shell.now()
            for octet in ask()[:20]:
                if line.reader.at_eof():
                    break
                line.say(bytes([octet]))
                await asyncio.sleep(1)
            assert await line.ends() == b""
            assert 10 <= here.shell.now() - start < 25
            assert here.log.of("sip_connection_dropped")[0]["why"] == "half a message"

    drive(story())


def test_who_connects_and_says_nothing_is_sent_away() -> None:
    async def story() -> None:
        async with post() as here, line_to(here) as line:
            start = here.shell.now()
            line.say(b"\r\n\r\n")
            assert await line.ends() == b"\r\n"
            assert 32 <= here.shell.now() - start < 35

    drive(story())


def test_an_idle_connection_is_closed_in_either_direction() -> None:
    async def story() -> None:
        async with post(limits=StreamLimits(idle=100, ping=1000)) as here, exchange() as other, line_to(here) as line:
            answer_all(here)
            start = here.shell.now()
            here.send(ask(1), other.peer)
            line.say(ask(2))
            ours = await other.taken.get()
            assert await ours.ends() == ask(1)
            assert await line.ends() == reply(2)
            assert 100 <= here.shell.now() - start < 103
            assert here.shell.counters.connections_dropped == 0

    drive(story())


def test_who_pings_is_not_idle() -> None:
    async def story() -> None:
        async with post(limits=StreamLimits(idle=100)) as here, line_to(here) as line:
            line.say(ask(1))
            for _ in range(10):
                await asyncio.sleep(50)
                line.say(b"\r\n\r\n")
                await line.hear(b"\r\n")
            assert len(here.shell.streams) == 1

    drive(story())


def test_a_peer_that_reads_nothing_costs_a_megabyte_at_most() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            line.writer.transport.pause_reading()  # type: ignore[attr-defined]
            sent = 0
            while not here.core.failed and sent < 400:
                here.send(ask(sent, body=b"x" * 60_000), other.peer)
                sent += 1
                await asyncio.sleep(0)
            assert here.core.failed[0] == other.peer
            assert here.shell.counters.connections_dropped == 1

    drive(story())


def test_a_peer_that_reads_nothing_is_not_waited_for_for_long() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            here.send(ask(1), other.peer)
            line = await other.taken.get()
            line.writer.transport.pause_reading()  # type: ignore[attr-defined]
            connection = next(iter(here.shell.streams._open))
            connection.pause_writing()
            await asyncio.sleep(15)
            assert here.core.lost == []
            await asyncio.sleep(10)
            assert here.core.lost == [other.peer]

    drive(story())


def test_too_much_for_a_connection_that_is_being_made_is_unsent() -> None:
    async def story() -> None:
        async with post() as here, exchange() as other:
            for number in range(20):
                here.send(ask(number, body=b"x" * 60_000), other.peer)
            await until(lambda: other.count)
            assert 2 <= here.shell.counters.unsent <= 4
            assert set(here.core.failed) == {other.peer}

    drive(story())


def test_no_more_connections_are_taken_than_allowed_from_one_address() -> None:
    async def story() -> None:
        async with post(limits=StreamLimits(most_from_one=2)) as here:
            lines = [await Line.to(here.tcp) for _ in range(3)]
            assert await lines[2].ends() == b""
            lines[0].say(ask(1))
            await until(here.heard)
            assert here.shell.counters.connections_refused == 1
            await lines[0].close()
            await until(lambda: len(here.shell.streams) == 1)
            lines.append(await Line.to(here.tcp))
            lines[3].say(ask(2))
            await until(lambda: len(here.heard()) == 2)
            for line in lines:
                await line.close()

    drive(story())


def test_when_all_places_are_taken_only_one_long_idle_makes_way() -> None:
    async def story() -> None:
        async with post(limits=StreamLimits(most=2)) as here, exchange() as other:
            lines = [await Line.to(here.tcp) for _ in range(2)]
            for number, line in enumerate(lines):
                line.say(ask(number))
            await until(lambda: len(here.heard()) == 2)
            here.send(ask(7), other.peer)
            await until(lambda: here.core.failed)
            await asyncio.sleep(40)
            lines[1].say(ask(2))
            await until(lambda: len(here.heard()) == 3)
            here.send(ask(8), other.peer)
            await (await other.taken.get()).hear(ask(8))
            assert await lines[0].ends() == b""
            assert len(here.shell.streams) == 2
            for line in lines:
                await line.close()

    drive(story())


def test_connections_wait_while_there_are_no_descriptors() -> None:
    class Short(socket.socket):
        fails = 2

        def accept(self) -> tuple[socket.socket, object]:
            if self.fails:
                self.fails -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    async def story() -> None:
        taken: list[Peer] = []
        plain = listening()
        short = Short(fileno=plain.detach())

        def take(_listener: Listener, each: socket.socket, peer: Peer) -> None:
            taken.append(peer)
            each.close()

        accepting = Accepting(Listener("tcp", short), take)
        accepting.start()
        start = asyncio.get_running_loop().time()
        line = await Line.to(Peer("tcp", *short.getsockname()))
        await until(lambda: taken)
        assert asyncio.get_running_loop().time() - start >= 2
        accepting.close()
        await line.close()

    drive(story())


def test_closing_sends_what_waits_and_ends_every_connection() -> None:
    async def story() -> None:
        async with exchange() as other:
            async with post() as here:
                line = await Line.to(here.tcp)
                here.send(ask(1), other.peer)
                ours = await other.taken.get()
                await ours.hear(ask(1))
                here.core.output.append(Transmit(b"BYE", other.peer))
            assert await ours.ends() == b"BYE"
            assert await line.ends() == b""
            with pytest.raises(ConnectionError):
                await Line.to(here.tcp)
            await line.close()

    drive(story())


# ---------------------------------------------------------------------- flood limits


def test_a_stranger_may_send_a_burst_and_then_its_rate() -> None:
    flood = Flood(FloodLimit(per_second=10, burst=5))

    assert sum(flood.admits("192.0.2.1", 100.0) for _ in range(20)) == 5
    assert sum(flood.admits("192.0.2.1", 100.5) for _ in range(20)) == 5
    assert flood.admits("192.0.2.2", 100.5)
    assert sum(flood.admits("192.0.2.1", 200.0) for _ in range(20)) == 5


def test_the_wait_is_as_long_as_it_takes() -> None:
    flood = Flood(FloodLimit(per_second=10, burst=1))
    assert flood.wait("192.0.2.1", 100.0) == 0

    assert flood.wait("192.0.2.1", 100.0) == pytest.approx(0.1, abs=0.002)
    assert flood.wait("192.0.2.1", 100.11) == 0


@pytest.mark.parametrize("limit", [FloodLimit(0, 0), FloodLimit(1, 1)])
def test_whom_we_call_is_not_limited_and_without_a_limit_nobody_is(limit: FloodLimit) -> None:
    flood = Flood(limit)
    flood.trust("192.0.2.1")

    assert all(flood.admits("192.0.2.1", 100.0) for _ in range(100))


def test_datagrams_beyond_the_limit_are_not_heard_but_counted() -> None:
    async def story() -> None:
        async with post(flood=FloodLimit(per_second=10, burst=5)) as here:
            with PeerSocket() as stranger:
                for number in range(20):
                    stranger.send(ask(number), here.udp)
                await until(lambda: here.shell.counters.received == 20)
                assert here.heard() == [ask(number) for number in range(5)]
                assert here.shell.counters.flooded == 15
                assert len(here.log.of("sip_flood")) == 1
                here.send(ask(1), stranger.peer)
                assert await stranger.receive() == ask(1)
                for number in range(20):
                    stranger.send(reply(number), here.udp)
                await until(lambda: len(here.heard()) == 25)

    drive(story())


def test_a_stream_beyond_the_limit_is_read_more_slowly_and_nothing_is_lost() -> None:
    async def story() -> None:
        async with post(flood=FloodLimit(per_second=10, burst=5)) as here, line_to(here) as line:
            start = here.shell.now()
            line.say(b"".join(ask(number) for number in range(55)))
            await until(lambda: len(here.heard()) == 55)
            assert here.heard() == [ask(number) for number in range(55)]
            assert 4.5 <= here.shell.now() - start <= 6

    drive(story())


def test_no_more_addresses_are_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twoleg.sip_transport.flood._REMEMBERED", 10)
    flood = Flood(FloodLimit(per_second=1, burst=1))
    for number in range(50):
        flood.admits(f"192.0.2.{number}", 100.0)
        flood.trust(f"198.51.100.{number}")

    assert (len(flood._levels), len(flood._trusted)) == (10, 10)
