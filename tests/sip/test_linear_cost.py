"""No input costs more than linear work and memory: hostile inputs of one size, and of four and sixteen times that size.

Work is counted in byte-code instructions and memory in octets, which are the same on every machine.  What happens
inside C functions (regular expressions, searches in text) no counter shows; for those alone the processor time of
sixteen times the input is compared with a bound that only quadratic cost could pass.
"""

from __future__ import annotations

import re
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from sip.bench import CONTACT, OFFER, Bench
from twoleg.sip.digest import choose_challenge, parse_challenge, parse_credentials
from twoleg.sip.errors import SipError
from twoleg.sip.parser import MAX_MESSAGE, StreamParser, parse_datagram
from twoleg.sip.sdp import Direction, SessionDescription, answer_to
from twoleg.sip.uri import parse_uri

UNIT = 800
"""Octets, about, of the smallest input; sixteen times as much is still one message."""


def message(*lines: str, start: str = "OPTIONS sip:a@b SIP/2.0", body: bytes = b"") -> bytes:
    fields = {
        "Via": "SIP/2.0/UDP 192.0.2.20;branch=z9hG4bKn",
        "From": "<sip:a@b>;tag=1",
        "To": "<sip:c@d>",
        "Call-ID": "n",
        "CSeq": f"1 {start.partition(' ')[0]}",
    }
    given = {line.partition(":")[0] for line in lines}
    head = [f"{name}: {value}" for name, value in fields.items() if name not in given]
    return "\r\n".join([start, *head, *lines, "", ""]).encode() + body


