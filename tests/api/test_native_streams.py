"""The native face: events as streams, over real sockets, with readers that are quick, slow, cut off and unwelcome."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from api.served import read_all, served, talk
from api.world import World
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from fakes.store import MemoryStore
from patience import eventually, wall_clock_ms
from twoleg.adapters.store.sqlite import open_store
from twoleg.adapters.system import SystemClock
from twoleg.api import protocol
from twoleg.api.exchange import Exchange
from twoleg.api.native import sse
from twoleg.api.protocol import GuardedProtocol
from twoleg.api.server import GRACE
from twoleg.domain.call import Attempt, Role
from twoleg.domain.signals import HangUpRequested, LegAttemptFailed, LegRinging, Start, WireFacts

if TYPE_CHECKING:
    from api.world import Client


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Time passes by itself: streams live by it."""
    clock = SystemClock()
    memory = request.param == "memory"
    store = (
        MemoryStore()
        if memory
        else open_store(f"sqlite:///{tmp_path}/twoleg.db", clock=clock, logger=NotedLog(), sealer=OpenSealer())
    )
    with World(store, clock=clock) as world:
        yield world


class Reader:
    """One client of one stream."""

    def __init__(self, address: tuple[str, int], path: str, token: str, *, last: str = "", buffer: int = 0) -> None:
        self.connection = socket.socket()
        if buffer:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.connection.settimeout(10)
        self.connection.connect(address)
        resume = f"Last-Event-ID: {last}\r\n" if last else ""
        self.connection.sendall(
            f"GET {path} HTTP/1.0\r\nHost: x\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {token}\r\n{resume}\r\n".encode()
        )
        self.received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def until(self, text: str) -> str:
        """Read until that text has come."""
        while text.encode() not in self.received:
            piece = self.connection.recv(65536)
            assert piece, f"the stream ended before {text!r}: {self.received.decode()[-500:]}"
            self.received += piece
        return self.received.decode()

    def until_event(self, event_id: str) -> None:
        """Read until that event has come, whole."""
        self.until(f"id: {event_id}\n")
        while not self.received.endswith(b"\n\n"):
            self.received += self.connection.recv(65536)

    def rest(self) -> str:
        """Read until the stream ends."""
        self.received += read_all(self.connection)
        return self.received.decode()

    @property
    def ids(self) -> list[str]:
        """Of the events, in the order in which they came."""
        frames = self.received.decode().partition("\r\n\r\n")[2].split("\n\n")[:-1]
        return [frame.partition("\n")[0].removeprefix("id: ") for frame in frames if "\ndata: " in frame]


@contextmanager
def reading(world: World, client: Client, path: str, *, last: str = "") -> Iterator[Reader]:
    with served(world.app) as address, Reader(address, path, client.token, last=last) as reader:
        yield reader


def test_a_calls_stream_tells_its_past_and_then_what_happens_and_ends_with_the_call(
    world: World, client: Client
) -> None:
    call = world.tell(world.call(), Start())
    with reading(world, client, f"/v1/calls/{call.serial}/events") as reader:
        text = reader.until(f"id: {call.serial}-2\n")
        assert "content-type: text/event-stream\r\n" in text
        assert "\r\n\r\nretry: 1000\nid: 0\n\n" in text
        call = world.tell(call, LegRinging(Role.AGENT))
        reader.until(f"id: {call.serial}-3\nevent: twoleg.agent.ringing\ndata: {{")
        world.tell(call, HangUpRequested())
        reader.rest()

        assert reader.ids == [f"{call.serial}-{seq}" for seq in (1, 2, 3, 4)]


def test_the_tenants_stream_begins_now_and_tells_no_other_tenants_events(world: World, client: Client) -> None:
    before = world.call()
    with reading(world, client, "/v1/events") as reader:
        reader.until(f"id: {before.serial}-1\n\n")
        theirs, after = world.call("tenant-2"), world.call()
        world.tell(theirs, Start())
        world.tell(before, Start())
        reader.until_event(f"{before.serial}-2")

        assert reader.ids == [f"{after.serial}-1", f"{before.serial}-2"]


