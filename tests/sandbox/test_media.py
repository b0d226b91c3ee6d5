"""What the phones say about media: mirrored directions, honest versions, refused streams (RFC 3264)."""

from __future__ import annotations

import pytest

from twoleg.sandbox.media import PhoneMedia, is_answerable
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import SessionDescription

HEAD = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AUDIO = "m=audio 4000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\n"
VIDEO = "m=video 4002 RTP/AVP 31\r\n"


def media(call: int = 1) -> PhoneMedia:
    return PhoneMedia(address="127.0.0.1", call=call)


def offer(*streams: str, direction: str = "sendrecv") -> bytes:
    return (HEAD + "".join(streams or (AUDIO,)) + f"a={direction}\r\n").encode()


def spoken(body: bytes) -> SessionDescription:
    return SessionDescription.parse(body)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendrecv", "sendrecv"), ("inactive", "inactive"), ("sendonly", "recvonly"), ("recvonly", "sendonly")],
)
def test_the_direction_of_the_answer_mirrors_the_offer(offered: str, answered: str) -> None:
    assert spoken(media().answer(offer(direction=offered))).direction.value == answered


def test_the_answer_names_the_phones_own_address_and_a_port_of_its_own() -> None:
    one, other = spoken(media(1).answer(offer())), spoken(media(2).answer(offer()))
    assert one.audio_address == one.origin.address == "127.0.0.1"
    assert one.audio is not None
    assert other.audio is not None
    assert one.audio.port != other.audio.port
    assert {one.audio.port % 2, other.audio.port % 2} == {0}


@pytest.mark.parametrize("call", [1, 8191, 8192, 1_000_000])
def test_ports_stay_below_those_that_linux_gives_away(call: int) -> None:
    audio = spoken(media(call).answer(offer())).audio
    assert audio is not None
    assert 16384 <= audio.port < 32768


def test_the_answer_takes_codecs_and_payload_types_of_the_offer() -> None:
    audio = spoken(media().answer(offer())).audio
    assert audio is not None
    assert audio.formats == ["0", "8", "96"]


def test_other_streams_are_refused_in_their_places() -> None:
    answer = spoken(media().answer(offer(VIDEO, AUDIO)))
    assert [(stream.kind, stream.port > 0) for stream in answer.media] == [("video", False), ("audio", True)]


def test_the_version_grows_when_and_only_when_the_words_change() -> None:
    phone = media()
    bodies = [
        phone.answer(offer(direction=way)) for way in ("inactive", "inactive", "sendrecv", "sendonly", "sendonly")
    ]
    origins = [spoken(body).origin for body in bodies]
    assert [origin.version for origin in origins] == [1, 1, 2, 3, 3]
    assert len({origin.session_id for origin in origins}) == 1
    assert bodies[0] == bodies[1]


def test_without_an_offer_the_phone_makes_one() -> None:
    made = spoken(media().offer())
    assert made.direction.value == "sendrecv"
    assert made.audio is not None
    assert "8" in made.audio.formats


def test_an_offer_in_mid_call_keeps_refused_streams_and_wakes_a_held_one() -> None:
    phone = media()
    phone.answer(offer(VIDEO, AUDIO, direction="inactive"))
    again = spoken(phone.offer())
    assert [(stream.kind, stream.port > 0) for stream in again.media] == [("video", False), ("audio", True)]
    assert again.direction.value == "sendrecv"
    assert again.origin.version == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        offer(VIDEO),
        offer("m=audio 4000 RTP/AVP 18\r\n"),
        offer("m=audio 0 RTP/AVP 8\r\n"),
        offer("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 telephone-event/8000\r\n"),
    ],
)
def test_what_no_phone_can_answer_is_said_so(body: bytes) -> None:
    assert not is_answerable(body)
    with pytest.raises(SdpError):
        media().answer(body)


def test_what_a_phone_can_answer_is_said_so() -> None:
    assert is_answerable(offer())
