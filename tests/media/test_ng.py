"""rtpengine's ng protocol: bencoding, cookies, repeats, and what its answers mean."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.adapters.media.relay import RelayForgot, RelayRefused, RelaySilent
from twoleg.adapters.media.rtpengine import ng
from twoleg.adapters.media.rtpengine.anchor import LegTransports, RtpengineAnchor, Transport
from twoleg.adapters.media.rtpengine.bencode import BencodeError, Heard, Value, decode, encode
from twoleg.adapters.media.rtpengine.daemons import RtpengineDaemon
from twoleg.adapters.media.rtpengine.statistics import statistics_of
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VALUES = st.recursive(
    st.integers(-(2**62), 2**62) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)

# ---------------------------------------------------------------------------- bencoding


@given(VALUES)
def test_what_was_encoded_is_decoded(value: Value) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-42, b"i-42e"),
        ("spam", b"4:spam"),
        (["a", 1], b"l1:ai1ee"),
        ({"zoo": 1, "ask": [b"\x00"]}, b"d3:askl1:\x00e3:zooi1ee"),
    ],
)
def test_the_examples_of_bep_3_and_their_likes(value: Value, expected: bytes) -> None:
    assert encode(value) == expected


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_the_declared_error(data: bytes) -> None:
    try:
        decode(data)
    except BencodeError:
        return
    except RecursionError:
        pytest.fail("the depth is bounded")


@pytest.mark.parametrize(
    "data", [b"", b"i1", b"5:abc", b"d1:a", b"di1e1:ae", b"l" * 100 + b"e" * 100, b"i1ei2e", b"-1:a"]
)
def test_what_is_no_bencoding_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(BencodeError):
        decode(data)


def test_a_truth_value_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        encode(value=True)


# ---------------------------------------------------------------------------- a daemon of our own


class Daemon:
    """Answers as it is told; notes every question with its cookie."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.heard: list[tuple[bytes, dict[str, Heard]]] = []
        self.answers: list[dict[str, Value] | bytes | None] = []
        """In turn, None: silence; the last one again and again."""
        asyncio.get_running_loop().add_reader(sock, self._hear)

    @property
    def port(self) -> int:
        port: int = self.socket.getsockname()[1]
        return port

    def _hear(self) -> None:
        data, source = self.socket.recvfrom(70_000)
        cookie, _, body = data.partition(b" ")
        question = decode(body)
        assert isinstance(question, dict)
        self.heard.append((cookie, question))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            said = answer if isinstance(answer, bytes) else encode(answer)
            self.socket.sendto(cookie + b" " + said, source)


@contextmanager
def bound() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)  # noqa: FBT003 - the library's own way
        yield sock


@asynccontextmanager
async def daemon(*answers: dict[str, Value] | bytes | None) -> AsyncIterator[tuple[Daemon, ng.NgClient]]:
    with bound() as sock:
        server = Daemon(sock)
        server.answers = list(answers)
        client = ng.NgClient(host="127.0.0.1", port=server.port, tag="t-")
        await client.connect()
        try:
            yield server, client
        finally:
            client.close()
            asyncio.get_running_loop().remove_reader(sock)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ng, "TRIES", (0.02, 0.04, 0.3))


@pytest.mark.asyncio
async def test_a_question_is_a_cookie_and_a_dictionary_and_so_is_its_answer() -> None:
    async with daemon({"result": "pong"}) as (server, client):
        assert await client.ask("ping", **{"call-id": "a"}, from_tag="b") == {"result": b"pong"}
    assert server.heard == [(b"t-1", {"command": b"ping", "call-id": b"a", "from-tag": b"b"})]


@pytest.mark.asyncio
async def test_a_lost_question_is_repeated_under_the_same_cookie() -> None:
    async with daemon(None, None, {"result": "ok"}) as (server, client):
        await client.ask("ping")
    assert [cookie for cookie, _ in server.heard] == [b"t-1"] * 3


@pytest.mark.asyncio
async def test_silence_is_told_after_the_last_try() -> None:
    async with daemon(None) as (server, client):
        with pytest.raises(RelaySilent):
            await client.ask("ping")
    assert len(server.heard) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ({"result": "error", "error-reason": "Unknown call-id"}, RelayForgot),
        ({"result": "error", "error-reason": "Ran out of ports"}, RelayRefused),
        ({"result": "load limit"}, RelayRefused),
        ({"no": "result"}, RelayRefused),
        (["not", "a dictionary"], RelayRefused),
        (b"not bencoded", RelayRefused),
    ],
)
async def test_what_is_no_success_is_a_refusal_or_an_unknown_call(
    answer: dict[str, Value], trouble: type[Exception]
) -> None:
    async with daemon(answer) as (_, client):
        with pytest.raises(trouble):
            await client.ask("query")


