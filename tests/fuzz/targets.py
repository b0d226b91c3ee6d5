"""What is fuzzed: functions from any octets to nothing.  They raise only when we have a fault.

Each holds what the code under it promises: which errors it raises, and that what it read is read again as the same
when it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sip.bench import ANSWER, CONTACT, OFFER, PEER, Bench, call_in, reply
from twoleg.sip.credentials import Credentials
from twoleg.sip.digest import (
    authorization,
    check,
    choose_challenge,
    format_challenge,
    parse_challenge,
    parse_credentials,
)
from twoleg.sip.errors import SdpError, SipParseError
from twoleg.sip.events import Failed, FailureOrigin, Fault
from twoleg.sip.headers import CSeq, NameAddr, Reason, Via
from twoleg.sip.message import Request, Response, response_to, response_to_malformed
from twoleg.sip.parser import StreamParser, parse_datagram
from twoleg.sip.sdp import Direction, SessionDescription, answer_to
from twoleg.sip.syntax import split_list
from twoleg.sip.uri import SipUri, parse_uri

Target = Callable[[bytes], None]


def text_of(data: bytes) -> str:
    """Octets as they stand in a header field, which is one line: the parser lets no line break through."""
    return data.decode("utf-8", "surrogateescape").replace("\r", " ").replace("\n", " ")


def message(data: bytes) -> None:
    """One datagram."""
    try:
        found = parse_datagram(data)
    except SipParseError as error:
        refuse(error)
    else:
        use(found)


def stream(data: bytes) -> None:
    """A byte stream; the first octet says in what pieces it comes."""
    size, rest, parser = 1 + (data[0] if data else 0), data[1:], StreamParser()
    with suppress(SipParseError):
        for at in range(0, len(rest), size):
            for found in parser.feed(rest[at : at + size]):
                if isinstance(found, SipParseError):
                    refuse(found)
                else:
                    use(found)


def refuse(error: SipParseError) -> None:
    answer = response_to_malformed(error, to_tag="t")
    if answer is not None:
        assert answer.status == error.status
        assert answer.encode().startswith(b"SIP/2.0 ")


def use(found: Request | Response) -> None:
    again = parse_datagram(found.encode())
    assert (again.start_line, again.body, again.call_id) == (found.start_line, found.body, found.call_id)
    assert (again.vias, again.from_, again.to, again.cseq) == (found.vias, found.from_, found.to, found.cseq)
    assert (again.contacts, again.routes, again.record_routes) == (found.contacts, found.routes, found.record_routes)
    assert again.reasons == found.reasons
    if isinstance(found, Request):
        answered = parse_datagram(response_to(found, 180, to_tag="t").encode())
        assert answered.to.tag is not None
        assert answered.vias == found.vias


def sdp(data: bytes) -> None:
    """A session description."""
    try:
        description = SessionDescription.parse(data)
    except SdpError:
        return
    assert SessionDescription.parse(description.encode()) == description
    changed = description.with_direction(Direction.INACTIVE)
    assert SessionDescription.parse(changed.encode()) == changed
    assert description.audio is None or changed.is_on_hold
    try:
        answer = answer_to(description, address="127.0.0.1", port=4000, session_id=1)
    except SdpError:
        return
    assert [media.kind for media in SessionDescription.parse(answer.encode()).media] == [
        media.kind for media in description.media
    ]


def digest(data: bytes) -> None:
    """A challenge, and credentials."""
    text = text_of(data)
    challenge = choose_challenge([text])
    if challenge is not None:
        assert parse_challenge(format_challenge(challenge)) == challenge
        proof = parse_credentials(
            authorization(challenge, method="BYE", uri="sip:a", username="u", password="p", cnonce="c")
        )
        assert challenge.wants_userhash or check(proof, method="BYE", password="p")
    with suppress(SipParseError):
        check(parse_credentials(text), method="INVITE", password="secret", body=data)


def uri(data: bytes) -> None:
    """A URI of a scheme that we know."""
    text = text_of(data)
    for scheme in ("", "sip:", "sips:a@", "tel:"):
        try:
            found = parse_uri(scheme + text)
        except SipParseError:
            continue
        assert parse_uri(str(found)) == found
        if isinstance(found, SipUri):
            assert found.equivalent(found)


def header(data: bytes) -> None:
    """The value of a header field, read as each of the kinds that there are."""
    text = text_of(data)
    for kind in (NameAddr, Via, CSeq, Reason):
        with suppress(SipParseError):
            for part in split_list(text):
                found = kind.parse(part)
                assert kind.parse(str(found)) == found, (found, str(found))


def agent(data: bytes) -> None:
    """A user agent in the middle of calls: what comes next, in datagrams that a NUL NUL separates."""
    bench = Bench()
    bench.dial(credentials=Credentials("a", "b"))
    first = bench.request()
    _, tag = bench.talk_in()
    known = {"$BRANCH": first.via.branch, "$TAG": tag, "$FROM": first.from_.tag, "$CALL": first.call_id}
    for name, value in known.items():
        data = data.replace(name.encode(), (value or "").encode())
    for datagram in data.split(b"\0\0"):
        bench.hear(datagram, PEER)
        bench.run(1)
    for leg in range(1, 6):
        bench.ua.release(leg, now=bench.now)
    bench.run(500)
    events = bench.events()
    assert not [event for event in events if isinstance(event, Fault)], events
    assert not [event for event in events if isinstance(event, Failed) and event.origin is FailureOrigin.INTERNAL], (
        events
    )
    assert bench.ua.next_deadline() is None
    assert not bench.ua._core.legs


def seeds_of_agent() -> list[bytes]:
    """Answers to the call that we make, and requests in the one that is up."""
    bench = Bench()
    bench.dial()
    first = bench.request()
    known = {first.via.branch: "$BRANCH", first.from_.tag: "$FROM", first.call_id: "$CALL"}
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    told = [
        reply(first, "180 Ringing", CONTACT),
        reply(first, "183 Session Progress", CONTACT, "Require: 100rel", "RSeq: 1", body=ANSWER),
        reply(first, "200 OK", CONTACT, "Record-Route: <sip:192.0.2.9;lr>", body=ANSWER),
        reply(first, "200 OK", CONTACT, "Session-Expires: 90;refresher=uac", to_tag="other", body=ANSWER),
        reply(first, "401 Unauthorized", challenge),
        reply(first, "302 Moved Temporarily", "Contact: <sip:x@192.0.2.30>;q=0.5"),
        reply(first, "422 Session Interval Too Small", "Min-SE: 1800"),
        reply(first, "486 Busy Here", "Reason: Q.850;cause=17"),
        call_in("INVITE", branch="z9hG4bKre", cseq=5, to_tag="$TAG", body=OFFER),
        call_in("UPDATE", branch="z9hG4bKup", cseq=5, to_tag="$TAG", body=OFFER),
        call_in("INFO", branch="z9hG4bKinfo", cseq=6, to_tag="$TAG"),
        call_in("BYE", "Reason: SIP;cause=200", branch="z9hG4bKbye", cseq=7, to_tag="$TAG"),
        call_in("INVITE", branch="z9hG4bKnew", call_id="new", body=OFFER),
        call_in("CANCEL", branch="z9hG4bKnew", call_id="new"),
        call_in("ACK", branch="z9hG4bKack", to_tag="$TAG"),
    ]
    for value, name in known.items():
        told = [each.replace((value or "-").encode(), name.encode()) for each in told]
    return [*told, b"\0\0".join(told[:3]), b"\0\0".join(told[8:10]), b"\0\0".join(told[12:14])]


TARGETS: dict[str, Target] = {target.__name__: target for target in (message, stream, sdp, digest, uri, header, agent)}
