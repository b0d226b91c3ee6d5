"""Streams of events: taken apart however they are cut, and read on over connections that break."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.servers import TOKEN, Asked, Told, served, stream, told
from twoleg.client import AsyncClient, Client, ConnectionFailed, NotFound, UnexpectedAnswer, system
from twoleg.client.event_stream import MOST_FAILURES, EventReader, Messages

NAMES = ("call.queued", "agent.dialled", "agent.ringing", "agent.answered", "call.ended")
GREETING = b"retry: 20\nid: 0\n\n"
BEAT = b": heartbeat\n\n"


def frame(seq: int) -> bytes:
    document = {
        "specversion": "1.0",
        "id": f"7-{seq}",
        "source": "/v1/calls/7",
        "type": f"twoleg.{NAMES[seq - 1]}",
        "subject": "7",
        "time": "2026-11-22T13:12:50.931Z",
        "datacontenttype": "application/json",
        "data": {"serial": "7", "seq": seq, "at": seq, "caller": "1", "called": "2"},
    }
    return f"id: 7-{seq}\nevent: {document['type']}\ndata: {json.dumps(document)}\n\n".encode()


ALL = GREETING + b"".join(frame(seq) for seq in (1, 2)) + BEAT + b"".join(frame(seq) for seq in (3, 4, 5))


@given(st.lists(st.integers(1, len(ALL) - 1)))
def test_a_stream_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(set(cuts)), len(ALL)]
    reader = EventReader("7", after="0")

    events = [event for begin, end in pairwise(places) for event in reader.feed(ALL[begin:end])]

    assert [event.name for event in events] == list(NAMES)
    assert reader.is_done


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_break_the_taking_apart(pieces: list[bytes]) -> None:
    messages = Messages()
    for piece in pieces:
        messages.feed(piece)


def test_fields_are_read_as_the_specification_has_them() -> None:
    messages = Messages()

    assert messages.feed(b"data: a\r\ndata:b\n\nid: 5\nretry: 2500\nevent: x\nunknown: y\n:comment\ndata\n\n") == [
        "a\nb",
        "",
    ]
    assert (messages.last_id, messages.retry) == ("5", 2.5)
    assert messages.feed(b"id: 6\n\n") == []
    assert messages.last_id == "6"
    assert messages.feed(b"retry: soon\nid: 7\0\n\n") == []
    assert (messages.last_id, messages.retry) == ("6", 2.5)


def test_half_a_message_before_the_connection_broke_counts_for_nothing() -> None:
    messages = Messages()
    messages.feed(b"data: half")
    messages.cut_off()

    assert messages.feed(b"data: whole\n\n") == ["whole"]


def test_a_message_without_an_end_is_not_kept_for_ever() -> None:
    messages = Messages()
    for _ in range(16):
        messages.feed(b"x" * 65536)

    with pytest.raises(ConnectionFailed, match="without an end"):
        messages.feed(b"x")


# ---------------------------------------------------------------------------- over connections


class Flaky:
    """Streams a call's events, and is cut off after a few bytes each time; notes where its readers went on."""

    def __init__(self, *, bytes_each: int) -> None:
        self.bytes_each = bytes_each
        self.resumed: list[str] = []

    def __call__(self, asked: Asked) -> Told | None:
        if asked.path.endswith("tokenByAkSk"):
            return told(TOKEN)
        last = asked.headers.get("last-event-id")
        self.resumed.append(last or asked.path.partition("after=")[2])
        seen = 0 if last in (None, "0") else int(str(last).partition("-")[2])
        if seen == len(NAMES):
            return Told(204)
        rest = b"".join(frame(seq) for seq in range(seen + 1, len(NAMES) + 1))
        return stream(GREETING, rest[: self.bytes_each])


@pytest.mark.parametrize("bytes_each", [10_000, 700, 450, 330])
def test_a_reader_sees_each_event_once_and_in_order_whatever_breaks(bytes_each: int) -> None:
    flaky = Flaky(bytes_each=bytes_each)
    with served(flaky) as server, Client(server.url, "key", "secret") as client:
        events = list(client.stream(EventReader("7", after="0")))

    assert [event.data.seq for event in events] == [1, 2, 3, 4, 5]
    assert flaky.resumed[0] == "0"
    assert flaky.resumed == sorted(flaky.resumed)


@pytest.mark.asyncio
async def test_the_async_reader_does_the_same() -> None:
    with served(Flaky(bytes_each=450)) as server:
        async with AsyncClient(server.url, "key", "secret") as client:
            events = [event async for event in client.stream(EventReader("7", after="0"))]

    assert [event.data.seq for event in events] == [1, 2, 3, 4, 5]


def test_a_stream_that_has_seen_the_end_is_over_at_once() -> None:
    with served(Flaky(bytes_each=450)) as server, Client(server.url, "key", "secret") as client:
        reader = EventReader("7", after="0")
        reader._messages.last_id = "7-5"
        assert list(client.stream(reader)) == []


def test_a_service_that_is_gone_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(system, "pause", pauses.append)

    def answers(asked: Asked) -> Told | None:
        return told(TOKEN) if asked.path.endswith("tokenByAkSk") else None

    with served(answers) as server, Client(server.url, "key", "secret", repeats=0) as client:
        with pytest.raises(ConnectionFailed):
            list(client.events())

    assert len(pauses) == MOST_FAILURES
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15.0


def test_heartbeats_show_that_a_stream_is_well() -> None:
    reader = EventReader(None, after="latest")
    for _ in range(5 * MOST_FAILURES):
        reader.cut_off(None)
        reader.feed(GREETING)
        reader.feed(BEAT)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({"type": "/problems/not-found", "detail": "there is no such call"}, 404), NotFound),
        (stream(GREETING, b"data: <html>\n\n"), UnexpectedAnswer),
    ],
)
def test_what_will_not_get_better_is_told_at_once(answer: Told, error: type[Exception]) -> None:
    def answers(asked: Asked) -> Told:
        return told(TOKEN) if asked.path.endswith("tokenByAkSk") else answer

    with served(answers) as server, Client(server.url, "key", "secret") as client:
        with pytest.raises(error):
            list(client.stream(EventReader("7", after="0")))
        assert len(server.asked) == 2