@pytest.mark.asyncio
async def test_answers_of_others_and_late_ones_are_passed_over() -> None:
    async with daemon({"result": "ok"}) as (_, client):
        client.datagram_received(b"t-99 d6:result2:oke", None)
        client.datagram_received(b"", None)
        assert await client.ask("ping")


@pytest.mark.asyncio
async def test_what_does_not_fit_a_datagram_is_not_sent() -> None:
    async with daemon({"result": "ok"}) as (server, client):
        with pytest.raises(RelayRefused):
            await client.ask("play media", blob=bytes(70_000))
    assert server.heard == []


@pytest.mark.asyncio
async def test_a_client_that_was_closed_asks_nobody() -> None:
    async with daemon({"result": "ok"}) as (_, client):
        client.close()
        with pytest.raises(RelaySilent):
            await client.ask("ping")


# ---------------------------------------------------------------------------- daemons and calls


@pytest.mark.asyncio
async def test_a_daemon_is_down_while_silent_and_its_load_is_what_it_says_and_what_we_placed() -> None:
    news: list[tuple[bool, str]] = []
    busy: dict[str, Value] = {"result": "ok", "statistics": {"currentstatistics": {"sessionstotal": 7}}}
    async with daemon(busy, None, None, None, busy) as (_, client):
        watched = RtpengineDaemon(
            ng=client,
            transports=LegTransports(),
            captures=None,
            changed=lambda _, is_up, why: news.append((is_up, why)),
        )
        await watched.look()
        watched.anchor(1)
        assert (watched.is_up, watched.load) == (True, 8)
        await watched.look()
        assert not watched.is_up
        await watched.look()
        assert (watched.is_up, watched.load) == (True, 7)
    assert [is_up for is_up, _ in news] == [False, True]


SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


@pytest.mark.asyncio
async def test_offers_and_answers_name_the_parties_by_their_roles_and_the_transport_by_who_gets_it() -> None:
    async with daemon({"result": "ok", "sdp": SDP}) as (server, client):
        anchor = RtpengineAnchor(
            serial=5,
            ng=client,
            transports=LegTransports(agent=Transport.WEBRTC, customer=Transport.SRTP),
            captures=None,
        )
        assert await anchor.offer(Role.CUSTOMER, SDP) == SDP
        await anchor.answer(Role.AGENT, SDP)
        await anchor.offer(Role.AGENT, SDP)
    first, answer, second = [question for _, question in server.heard]
    assert (first["from-tag"], first.get("to-tag"), first["transport-protocol"]) == (
        b"customer",
        None,
        b"UDP/TLS/RTP/SAVPF",
    )
    assert (answer["from-tag"], answer["to-tag"], answer.get("transport-protocol")) == (b"customer", b"agent", None)
    assert (second["from-tag"], second["to-tag"], second["transport-protocol"]) == (b"agent", b"customer", b"RTP/SAVP")
    assert all(question["call-id"] == b"twoleg-5" for question in (first, answer, second))
    assert b"port-latching" in second["flags"]  # type: ignore[operator]  # a list of strings


def test_a_query_is_read_whatever_is_in_it() -> None:
    query: dict[str, Heard] = {
        # what the customer, whose SSRC is 88, reported of the agent
        "SSRC": {"88": {"average MOS": {"packet loss": 2, "jitter": 9, "round-trip time": 41_000}}},
        "tags": {
            "agent": {"medias": [{"streams": [{"SSRC": 77, "stats": {"packets": 50}}]}]},
            "customer": {"medias": [{"streams": [{"SSRC": 88, "stats": {"packets": 3}}]}]},
        },
    }
    assert statistics_of(query) == {
        Role.AGENT: StreamStatistics(packets=50, loss=2.0, jitter=9.0, round_trip=41.0),
        Role.CUSTOMER: StreamStatistics(packets=3),
    }
    odd: tuple[dict[str, Heard], ...] = (
        {},
        {"tags": 5},
        {"tags": {"agent": {"medias": []}}},
        {"tags": {"agent": {"medias": [{"streams": 1}]}}},
    )
    assert [statistics_of(each) for each in odd] == [{}] * 4
