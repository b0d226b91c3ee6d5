"""Damaged messages in the middle of calls: no exception, no fault of ours, and the user agent still works after it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sip.bench import ANSWER, CONTACT, OFFER, Bench, call_in, reply
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Failed, FailureOrigin, Fault
from twoleg.sip.parser import parse_datagram

JUNK = st.sampled_from(
    [
        b"",
        b"\r\n",
        b";tag=",
        b"<>",
        b"<sip:",
        b'"',
        b",",
        b"\x00",
        b"\xff",
        b"99999999999999999999",
        b"-1",
        b"sip:[::1]:0",
        b"sip:a@b;lr;lr",
        b"mailto:x",
        b"Record-Route: <sip:;lr>\r\n",
        b"Record-Route: <mailto:x>\r\n",
        b"Contact: <sip:x@[::1]>, <tel:1>\r\n",
        b"Contact: *\r\n",
        b"Via: SIP/2.0/UDP [::1]:0;rport=1;received=\r\n",
        b"Require: \r\n",
        b"Reason: ;;\r\n",
        b"Retry-After: 99999999999999\r\n",
        b"Retry-After: 0\r\n",
        b"WWW-Authenticate: Digest realm=,nonce=\r\n",
        b'WWW-Authenticate: Digest realm="\\", nonce="n"\r\n',
        b"Max-Forwards: 000\r\n",
        b"SIP/2.0 ",
        b"ACK ",
        b"CANCEL ",
    ]
)
damages = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), JUNK), min_size=1, max_size=3)


def damaged(data: bytes, blows: list[tuple[float, int, bytes]]) -> bytes:
    for where, length, junk in blows:
        at = int(where * len(data))
        data = data[:at] + junk + data[at + length :]
    return data


def damaged_at_lines(data: bytes, blows: list[tuple[float, int, bytes]]) -> bytes:
    """The same at the start of a header line: more of these get past the parser."""
    lines = data.split(b"\r\n")
    for where, length, junk in blows:
        at = 1 + int(where * (len(lines) - 3))
        lines[at : at + (length == 0)] = [junk.removesuffix(b"\r\n")]
    return b"\r\n".join(lines)


def messages(bench: Bench) -> list[bytes]:
    """Something for every place in the user agent, in a bench with calls in several states."""
    dialling = bench.dial(credentials=Credentials("a", "b"))
    ringing = bench.dial()
    delayed = bench.dial(body=None)
    first, second, third = bench.requests()
    bench.hear(reply(second, "180 Ringing"))
    bench.hear(reply(third, "200 OK", CONTACT, body=OFFER))
    bench.sent(), bench.events()
    leg, tag = bench.talk_in()
    bench.ua.reinvite(leg, body=OFFER.encode(), now=bench.now)
    ours = bench.request()
    bench.hear(call_in(branch="z9hG4bKsecond", call_id="second", body=OFFER))
    bench.events()
    assert (dialling, ringing, delayed) == (1, 2, 3)
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
    return [
        reply(first, "401 Unauthorized", challenge),
        reply(first, "200 OK", CONTACT, "Record-Route: <sip:192.0.2.9;lr>", body=ANSWER),
        reply(first, "302 Moved", CONTACT, "Reason: Q.850;cause=16"),
        reply(second, "183 Progress", CONTACT, body=ANSWER),
        reply(ours, "200 OK", CONTACT, body=ANSWER),
        reply(ours, "500 Server Internal Error", "Retry-After: 3"),
        reply(ours, "491 Request Pending"),
        call_in(branch="z9hG4bKthird", call_id="third", body=OFFER),
        call_in("INVITE", branch="z9hG4bKre", cseq=5, to_tag=tag, body=OFFER),
        call_in("INFO", branch="z9hG4bKinfo", cseq=6, to_tag=tag),
        call_in("BYE", "Reason: SIP;cause=200", branch="z9hG4bKbye", cseq=7, to_tag=tag),
        call_in("CANCEL", branch="z9hG4bKsecond", call_id="second"),
        call_in("ACK", branch="z9hG4bKa", to_tag=tag),
        call_in("OPTIONS", branch="z9hG4bKo", call_id="o"),
    ]


@given(which=st.integers(0, 13), blows=damages, by_line=st.booleans())
def test_a_damaged_message_never_makes_a_fault(
    which: int, blows: list[tuple[float, int, bytes]], *, by_line: bool
) -> None:
    bench = Bench()
    data = messages(bench)[which]

    bench.hear((damaged_at_lines if by_line else damaged)(data, blows))
    bench.run(40)
    for leg in range(1, 8):
        bench.ua.release(leg, now=bench.now)
    bench.run(400)

    events = bench.events()
    assert not [event for event in events if isinstance(event, Fault)]
    assert not [event for event in events if isinstance(event, Failed) and event.origin is FailureOrigin.INTERNAL]
    assert bench.ua.next_deadline() is None
    for transmit in bench.ua.take_output():
        # A refusal of what cannot be read gives its header fields back as they came.
        if not transmit.data.startswith((b"SIP/2.0 4", b"SIP/2.0 5")):
            parse_datagram(transmit.data)
    bench.hear(call_in("OPTIONS", branch="z9hG4bKlast", call_id="last"))
    assert bench.lines() == ["200"]


@given(data=st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    bench = Bench()

    bench.hear(data)

    assert not [event for event in bench.events() if isinstance(event, Fault)]
