"""Nothing secret is left in a message that was redacted, and what is needed to understand it is still there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.secret_messages import SECRET, Sent, messages
from twoleg.sip.errors import SipParseError
from twoleg.sip.message import Request, Response
from twoleg.sip.parser import parse_datagram
from twoleg.sip.redaction import HIDDEN, redact

INVITE = b"""\
INVITE sip:bob@example.org SIP/2.0\r
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds\r
Max-Forwards: 70\r
To: Bob <sip:bob@example.org>\r
From: Alice <sip:alice@example.org>;tag=1928301774\r
Call-ID: a84b4c76e66710\r
CSeq: 314159 INVITE\r
Contact: <sip:alice@192.0.2.1>\r
Content-Type: application/sdp\r
Content-Length: 87\r
\r
v=0\r
o=- 1 1 IN IP4 192.0.2.1\r
s=-\r
c=IN IP4 192.0.2.1\r
t=0 0\r
m=audio 4000 RTP/AVP 0\r
"""
TORTURE = Path(__file__).parent / "torture"


def with_field(field: str) -> bytes:
    return INVITE.replace(b"Max-Forwards: 70", field.encode())


def test_a_message_without_secrets_stays_as_it_is() -> None:
    assert redact(INVITE) == INVITE


def test_a_digest_loses_its_response_and_what_goes_into_it() -> None:
    told = redact(
        with_field(
            'Proxy-Authorization: Digest username="alice", realm="example.org", nonce="84a4", uri="sip:b@example.org", '
            'response="6629fae49393a05397450978507c4ef1", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001'
        )
    ).decode()
    assert (
        'Proxy-Authorization: Digest username="alice", realm="example.org", nonce="84a4", uri="sip:b@example.org", '
        'response="[redacted]", algorithm=MD5, cnonce="[redacted]", qop=auth, nc=00000001\r\n'
    ) in told


def test_a_challenge_is_shown_for_a_stale_nonce_must_be_seen() -> None:
    challenge = 'WWW-Authenticate: Digest realm="example.org", nonce="84a4", stale=true'
    assert challenge.encode() in redact(with_field(challenge))


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("Authorization: Bearer eyJhbGciOi", "Authorization: Bearer [redacted]"),
        ("Authorization: Basic YWxhZGRpbjpvcGVu", "Authorization: Basic [redacted]"),
        ("Authorization: eyJhbGciOi", "Authorization: [redacted]"),
        ('Authorization: Digest response="a', "Authorization: Digest [redacted]"),
        ('Authentication-Info: rspauth="6629", cnonce="0a4f"', "Authentication-Info: [redacted]"),
        ("X-Api-Key: 12345", "X-Api-Key: [redacted]"),
        ("Contact: <sip:alice:pw@192.0.2.1>", "Contact: <sip:alice:redacted@192.0.2.1>"),
        ("Contact: <sip:a@192.0.2.1;pn-prid=abc;x=1>", "Contact: <sip:a@192.0.2.1;pn-prid=redacted;x=1>"),
        ("Refer-To: <sip:c@h?X-Token=a&b=c>", "Refer-To: <sip:c@h?X-Token=redacted&b=c>"),
        ("Subject: folded\r\n  and on", "Subject: folded and on"),
        ("no field at all", "[redacted]"),
    ],
)
def test_what_is_shown_of_a_field(field: str, told: str) -> None:
    assert f"\r\n{told}\r\n".encode() in redact(with_field(field))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwg|2^20|1:4 UNENCRYPTED_SRTCP",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 [redacted]",
        ),
        ("a=ice-pwd:asd88fgpdd777uzjYhagZg", "a=ice-pwd:[redacted]"),
        ("a=ice-ufrag:8hhY", "a=ice-ufrag:8hhY"),
        ("k=clear:pw", "k=[redacted]"),
        ("a=key-mgmt:mikey AQAFgM0X", "a=key-mgmt:[redacted]"),
        ("a=rtpmap:0 PCMU/8000", "a=rtpmap:0 PCMU/8000"),
        ("Authorization: Bearer x", "[redacted]"),
    ],
)
def test_what_is_shown_of_a_line_of_a_description(line: str, told: str) -> None:
    message = redact(INVITE + line.encode() + b"\r\n")
    assert message.endswith(f"\r\n{told}\r\n".encode())
    parsed = parse_datagram(message)
    assert parsed.headers.get("Content-Length") == str(len(parsed.body))


def test_digits_of_a_pin_are_not_shown() -> None:
    body = b"Signal=5\r\nDuration=160\r\n"
    info = INVITE.partition(b"\r\n\r\n")[0].replace(b"application/sdp", b"application/dtmf-relay") + b"\r\n\r\n" + body
    assert redact(info).endswith(b"\r\n\r\n[24 bytes of application/dtmf-relay not kept]")


@given(messages())
def test_no_secret_of_any_message_is_left(sent: Sent) -> None:
    assert SECRET.encode() not in redact(sent.data)


@given(messages())
def test_nothing_is_redacted_twice(sent: Sent) -> None:
    once = redact(sent.data)
    assert redact(once) == once or b"not kept]" in once


@given(messages())
def test_a_redacted_message_is_still_a_message(sent: Sent) -> None:
    told = redact(sent.data)
    assert re.search(rb"(?m)^Call-ID: " + sent.call_id.encode() + rb"\r$", told)
    if b"SIP/2.0" in sent.data.partition(b"\r\n")[0]:
        assert told.partition(b"\r\n")[0] != HIDDEN


@given(st.binary(max_size=400))
def test_any_octets_at_all_come_through(data: bytes) -> None:
    assert isinstance(redact(data), bytes)


@pytest.mark.parametrize("file", sorted(TORTURE.glob("*.dat")), ids=lambda file: file.stem)
def test_torture_messages_say_the_same_afterwards(file: Path) -> None:
    data = file.read_bytes()
    try:
        before = parse_datagram(data)
    except SipParseError:
        assert redact(data)
        return
    after = parse_datagram(redact(data))
    assert after.call_id == before.call_id
    if isinstance(before, Request) and isinstance(after, Request):
        assert (after.method, after.cseq) == (before.method, before.cseq)
    if isinstance(before, Response) and isinstance(after, Response):
        assert after.status == before.status


@pytest.mark.parametrize(
    "hostile",
    [
        b"sip:a:" * 10_000,
        b"?auth" * 12_000,
        b'a="' * 20_000,
        b";token  " * 8_000,
        b"sip:@" * 12_000,
        b"inline:" * 9_000,
        b"a=crypto:1 " * 6_000,
    ],
)
@pytest.mark.timeout(10)
def test_no_message_takes_long(hostile: bytes) -> None:
    """Each takes some ten milliseconds; one that took time by the square of its length would take minutes."""
    head = b"SIP/2.0 200 OK\r\nX: " + hostile + b"\r\nAuthorization: Digest " + hostile + b"\r\n"
    assert redact(head + b"Content-Type: application/sdp\r\n\r\n" + hostile)
