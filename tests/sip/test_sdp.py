"""Session descriptions: RFC 4566 lines kept as they came, RFC 3264 directions and answers."""

from __future__ import annotations

import pytest

from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import (
    DEFAULT_CODECS,
    Codec,
    Direction,
    Origin,
    SessionDescription,
    answer_to,
    audio_description,
    inactive_offer,
)

# RFC 4566 5, with one attribute nobody knows.
EXAMPLE = (
    b"v=0\r\n"
    b"o=jdoe 2890844526 2890842807 IN IP4 10.47.16.5\r\n"
    b"s=SDP Seminar\r\n"
    b"i=A Seminar on the session description protocol\r\n"
    b"u=http://www.example.com/seminars/sdp.pdf\r\n"
    b"e=j.doe@example.com (Jane Doe)\r\n"
    b"c=IN IP4 224.2.17.12/127\r\n"
    b"t=2873397496 2873404696\r\n"
    b"a=recvonly\r\n"
    b"m=audio 49170 RTP/AVP 0\r\n"
    b"a=x-unheard-of:\xff yes\r\n"
    b"m=video 51372 RTP/AVP 99\r\n"
    b"a=rtpmap:99 h263-1998/90000\r\n"
)
PHONE = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 96 9 8 0 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\n"
    b"a=fmtp:97 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)


def parse(data: bytes) -> SessionDescription:
    return SessionDescription.parse(data)


def test_description_prints_as_it_came() -> None:
    assert parse(EXAMPLE).encode() == EXAMPLE
    assert parse(PHONE).encode() == PHONE


def test_bare_line_feeds_and_empty_lines_at_the_end_are_tolerated() -> None:
    assert parse(PHONE.replace(b"\r\n", b"\n") + b"\n\r\n").encode() == PHONE


def test_what_a_call_controller_asks_for_is_read() -> None:
    description = parse(EXAMPLE)
    assert description.origin == Origin("jdoe", 2890844526, 2890842807, "10.47.16.5")
    audio, video = description.media
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == ("audio", 49170, "RTP/AVP", ["0"])
    assert video.attributes("rtpmap") == ["99 h263-1998/90000"]
    assert description.audio == audio
    assert description.audio_address == "224.2.17.12"
    assert description.direction is Direction.RECVONLY


def test_address_and_direction_of_the_stream_win_over_the_common_ones() -> None:
    description = parse(EXAMPLE.replace(b"RTP/AVP 0\r\n", b"RTP/AVP 0\r\nc=IN IP4 10.0.0.1\r\na=inactive\r\n"))
    assert description.audio_address == "10.0.0.1"
    assert description.direction is Direction.INACTIVE


def test_silence_about_direction_is_sendrecv() -> None:
    assert parse(PHONE.replace(b"a=sendrecv\r\n", b"")).direction is Direction.SENDRECV


def test_description_without_audio_has_no_audio_address() -> None:
    description = parse(PHONE.replace(b"m=audio 4000", b"m=audio 0"))
    assert (description.audio, description.audio_address) == (None, None)


@pytest.mark.parametrize(
    ("old", "new", "on_hold"),
    [
        (b"", b"", False),
        (b"a=sendrecv", b"a=sendonly", True),
        (b"a=sendrecv", b"a=inactive", True),
        (b"a=sendrecv", b"a=recvonly", False),
        (b"c=IN IP4 192.0.2.7", b"c=IN IP4 0.0.0.0", True),  # RFC 2543 style, RFC 3264 8.4
    ],
)
def test_hold_is_recognised(old: bytes, new: bytes, *, on_hold: bool) -> None:
    assert parse(PHONE.replace(old, new)).is_on_hold is on_hold


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"v=1\r\n",
        b"v=0",
        b"o=- 1 1 IN IP4 1.2.3.4\r\nv=0\r\n",
        PHONE.replace(b"o=- 1 1 IN IP4 192.0.2.7", b"o=- 1 1"),
        PHONE.replace(b"o=- 1 1", b"o=- x 1"),
        PHONE.replace(b"o=- 1 1", b"o=- 1 " + b"1" * 41),
        PHONE.replace(b"o=- 1 1", "o=- ٣ 1".encode()),
        PHONE.replace(b"m=audio 4000", b"m=audio"),
        PHONE.replace(b"m=audio 4000", b"m=audio x"),
        PHONE.replace(b"m=audio 4000", b"m=audio 65536"),
        PHONE.replace(b" 96 9 8 0 97", b""),
        PHONE.replace(b"s=-", b"s:-"),
        PHONE.replace(b"s=-", b""),
        PHONE.replace(b"s=-", b"s=a\rb"),
        b"<audio/>",
    ],
)
def test_malformed_description_is_refused(data: bytes) -> None:
    with pytest.raises(SdpError):
        parse(data)


def test_port_count_and_missing_s_and_t_lines_are_fine() -> None:
    description = parse(b"v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\nc=IN IP6 2001:db8::1\r\nm=audio 4000/2 RTP/AVP 0\r\n")
    assert description.media[0].port == 4000
    assert description.audio_address == "2001:db8::1"


