"""Where the fuzzers begin: octets of every kind of input, most of them from the torture messages of the RFCs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fuzz.targets import seeds_of_agent
from sip.bench import OFFER
from twoleg.sip.errors import SipParseError
from twoleg.sip.parser import parse_datagram

TORTURE = Path(__file__).parent.parent / "sip" / "torture"
FOUND = Path(__file__).parent / "found"
"""Inputs that once broke something, a folder for each target: they are tried first, for good."""

DIGESTS = [
    b'Digest realm="r", nonce="n"',
    b'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256, opaque="o", stale=TRUE',
    b'Digest\trealm="a\\"b" ,nonce="", algorithm=MD5-sess, userhash=true, domain="sip:a, sip:b"',
    b'Digest username="u", realm="r", nonce="n", uri="sip:a", response="00", qop=auth, nc=00000001, cnonce="c"',
    b'Digest username="u", realm="r", nonce="n", uri="sip:a", response="\xc3\xa4", qop=auth-int, algorithm=SHA-512-256',
    b"NoOneKnowsThisScheme opaque-data=here",
]
DESCRIPTIONS = [
    OFFER.encode(),
    OFFER.encode() + b"a=sendonly\r\na=rtpmap:8 PCMA/8000/1\r\nm=video 0 RTP/AVP 31\r\nc=IN IP6 ::1\r\na=inactive\r\n",
    OFFER.encode().replace(b"\r\n", b"\n") + b"m=image 4 udptl t38\n\n",
]
WORDS = [
    *(
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "UPDATE",
        "INFO",
        "PRACK",
        "REFER",
        "SIP/2.0",
        "sip:",
        "sips:",
        "tel:",
    ),
    *("Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: ", "Contact: ", "Route: ", "Record-Route: ", "Content-Length: "),
    *("Content-Type: application/sdp", "Require: ", "Supported: ", "Session-Expires: ", "Min-SE: ", "RSeq: ", "RAck: "),
    *(
        "Reason: ",
        "Retry-After: ",
        "Max-Forwards: ",
        "WWW-Authenticate: ",
        "Proxy-Authenticate: ",
        "Accept: ",
        "100rel",
    ),
    *(
        ";tag=",
        ";branch=z9hG4bK",
        ";rport",
        ";received=",
        ";maddr=",
        ";lr",
        ";transport=tcp",
        ";refresher=uas",
        "[::1]",
    ),
    *("Digest ", "realm=", "nonce=", "qop=", "algorithm=", "SHA-256-sess", "stale=true", "userhash=true", "auth-int"),
    *("v=0", "o=", "c=IN IP4 ", "c=IN IP6 ", "m=audio ", "RTP/AVP", "a=rtpmap:", "a=inactive", "a=sendonly", "t=0 0"),
    *("$BRANCH", "$TAG", "$FROM", "$CALL", "Q.850;cause=", "SIP;cause=", ";text="),
]
"""What changes are made of, besides octets."""


def dictionary() -> str:
    """The words as libFuzzer reads them."""
    special = ["\\x0d\\x0a", "\\x0d\\x0a ", "\\x0d\\x0a\\x0d\\x0a", "\\x00\\x00", "\\x22", "\\x5c\\x22"]
    return "".join([f'"{word}"\n' for word in [*WORDS, *special]])


def seeds(target: str) -> list[bytes]:
    """What `target` begins with."""
    messages = [path.read_bytes() for path in sorted(TORTURE.rglob("*.dat"))]
    found = [path.read_bytes() for path in sorted((FOUND / target).glob("*"))]
    match target:
        case "message":
            return found + messages
        case "stream":
            return found + [b"\xff" + each for each in messages] + [b"\x02" + messages[0] + b"\r\n\r\n" + messages[1]]
        case "sdp":
            return (
                found
                + DESCRIPTIONS
                + [each.partition(b"\r\n\r\n")[2] for each in messages if b"application/sdp" in each]
            )
        case "digest":
            return found + DIGESTS
        case "agent":
            return found + seeds_of_agent() + messages
        case _:
            return found + list(values(messages))


def values(messages: list[bytes]) -> Iterator[bytes]:
    """Every header value of the messages that can be read, and the URIs in them."""
    for each in messages:
        try:
            message = parse_datagram(each)
        except SipParseError:
            continue
        yield from {value.encode("utf-8", "surrogateescape") for _, value in message.headers}
        yield from (address.uri.encode("utf-8", "surrogateescape") for address in message.contacts)
