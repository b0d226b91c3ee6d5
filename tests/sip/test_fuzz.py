"""Whatever bytes come from the network, nothing but the declared errors leaves the message layer."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from twoleg.sip.digest import choose_challenge, parse_credentials
from twoleg.sip.errors import SdpError, SipParseError
from twoleg.sip.message import Request, Response, response_to, response_to_malformed
from twoleg.sip.parser import StreamParser, parse_datagram
from twoleg.sip.sdp import Direction, SessionDescription, answer_to
from twoleg.sip.uri import SipUri, parse_uri

TORTURE = sorted((Path(__file__).parent / "torture").rglob("*.dat"))
SEEDS = [path.read_bytes() for path in TORTURE]

PIECES = [
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"<",
    b">",
    b'"',
    b"\\",
    b"=",
    b"@",
    b"[",
    b"]",
    b"\0",
    b"\xff",
]

EXAMPLES = settings(max_examples=300, deadline=None)


@st.composite
def broken_messages(draw: st.DrawFn) -> bytes:
    """A torture message with a few octets cut out, put in or doubled."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 40, len(data))))
        patch = draw(st.sampled_from([*PIECES, b"", data[start:end] * 2]) | st.binary(max_size=8))
        data = data[:start] + patch + data[end:]
    return data


def use(message: Request | Response) -> None:
    """Touch everything a user agent touches; all of it was promised not to raise."""
    assert message.vias[0] is message.via
    _ = message.from_.tag, message.to.tag, message.call_id, message.cseq, message.reasons, message.content_type
    for address in [*message.contacts, *message.record_routes, *message.routes]:
        if address.uri.lower().startswith(("sip:", "sips:")):
            assert str(SipUri.parse(address.uri))
    assert parse_datagram(message.encode()).call_id == message.call_id
    if isinstance(message, Request):
        assert parse_datagram(response_to(message, 180, to_tag="t").encode()).to.tag is not None
    try:
        description = SessionDescription.parse(message.body)
    except SdpError:
        return
    use_description(description)


def use_description(description: SessionDescription) -> None:
    _ = description.origin, description.audio_address, description.is_on_hold
    changed = description.with_direction(Direction.INACTIVE)
    assert SessionDescription.parse(changed.encode()) == changed
    try:
        answer = answer_to(description, address="127.0.0.1", port=4000, session_id=1)
    except SdpError:
        return
    assert len(SessionDescription.parse(answer.encode()).media) == len(description.media)


def receive(data: bytes) -> None:
    try:
        message = parse_datagram(data)
    except SipParseError as error:
        refuse(error)
    else:
        use(message)


def refuse(error: SipParseError) -> None:
    answer = response_to_malformed(error, to_tag="t")
    if answer is not None:
        assert answer.encode().startswith(b"SIP/2.0 ")
        assert error.status is not None


@EXAMPLES
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_refusal(data: bytes) -> None:
    receive(data)


@EXAMPLES
@given(broken_messages())
def test_broken_message_is_a_message_or_a_refusal(data: bytes) -> None:
    receive(data)


@EXAMPLES
@given(st.lists(broken_messages(), max_size=3), st.integers(1, 200))
def test_broken_stream_gives_messages_and_refusals_or_is_given_up(messages: list[bytes], size: int) -> None:
    stream = b"".join(messages)
    parser = StreamParser()
    given_up: SipParseError | None = None
    try:
        for at in range(0, len(stream), size):
            for found in parser.feed(stream[at : at + size]):
                if isinstance(found, SipParseError):
                    refuse(found)
                else:
                    use(found)
    except SipParseError as error:
        given_up = error
    assert given_up is None or given_up.status is None


@EXAMPLES
@given(st.text(alphabet="vosctma=0 19\r\n/:INP4.audioRTV", max_size=200) | st.binary(max_size=100))
def test_any_body_is_a_description_or_a_refusal(body: str | bytes) -> None:
    data = body.encode() if isinstance(body, str) else body
    for tried in (data, b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n" + data):
        try:
            use_description(SessionDescription.parse(tried))
        except SdpError:
            continue


@EXAMPLES
@given(st.binary(max_size=120))
def test_any_bytes_in_a_digest_header_are_read_or_refused(data: bytes) -> None:
    text = "Digest " + data.decode("utf-8", "surrogateescape")
    challenge = choose_challenge([text])
    assert challenge is None or challenge.is_supported
    try:
        parse_credentials(text)
    except SipParseError:
        return


@EXAMPLES
@given(st.binary(max_size=80))
def test_any_bytes_after_a_scheme_are_a_uri_or_a_refusal(data: bytes) -> None:
    for scheme in ("sip:", "SIPS:a@", "tel:", ""):
        try:
            uri = parse_uri(scheme + data.decode("utf-8", "surrogateescape"))
        except SipParseError:
            continue
        assert parse_uri(str(uri)) == uri