def times(n: int, piece: str) -> str:
    """About `n` octets of one piece."""
    return piece * (n // len(piece))


def numbered(n: int, form: str) -> str:
    """About `n` octets of pieces that differ."""
    return "".join([form.format(at) for at in range(n // (len(form) + 2))])


INVITE = "INVITE sip:a@b SIP/2.0"
VIA = "SIP/2.0/UDP 192.0.2.20;branch=z9hG4bKn"

MESSAGES: dict[str, Callable[[int], bytes]] = {
    "many header lines": lambda n: message(*[f"X-{at}: v" for at in range(n // 12)]),
    "many header lines that we know": lambda n: message(*["Require: a"] * (n // 12)),
    "many names in odd case": lambda n: message(*[f"x-ODD-{at}: v" for at in range(n // 16)]),
    "one long value": lambda n: message(f"Subject: {times(n, 'x')}"),
    "one long name": lambda n: message(f"{times(n, 'x-')}: y"),
    "one long line without a colon": lambda n: message(times(n, "x ")),
    "one long fold": lambda n: message(f"Subject: a{times(n, chr(13) + chr(10) + ' ')}b"),
    "many folds": lambda n: message(f"Subject: {times(n, 'a' + chr(13) + chr(10) + chr(9))}b"),
    "bare line feeds": lambda n: message().replace(b"\r\n\r\n", b"\n" + times(n, "X: y\n").encode() + b"\n"),
    "no end of the head": lambda n: message().removesuffix(b"\r\n") + times(n, "X: y\r\n").encode(),
    "bare carriage returns": lambda n: message(f"Subject: {times(n, chr(13))}"),
    "line breaks in front": lambda n: times(n, "\r\n").encode() + message(),
    "many Via lines": lambda n: message(*[f"Via: {VIA}"] * (n // 50)),
    "many Via values in one line": lambda n: message(f"Via: {', '.join([VIA] * (n // 40))}"),
    "many Via parameters": lambda n: message(f"Via: {VIA}{numbered(n, ';p{0}=v')}"),
    "spaces in Via": lambda n: message(f"Via: SIP{times(n, ' ')}/2.0/UDP b;branch=z9hG4bK1"),
    "many empty elements": lambda n: message(f"Via: {VIA}{times(n, ', ')}"),
    "many semicolons": lambda n: message(f"From: <sip:a@b>{times(n, '; ')}"),
    "many parameters": lambda n: message(f"From: <sip:a@b>;tag=1{numbered(n, ';p{0}')}"),
    "one parameter again and again": lambda n: message(f"From: <sip:a@b>{times(n, ';tag=1')}"),
    "many escapes in quotes": lambda n: message(f'From: "{times(n, chr(92) + chr(34))}" <sip:a@b>;tag=1'),
    "quotes without an end": lambda n: message(f'From: "{times(n, chr(92) + chr(34))} <sip:a@b>;tag=1'),
    "many quoted parameters": lambda n: message(f"From: <sip:a@b>;tag=1{numbered(n, chr(59) + 'p{0}=' + chr(34) * 2)}"),
    "many quotes": lambda n: message(f"From: {times(n, chr(34))}<sip:a@b>;tag=1"),
    "many opening brackets": lambda n: message(f"From: {times(n, '<')}sip:a@b>;tag=1"),
    "many closing brackets": lambda n: message(f"From: <sip:a@b{times(n, '>')};tag=1"),
    "many words in a name": lambda n: message(f"From: {times(n, 'a ')}<sip:a@b>;tag=1"),
    "nested comments": lambda n: message(f"User-Agent: {times(n // 2, '(')}{times(n // 2, ')')}"),
    "many Contacts": lambda n: message(f"Contact: {', '.join(['<sip:a@b>'] * (n // 11))}"),
    "many Contacts with many parameters": lambda n: message(
        f"Contact: {', '.join(['<sip:a@b;' + numbered(100, 'p{0};') + 'x>'] * (n // 120))}"
    ),
    "many Record-Routes": lambda n: message(
        CONTACT, f"Record-Route: {', '.join(['<sip:a@b;lr>'] * (n // 15))}", start=INVITE
    ),
    "many Reasons": lambda n: message(f"Reason: {', '.join(['SIP;cause=200'] * (n // 15))}", CONTACT, start=INVITE),
    "many broken Reasons": lambda n: message(f"Reason: {times(n, 'SIP;;,')}", CONTACT, start=INVITE),
    "many options": lambda n: message(f"Require: {numbered(n, 'o{0}, ')}x", CONTACT, start=INVITE),
    "many Accepts": lambda n: message(f"Accept: {numbered(n, 'o/{0};q=0.1, ')}x/y", CONTACT, start=INVITE),
    "long Request-URI": lambda n: message(start=f"OPTIONS sip:{times(n, 'a')}@b SIP/2.0"),
    "Request-URI with many parameters": lambda n: message(start=f"OPTIONS sip:a@b{numbered(n, ';p{0}=v')} SIP/2.0"),
    "Request-URI with many headers": lambda n: message(start=f"OPTIONS sip:a@b?{numbered(n, 'h{0}=v&')}x=y SIP/2.0"),
    "Request-URI of escapes": lambda n: message(start=f"OPTIONS sip:{times(n, '%41')}@b SIP/2.0"),
    "Request-URI of colons": lambda n: message(start=f"OPTIONS sip:[{times(n, ':')}] SIP/2.0"),
    "Request-URI of another scheme": lambda n: message(start=f"OPTIONS urn:{times(n, 'a:')} SIP/2.0"),
    "request line of spaces": lambda n: message(start=f"OPTIONS{times(n, ' ')}sip:a@b SIP/2.0"),
    "long method": lambda n: message(start=f"{times(n // 2, 'X')} sip:a@b SIP/2.0"),
    "number of many digits": lambda n: message(f"Max-Forwards: {times(n, '9')}"),
    "number of many zeros": lambda n: message(f"Max-Forwards: {times(n, '0')}70"),
    "long Call-ID": lambda n: message(f"Call-ID: {times(n, 'c')}"),
    "long Content-Length": lambda n: message(f"Content-Length: {times(n, '0')}"),
    "long body": lambda n: message("Content-Type: application/sdp", CONTACT, start=INVITE, body=b"x" * n),
    "octets that are no text": lambda n: message() [:-2] + b"X: " + b"\xff" * n + b"\r\n\r\n",
}  # fmt: skip

DESCRIPTIONS: dict[str, Callable[[int], bytes]] = {
    "many lines": lambda n: (OFFER + times(n, "a=x:y\r\n")).encode(),
    "many media": lambda n: (OFFER + times(n, "m=audio 4 RTP/AVP 8\r\n")).encode(),
    "many refused media": lambda n: (OFFER.replace("4000", "0") + times(n, "m=video 0 RTP/AVP 8\r\n")).encode(),
    "many formats": lambda n: f"{OFFER.strip()}{times(n, ' 8')}\r\n".encode(),
    "many different formats": lambda n: f"{OFFER.strip()}{numbered(n, ' {0}')}\r\n".encode(),
    "many spaces in a media line": lambda n: f"{OFFER}m=audio{times(n, ' ')}x\r\n".encode(),
    "a media line that fails at its end": lambda n: f"{OFFER}m=audio 1 RTP/AVP{times(n, ' a')}\x0b\r\n".encode(),
    "many rtpmaps": lambda n: (OFFER + numbered(n, "a=rtpmap:{0} PCMA/8000\r\n")).encode(),
    "many directions": lambda n: (OFFER + times(n, "a=sendonly\r\n")).encode(),
    "many connections": lambda n: (OFFER + times(n, "c=IN IP4 192.0.2.1\r\n")).encode(),
    "one long line": lambda n: f"{OFFER}a=x:{times(n, 'y')}\r\n".encode(),
    "many empty lines": lambda n: OFFER.encode() + times(n, "\r\n").encode(),
    "bare carriage returns": lambda n: OFFER.encode() + times(n, "\r").encode(),
    "long numbers": lambda n: OFFER.replace("- 1 1", f"- 1 {times(n, '9')}").encode(),
}

DIGESTS: dict[str, Callable[[int], str]] = {
    "many parameters": lambda n: f'Digest realm="r", nonce="n"{numbered(n, ", p{0}=v")}',
    "one parameter again and again": lambda n: f'Digest realm="r", nonce="n"{times(n, ", a=v")}',
    "many quoted parameters": lambda n: "Digest realm=r, nonce=n" + numbered(n, ', p{0}="v,"'),
    "many escapes": lambda n: f'Digest realm="{times(n, chr(92) + chr(34))}", nonce="n"',
    "quotes without an end": lambda n: f'Digest nonce="n", realm="{times(n, chr(92) + chr(34))}',
    "many quotes": lambda n: f"Digest realm={times(n, chr(34))}",
    "many commas": lambda n: f"Digest {times(n, ',')}",
    "many brackets": lambda n: f"Digest realm={times(n, '<')}",
    "many protections": lambda n: f'Digest realm="r", nonce="n", qop="{numbered(n, "q{0},")}auth"',
    "spaces": lambda n: f'Digest{times(n, " ")}realm="r", nonce="n"',
}

URIS: dict[str, Callable[[int], str]] = {
    "long user": lambda n: f"sip:{times(n, 'a')}@b",
    "many at signs": lambda n: f"sip:{times(n, '@')}b",
    "many colons": lambda n: f"sip:{times(n, ':')}@b",
    "many brackets": lambda n: f"sip:{times(n, '[')}",
    "long host": lambda n: f"sip:{times(n, 'a.')}b",
    "broken escapes": lambda n: f"sip:{times(n, '%4')}@b",
    "many parameters": lambda n: f"sip:b{numbered(n, ';p{0}=v')}",
    "many headers": lambda n: f"sip:b?{numbered(n, 'h{0}=v&')}x=y",
    "tel": lambda n: f"tel:{times(n, '1;')}",
}


def parse(data: bytes) -> None:
    parse_datagram(data).encode()


def answer(data: bytes) -> None:
    bench = Bench()
    bench.hear(data)
    for transmit in bench.ua.take_output():
        parse_datagram(transmit.data)


def ring_and_talk(data: bytes) -> None:
    """For requests that make a dialog: its whole life."""
    bench = Bench()
    bench.hear(data)
    bench.events()
    bench.ua.accept(1, body=OFFER.encode(), now=bench.now)
    bench.ua.release(1, now=bench.now)
    bench.run(100)


def stream_octet_by_octet(data: bytes) -> None:
    parser = StreamParser()
    for at in range(len(data)):
        parser.feed(data[at : at + 1])


def stream_at_once(data: bytes) -> None:
    StreamParser().feed(data)


def describe(data: bytes) -> None:
    description = SessionDescription.parse(data)
    description.with_direction(Direction.INACTIVE).with_origin(
        username="a", session_id=1, version=1, address="b"
    ).encode()
    _ = description.is_on_hold, description.audio_address
    answer_to(description, address="192.0.2.1", port=4, session_id=1)


def digest(text: str) -> None:
    choose_challenge([text, text])
    with suppress(SipError):
        parse_challenge(text)
    parse_credentials(text)


def resolve(text: str) -> None:
    uri = parse_uri(text)
    assert parse_uri(str(uri)) == uri


def cases() -> list[Any]:
    found = []
    for targets, family in (
        ((parse, answer, stream_at_once, stream_octet_by_octet), MESSAGES),
        ((describe,), DESCRIPTIONS),
        ((digest,), DIGESTS),
        ((resolve,), URIS),
    ):
        for target in targets:
            found += [pytest.param(target, make, id=f"{target.__name__}: {name}") for name, make in family.items()]
    found += [pytest.param(ring_and_talk, MESSAGES[name], id=f"talk: {name}") for name in ("many Record-Routes",)]
    return found


def instructions(work: Callable[[Any], None], matter: bytes | str) -> int:
    """How many byte-code instructions it takes; what it raises on purpose is its right."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(SipError):
            work(matter)
    finally:
        sys.settrace(before)
    return count


def memory(work: Callable[[Any], None], matter: bytes | str) -> int:
    """Octets in use at the worst moment."""
    tracemalloc.start()
    try:
        with suppress(SipError):
            work(matter)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def processor_time(work: Callable[[Any], None], matter: bytes | str) -> int:
    """Nanoseconds of this thread, the least of some tries."""
    tries = []
    for _ in range(7):
        start = time.thread_time_ns()
        with suppress(SipError):
            work(matter)
        tries.append(time.thread_time_ns() - start)
    return min(tries)


def grows_by_line(data: bytes) -> None:
    kept: list[bytes] = []
    for each in data.split(b"x"):
        kept.extend(other for other in kept[-1000:] if other == each + b"-")
        kept.append(each)


def remembers_every_rest(data: bytes) -> None:
    _ = [data[at:] for at in range(len(data))]


def backtracks(data: bytes) -> None:
    re.search(rb"x*x*y", data)


def test_the_counters_see_what_is_not_linear() -> None:
    small, large = b"x" * UNIT, b"x" * 4 * UNIT
    assert instructions(grows_by_line, small) > 8 * instructions(grows_by_line, small[: UNIT // 4])
    assert memory(remembers_every_rest, large) > 12 * memory(remembers_every_rest, small)
    assert processor_time(backtracks, b"x" * 480) > 64 * processor_time(backtracks, b"x" * 30)


@pytest.mark.parametrize(("work", "make"), cases())
def test_four_times_the_input_costs_four_times_the_work_and_memory(
    work: Callable[[Any], None], make: Callable[[int], bytes | str]
) -> None:
    small, large = make(UNIT), make(4 * UNIT)
    with suppress(SipError):
        work(small)  # what is compiled or remembered once is so before it is counted
    assert instructions(work, large) <= 4.2 * instructions(work, small) + 500
    assert memory(work, large) <= 4.5 * memory(work, small) + 20_000


@pytest.mark.slow
@pytest.mark.parametrize(("work", "make"), cases())
def test_sixteen_times_the_input_takes_no_quadratic_time(
    work: Callable[[Any], None], make: Callable[[int], bytes | str]
) -> None:
    small, large = make(4 * UNIT), make(64 * UNIT)
    assert len(large) <= MAX_MESSAGE
    with suppress(SipError):
        work(small)
    for _ in range(3):  # a machine that is busy with something else may spoil one comparison
        if processor_time(work, large) <= 64 * max(processor_time(work, small), 20_000):
            return
    pytest.fail("sixteen times the input took more than sixty-four times as long, three times in a row")
