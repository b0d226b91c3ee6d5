"""Session descriptions and digest headers that their grammars allow mean what they say; what is broken is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sip.grammar import Said, addresses, other_uris, sip_uris, unfolded, vias
from sip.grammar_bodies import Description, challenges, credentials, descriptions
from twoleg.sip.digest import (
    Challenge,
    Credentials,
    authorization,
    check,
    format_challenge,
    parse_challenge,
    parse_credentials,
)
from twoleg.sip.errors import SdpError, SipParseError
from twoleg.sip.headers import NameAddr, Via
from twoleg.sip.sdp import Direction, SessionDescription, answer_to
from twoleg.sip.uri import SipUri, parse_uri

EXAMPLES = settings(max_examples=100, phases=set(Phase) - {Phase.explain})


def check_description(description: SessionDescription, means: Description) -> None:
    assert description.origin == means.origin
    assert len(description.media) == len(means.media)
    for media, stream in zip(description.media, means.media, strict=True):
        assert (media.kind, media.port, media.protocol) == (stream.kind, stream.port, stream.protocol)
        assert (media.formats, media.address, media.direction) == (stream.formats, stream.address, stream.direction)
        assert media.attributes("rtpmap") == stream.attributes
    audio = next((stream for stream in means.media if stream.kind == "audio" and stream.port), None)
    assert description.audio_address == (None if audio is None else audio.address or means.address)
    here = None if audio is None else audio.direction
    assert description.direction == (here or means.direction or Direction.SENDRECV)


@EXAMPLES
@given(descriptions())
def test_description_is_read_as_what_it_means_and_written_as_it_came(said: Said[Description]) -> None:
    body = said.text.encode()
    description = SessionDescription.parse(body)
    check_description(description, said.means)
    assert description.encode() == body
    assert SessionDescription.parse(body.replace(b"\r\n", b"\n")) == description
    assert SessionDescription.parse(body + b"\r\n\r\n") == description


@EXAMPLES
@given(descriptions(), st.sampled_from(list(Direction)))
def test_a_changed_direction_is_that_of_every_audio_stream_and_of_no_other(
    said: Said[Description], direction: Direction
) -> None:
    before = SessionDescription.parse(said.text.encode())
    after = SessionDescription.parse(before.with_direction(direction).encode())
    for old, new, stream in zip(before.media, after.media, said.means.media, strict=True):
        kept = stream.direction or said.means.direction
        assert new.direction == (direction if stream.kind == "audio" else kept)
        assert new.lines[0] == old.lines[0]
    try:
        answer = answer_to(before, address="192.0.2.9", port=4000, session_id=1)
    except SdpError:
        return
    assert [media.kind for media in answer.media] == [stream.kind for stream in said.means.media]
    assert len([media for media in answer.media if media.port]) == 1


SDP_BREAKS = [
    ("v=0", "v=1"),
    ("v=0\r\n", ""),
    ("v=0\r\n", "o=a 1 1 IN IP4 a\r\nv=0\r\n"),
    ("\r\no=", "\r\nx="),
    (" IN IP", " IN"),
    ("\r\ns=", "\r\ns:"),
    ("\r\ns=", "\r\n =\r\ns="),
    ("\r\ns=", "\r\n\r\ns="),
    ("\r\ns=", "\r\ns=a\rb"),
    ("\r\nt=", "\r\nm=audio 1 RTP/AVP\r\nt="),
    ("\r\nt=", "\r\nm=audio 65536 RTP/AVP 0\r\nt="),
    ("\r\nt=", "\r\nm=audio -1 RTP/AVP 0\r\nt="),
    ("\r\nt=", f"\r\nm=audio {'9' * 5000} RTP/AVP 0\r\nt="),
    ("\r\nt=", "\r\nm=audio \u0661 RTP/AVP 0\r\nt="),
    ("\r\nt=", "\r\nm=audi\x1fo 6000 RTP/AVP 0\r\nt="),
    ("\r\nt=", "\r\nm=audio 6000 RTP/AVP 0\u2003\r\nt="),
]


@pytest.mark.parametrize(("old", "new"), SDP_BREAKS)
def test_one_fault_in_a_description_is_enough_to_be_refused(old: str, new: str) -> None:
    @settings(EXAMPLES, max_examples=6)
    @given(descriptions())
    def story(said: Said[Description]) -> None:
        with pytest.raises(SdpError):
            SessionDescription.parse(said.text.replace(old, new, 1).encode())

    story()


@EXAMPLES
@given(challenges())
def test_challenge_is_read_as_what_it_means_and_written_so_that_it_is_read_again(said: Said[Challenge]) -> None:
    challenge = parse_challenge(said.text)
    assert challenge == said.means
    assert parse_challenge(format_challenge(challenge)) == challenge


@EXAMPLES
@given(challenges(), st.sampled_from(["", "secret", "päß"]), st.binary(max_size=8))
def test_our_answer_to_a_challenge_proves_our_password_and_no_other(
    said: Said[Challenge], password: str, body: bytes
) -> None:
    challenge = replace(parse_challenge(said.text), wants_userhash=False)
    if not challenge.is_supported:
        return
    answer = authorization(
        challenge, method="INVITE", uri="sip:a@b", username="ü", password=password, cnonce="c", nonce_count=9, body=body
    )
    proof = parse_credentials(answer)
    assert (proof.realm, proof.nonce, proof.opaque) == (challenge.realm, challenge.nonce, challenge.opaque)
    assert check(proof, method="INVITE", password=password, body=body)
    assert not check(proof, method="INVITE", password=password + "x", body=body)
    assert not check(proof, method="BYE", password=password, body=body)


@EXAMPLES
@given(credentials())
def test_credentials_are_read_as_what_they_mean(said: Said[Credentials]) -> None:
    assert parse_credentials(said.text) == said.means


DIGEST_BREAKS = [
    ("realm", "domain-of-old"),
    ("nonce", "once"),
    ("realm=", "realm"),
    ('realm="', 'realm="" "'),
    ("Digest ", "Basic "),
    ("Digest ", "Digest ,"),
    ("Digest ", 'Digest realm="again", '),
    ("Digest ", 'Digest x="no end, '),
    ("Digest ", "Digest x=two words, "),
    ("Digest ", 'Digest x=a"b, '),
    ("Digest ", "Digest =a, "),
    ("Digest ", 'Digest algorithm="", '),
    ("Digest ", "Digest x=a\\, "),
    ("Digest ", 'Digest algorithm="MD5, SHA-256", '),
    ("Digest ", "Digest"),
]


@pytest.mark.parametrize(("old", "new"), DIGEST_BREAKS)
def test_one_fault_in_a_digest_header_is_enough_to_be_refused(old: str, new: str) -> None:
    plain = 'Digest realm="r", nonce="n", uri="sip:a", username="u", response="0", qop=auth, nc=00000001, cnonce="c"'
    with pytest.raises(SipParseError):
        parse_credentials(plain.replace(old, new, 1))
    with pytest.raises(SipParseError):
        parse_challenge(plain.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", " ", "Digest", "Digest ", "\t,", "Digest\t\t=,"])
def test_a_digest_header_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        parse_challenge(text)


@EXAMPLES
@given(sip_uris())
def test_uri_is_read_as_its_parts_and_is_itself_in_any_spelling(said: Said[SipUri]) -> None:
    uri = SipUri.parse(said.text)
    assert uri == said.means
    assert SipUri.parse(str(uri)) == uri
    assert uri.equivalent(uri)


@EXAMPLES
@given(
    st.one_of(sip_uris().map(lambda said: said.text), other_uris), st.sampled_from(["%", "%4", " ", "<", "\x00", "é"])
)
def test_what_a_uri_must_escape_is_refused(uri: str, mark: str) -> None:
    if uri.lower().startswith("sip"):
        with pytest.raises(SipParseError):
            parse_uri(f"{uri}{mark}")


@EXAMPLES
@given(vias(), addresses(tag=True))
def test_header_values_are_written_so_that_they_are_read_again(via: Said[Via], address: Said[NameAddr]) -> None:
    assert Via.parse(str(via.means)) == via.means == Via.parse(unfolded_all(via.text))
    assert NameAddr.parse(str(address.means)) == address.means


def unfolded_all(text: str) -> str:
    return unfolded(text.replace("\r\n\t", "\r\n "))