def test_origin_becomes_ours_and_nothing_else_changes() -> None:
    ours = parse(PHONE).with_origin(username="twoleg", session_id=77, version=2, address="2001:db8::9")
    assert ours.encode() == PHONE.replace(b"o=- 1 1 IN IP4 192.0.2.7", b"o=twoleg 77 2 IN IP6 2001:db8::9")


@pytest.mark.parametrize(("username", "address"), [("a b", "1.2.3.4"), ("", "1.2.3.4"), ("-", "1.2.3.4\r\na=x")])
def test_origin_that_would_break_the_line_is_refused(username: str, address: str) -> None:
    with pytest.raises(SdpError):
        parse(PHONE).with_origin(username=username, session_id=1, version=1, address=address)


@pytest.mark.parametrize("direction", list(Direction))
def test_direction_replaces_the_old_one(direction: Direction) -> None:
    changed = parse(PHONE).with_direction(direction)
    assert changed.direction is direction
    assert changed.encode() == PHONE.replace(b"a=sendrecv", b"a=" + direction.encode())


def test_common_direction_moves_down_to_the_streams_that_are_not_audio() -> None:
    changed = parse(EXAMPLE).with_direction(Direction.SENDRECV)
    assert [media.direction for media in changed.media] == [Direction.SENDRECV, Direction.RECVONLY]
    assert changed.encode().count(b"a=recvonly") == 1


def test_inactive_offer_rings_a_leg_without_media() -> None:
    assert inactive_offer(address="127.0.0.1", session_id=5, version=1).encode() == (
        b"v=0\r\no=- 5 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        b"m=audio 9 RTP/AVP 8 0 9 101\r\n"
        b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=inactive\r\n"
    )


def test_offer_may_have_codecs_of_its_own_and_an_ipv6_address() -> None:
    offer = audio_description(address="::1", port=4000, session_id=5, version=3, codecs=[Codec(0, "PCMU", 8000)])
    assert offer.media[0].formats == ["0"]
    assert offer.audio_address == "::1"
    assert offer.direction is Direction.SENDRECV
    assert parse(offer.encode()) == offer


def test_answer_takes_our_codecs_in_the_order_and_numbers_of_the_offer() -> None:
    answer = answer_to(parse(PHONE), address="127.0.0.1", port=6000, session_id=9)
    (audio,) = answer.media
    assert (audio.port, audio.formats) == (6000, ["9", "8", "0", "97"])
    assert audio.attributes("rtpmap")[-1] == "97 telephone-event/8000"
    assert answer.origin == Origin("-", 9, 1, "127.0.0.1")


def test_answer_names_a_codec_once_however_often_it_is_offered() -> None:
    offer = parse(PHONE.replace(b"96 9 8 0 97", b"8 8 0 8"))
    assert answer_to(offer, address="127.0.0.1", port=6000, session_id=9).media[0].formats == ["8", "0"]


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        (Direction.SENDRECV, Direction.SENDRECV),
        (Direction.SENDONLY, Direction.RECVONLY),
        (Direction.RECVONLY, Direction.SENDONLY),
        (Direction.INACTIVE, Direction.INACTIVE),
    ],
)
def test_answer_mirrors_the_direction(offered: Direction, answered: Direction) -> None:
    offer = parse(PHONE).with_direction(offered)
    assert answer_to(offer, address="127.0.0.1", port=6000, session_id=9).direction is answered


def test_answer_has_a_line_for_every_stream_and_refuses_the_others() -> None:
    answer = answer_to(parse(EXAMPLE + b"m=audio 5000 RTP/AVP 8\r\n"), address="127.0.0.1", port=6000, session_id=9)
    assert [(media.kind, media.port) for media in answer.media] == [("audio", 6000), ("video", 0), ("audio", 0)]
    assert parse(answer.encode()) == answer


@pytest.mark.parametrize("formats", [b"96", b"97", b"18 97"])
def test_offer_without_a_codec_of_ours_has_no_answer(formats: bytes) -> None:
    with pytest.raises(SdpError):
        answer_to(parse(PHONE.replace(b"96 9 8 0 97", formats)), address="127.0.0.1", port=6000, session_id=9)


@pytest.mark.parametrize("profile", [b"RTP/SAVP", b"UDP/TLS/RTP/SAVPF"])
def test_answer_never_turns_secure_media_into_plain(profile: bytes) -> None:
    secure = PHONE.replace(b"RTP/AVP", profile)
    with pytest.raises(SdpError):
        answer_to(parse(secure), address="127.0.0.1", port=6000, session_id=9)
    best_effort = parse(secure + b"m=audio 5000 RTP/AVP 8\r\na=sendonly\r\n")
    answer = answer_to(best_effort, address="127.0.0.1", port=6000, session_id=9)
    assert [(media.port, media.protocol) for media in answer.media] == [(0, profile.decode()), (6000, "RTP/AVP")]
    assert answer.direction is Direction.RECVONLY


def test_default_codecs_are_what_the_docs_promise() -> None:
    assert [codec.name for codec in DEFAULT_CODECS] == ["PCMA", "PCMU", "G722", "telephone-event"]