def test_a_reader_that_comes_back_goes_on_behind_what_it_saw(world: World, client: Client) -> None:
    call = world.tell(world.call(), Start(), LegRinging(Role.AGENT))
    with reading(world, client, "/v1/events", last=f"{call.serial}-1") as reader:
        reader.until_event(f"{call.serial}-3")

        assert reader.ids == [f"{call.serial}-2", f"{call.serial}-3"]


def test_who_has_seen_the_end_is_told_to_come_back_no_more(world: World, client: Client) -> None:
    call = world.tell(world.call(), HangUpRequested())

    answer = client.get(
        f"/v1/calls/{call.serial}/events", {"Accept": "text/event-stream", "Last-Event-ID": f"{call.serial}-2"}
    )

    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("text/event-stream, */*;q=0.1", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("application/json, text/event-stream;q=0.5", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=most", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_stream_is_for_who_asks_for_it_by_name_and_likes_nothing_better(
    world: World,
    client: Client,
    accept: str,
    is_stream: bool,  # noqa: FBT001 - a case
) -> None:
    call = world.tell(world.call(), HangUpRequested())

    answer = client.get(f"/v1/calls/{call.serial}/events?after={call.seq}", {"Accept": accept})

    assert answer.status == (204 if is_stream else 200)


def test_a_quiet_stream_beats(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    world.start()
    with reading(world, client, "/v1/events") as reader:
        reader.until(": heartbeat\n\n: heartbeat\n\n")


def test_a_stream_of_a_disabled_app_ends_with_the_next_beat(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    world.start()
    with reading(world, client, "/v1/events") as reader:
        reader.until(": heartbeat\n\n")
        world.registry.disable_app(client.app_key, at=world.service_clock.now_ms())
        reader.rest()


def test_an_unwelcome_reader_is_told_why_and_gets_no_stream(world: World) -> None:
    with served(world.app) as address:
        answer = talk(
            address,
            b"GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer x\r\n"
            b"Connection: close\r\n\r\n",
        )

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"/problems/unauthorized" in answer


def test_over_http_1_1_a_stream_is_chunked_and_its_end_is_said(world: World, client: Client) -> None:
    call = world.tell(world.call(), HangUpRequested())
    with served(world.app) as address:
        answer = talk(
            address,
            f"GET /v1/calls/{call.serial}/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {client.token}\r\nConnection: close\r\n\r\n".encode(),
        )

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body.endswith(b"\r\n0\r\n\r\n")
    assert f"id: {call.serial}-2\n".encode() in body


def test_a_head_request_for_a_stream_gets_its_head(world: World, client: Client) -> None:
    with served(world.app) as address:
        answer = talk(
            address,
            f"HEAD /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {client.token}\r\nConnection: close\r\n\r\n".encode(),
        )

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_reader_that_goes_leaves_nothing_behind(world: World, client: Client) -> None:
    with served(world.app) as address:
        with Reader(address, "/v1/events", client.token) as reader:
            reader.until("retry")
            assert eventually(lambda: world.tail.followers == 1)
        assert eventually(lambda: world.tail.followers == 0)
    assert world.log.lines == []


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_long_poll_whose_client_goes_gives_its_place_back_at_once(world: World, client: Client, ahead: int) -> None:
    """Also behind another request on the same connection; and the face answers others as before."""
    call = world.call()
    request = f"GET /v1/calls/{call.serial}{{}} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n\r\n"
    with served(world.app) as address:
        with socket.create_connection(address) as connection:
            connection.sendall((request.format("") * ahead + request.format("?after=1&wait=60")).encode())
            assert eventually(lambda: world.tail.followers == 1)
        assert eventually(lambda: world.tail.followers == 0, seconds=5.0)
        assert talk(address, request.format("").replace("x\r", "x\r\nConnection: close\r").encode()).startswith(
            b"HTTP/1.1 200 "
        )
    assert world.log.lines == []


def test_closed_connections_leave_nothing_that_only_a_search_for_garbage_would_find(
    world: World, client: Client
) -> None:
    """The API's process puts full searches off: with ten thousand streams each takes 0.4 s."""
    call = world.call()
    wanted = f"Host: x\r\nConnection: close\r\nAuthorization: Bearer {client.token}\r\n\r\n"
    with served(world.app) as address, without_searches():
        for _ in range(3):
            assert talk(address, f"GET /v1/calls/{call.serial} HTTP/1.1\r\n{wanted}".encode())
            with Reader(address, "/v1/events", client.token) as reader:
                reader.until("retry")
        assert eventually(lambda: not any(isinstance(each, GuardedProtocol | Exchange) for each in gc.get_objects()))


@contextmanager
def without_searches() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_stop_ends_every_stream_and_every_poll_at_once(world: World, client: Client) -> None:
    call = world.call()
    with ExitStack() as readers:
        with served(world.app) as address:
            stream = readers.enter_context(Reader(address, "/v1/events", client.token))
            poll = readers.enter_context(Reader(address, f"/v1/calls/{call.serial}?wait=60", client.token))
            stream.until("retry")
            assert eventually(lambda: world.tail.followers == 2)
            stopped_at = wall_clock_ms()
        assert wall_clock_ms() - stopped_at < GRACE * 1000, "the stop waited for them until it lost its patience"
        stream.rest()
        assert '"seq":1' in poll.rest()


@pytest.mark.slow
def test_a_reader_that_takes_nothing_loses_nothing_and_slows_nobody(world: World, client: Client) -> None:
    """Thousands of events for a reader that does not read: the other has them all before it begins."""
    call = world.tell(world.call(), Start())
    many = 3000
    with served(world.app, send_buffer=4096) as address:
        with (
            Reader(address, "/v1/events", client.token, buffer=4096) as slow,
            Reader(address, "/v1/events", client.token) as quick,
        ):
            slow.until("retry")
            quick.until("retry")
            world.tell(call, *(failed_try(number) for number in range(1, many + 1)))
            quick.until_event(f"{call.serial}-{many + 2}")
            assert len(slow.ids) < many / 10
            slow.until_event(f"{call.serial}-{many + 2}")

            assert slow.ids == quick.ids == [f"{call.serial}-{seq}" for seq in range(3, many + 3)]


def failed_try(number: int) -> LegAttemptFailed:
    attempt = Attempt(number, "carrier", None, "1", "2", 1, 2)
    return LegAttemptFailed(Role.AGENT, attempt, WireFacts(503, None, 34), "the trunk is full")


@pytest.mark.slow
def test_a_reader_that_takes_nothing_for_long_loses_its_place_and_no_event(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "STREAM_PATIENCE", 0.2)
    lost: list[protocol.GuardedProtocol] = []
    lose = protocol.GuardedProtocol.connection_lost

    def note(connection: protocol.GuardedProtocol, error: Exception | None) -> None:
        lost.append(connection)
        lose(connection, error)

    monkeypatch.setattr(protocol.GuardedProtocol, "connection_lost", note)
    call = world.tell(world.call(), Start())
    many = 1500
    with served(world.app, send_buffer=4096) as address:
        with Reader(address, "/v1/events", client.token, buffer=4096) as stuck:
            stuck.until("retry")
            call = world.tell(call, *(failed_try(number) for number in range(1, many + 1)))
            assert eventually(lambda: bool(lost)), "it holds its place for ever"
            stuck.rest()
        with Reader(address, "/v1/events", client.token, last=stuck.ids[-1]) as again:
            again.until_event(f"{call.serial}-{many + 2}")

            assert sorted({*stuck.ids, *again.ids}, key=seq_of) == [f"{call.serial}-{n}" for n in range(3, many + 3)]


def seq_of(event_id: str) -> int:
    return int(event_id.partition("-")[2])
