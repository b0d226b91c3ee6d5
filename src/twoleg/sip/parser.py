"""Bytes to messages: datagrams (RFC 3261 18.3, 7) and, below, byte streams.

Any bytes lead to a message or to a SipParseError, in time linear in their length.  What the RFC lets a user agent
tolerate is tolerated (line folding, bare line feeds, missing Max-Forwards, unquoted display names, octets after the
body); what it says must be refused is refused.  Every field that `message` gives typed access to has been read once
when a message leaves here.
"""

from __future__ import annotations

import re
from typing import Final

from twoleg.sip.errors import SipParseError
from twoleg.sip.header_names import CANONICAL, canonical_name
from twoleg.sip.headers import Headers, NameAddr
from twoleg.sip.message import Request, Response
from twoleg.sip.syntax import is_token, parse_number
from twoleg.sip.uri import SipUri, scheme_of

MAX_MESSAGE: Final = 65_535
"""Octets; the largest UDP datagram, and our bound for a message in a stream."""

MAX_HEADERS: Final = 200
"""Header lines in one message."""

_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_FOLD: Final = re.compile(r"\n[ \t]+")
_LENGTHS: Final = re.compile(rb"\n(?:Content-Length|l)[ \t]*:([^\n]*)", re.IGNORECASE)

_CALL_ID: Final = re.compile(r"[\x21-\x7e]+")

_ADDRESS_LISTS: Final = {"Contact": "contacts", "Record-Route": "record_routes", "Route": "routes"}
"""List headers that some messages have, and the accessor that reads each."""

# RFC 3261 7.3.1 and 20: fields whose grammar is no list; two of them leave the meaning open (RFC 4475 3.3.8, 3.3.9).
_ONLY_ONCE: Final = frozenset({"Call-ID", "Content-Length", "Content-Type", "CSeq", "From", "Max-Forwards", "To"})


def is_keep_alive(data: bytes) -> bool:
    """Whether a datagram holds no message on purpose: empty, line breaks (RFC 5626 3.5.1) or the odd NUL."""
    return len(data) < 5 and not data.strip(b"\r\n\0 ")


def parse_datagram(data: bytes) -> Request | Response:
    """The message in one datagram; octets after the body are dropped (RFC 4475 3.1.1.8).

    Raises SipParseError.  Its status is None for responses and ACKs, which nobody answers.
    """
    if len(data) > MAX_MESSAGE:
        raise SipParseError("message too large", status=None)
    data = data.lstrip(b"\r\n") if data[:1] in (b"\r", b"\n") else data  # RFC 3261 7.5
    head, body, is_complete = _cut(data)
    return _parse(head, body, is_complete=is_complete)


def _cut(data: bytes) -> tuple[str, bytes, bool]:
    """Head as text with single line feeds, body, and whether the blank line between them was there."""
    end = data.find(b"\r\n\r\n")
    head, body = (data[:end], data[end + 4 :]) if end >= 0 else (data, b"")
    if end < 0 or head.count(b"\n") != head.count(b"\r\n"):  # bare line feeds: find the blank line anew
        found = _END_OF_HEAD.search(data)
        end = found.start() if found is not None else -1
        head, body = (data[:end], data[found.end() :]) if found is not None else (data, b"")
    text = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return (_FOLD.sub(" ", text) if "\n " in text or "\n\t" in text else text), body, end >= 0


def _parse(head: str, body: bytes, *, is_complete: bool) -> Request | Response:
    fault = None if is_complete else "no blank line after the header fields"
    if "\r" in head:
        fault = "bare carriage return"
        head = head.replace("\r", " ")  # what can be read goes back in the answer
    lines = head.split("\n")
    headers, fault = _read_headers(lines, fault)
    try:
        message = _read_start_line(lines[0])
        _fill(message, headers=headers, body=body, fault=fault)
    except SipParseError as error:
        is_silent = _is_of_response(lines[0]) or lines[0].startswith("ACK ")
        raise SipParseError(error.why, status=None if is_silent else error.status, headers=headers) from error
    return message


def _fill(message: Request | Response, *, headers: Headers, body: bytes, fault: str | None) -> None:
    if fault is not None:
        raise SipParseError(fault)
    message.headers = headers
    message.body = _exact_body(headers, body)
    _check(message)


def _read_headers(lines: list[str], fault: str | None) -> tuple[Headers, str | None]:
    """Every readable field, and the first fault: a refused request is answered with what could be read."""
    items: list[tuple[str, str]] = []
    seen: set[str] = set()
    for line in lines[1 : MAX_HEADERS + 1]:
        raw, colon, value = line.partition(":")
        name = CANONICAL.get(raw)
        if name is None:
            raw = raw.rstrip(" \t")
            name = canonical_name(raw)
            if not colon or not is_token(raw):
                fault = fault or "malformed header line"
                continue
        if name in _ONLY_ONCE:
            if name in seen:
                fault = fault or f"{name} twice"
                continue
            seen.add(name)
        items.append((name, value.strip(" \t")))
    if len(lines) > MAX_HEADERS + 1:
        fault = fault or "too many header lines"
    return Headers.of_canonical(items), fault


def _read_start_line(line: str) -> Request | Response:
    return _read_response(line) if _is_of_response(line) else _read_request(line)


def _is_of_response(line: str) -> bool:
    """Whether it starts with a SIP-Version, in which case does not matter (7.1)."""
    return line.startswith("SIP/") or line[:4].upper() == "SIP/"


def _read_request(line: str) -> Request:
    parts = line.split(" ")
    if len(parts) != 3 or not is_token(parts[0]):
        raise SipParseError("malformed request line")
    method, uri, version = parts
    if version != "SIP/2.0":
        _refuse_version(version)
    if scheme_of(uri) in ("sip", "sips"):
        if SipUri.parse(uri).headers:
            raise SipParseError("headers in the Request-URI")  # RFC 3261 19.1.1 table 1, RFC 4475 3.1.2.11
    elif not uri.isprintable() or "<" in uri:
        raise SipParseError("malformed Request-URI")
    return Request(method, uri, Headers())


def _refuse_version(version: str) -> None:
    if version.upper() == "SIP/2.0":  # 7.1: case does not matter
        return
    if version[:4].upper() == "SIP/":
        raise SipParseError("SIP version is not 2.0", status=505)
    raise SipParseError("not SIP")


def _read_response(line: str) -> Response:
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if version.upper() != "SIP/2.0":
        raise SipParseError("SIP version is not 2.0")
    if len(code) != 3 or not (code.isascii() and code.isdigit()) or not "1" <= code[0] <= "6":
        raise SipParseError("malformed status code")
    return Response(int(code), reason, Headers())


def _exact_body(headers: Headers, body: bytes) -> bytes:
    """The body that Content-Length announces; without one, all there is (RFC 3261 18.3)."""
    announced = headers.get("Content-Length")
    if announced is None:
        return body
    length = parse_number(announced, limit=MAX_MESSAGE, what="Content-Length")
    if length > len(body):
        raise SipParseError("body shorter than Content-Length")  # RFC 4475 3.1.2.2
    return body if length == len(body) else body[:length]


def _check(message: Request | Response) -> None:
    """Read what the accessors read, so that they cannot fail later (RFC 3261 8.1.1 lists what must be there)."""
    headers = message.headers
    _ = message.vias, message.from_, message.to
    if _CALL_ID.fullmatch(message.call_id) is None:
        raise SipParseError("malformed Call-ID")
    cseq = message.cseq
    if isinstance(message, Request) and cseq.method != message.method:
        raise SipParseError("CSeq is for another method")  # 8.1.1.5, RFC 4475 3.1.2.17
    for name, _ in headers:
        if name in _ADDRESS_LISTS:
            _check_addresses(getattr(message, _ADDRESS_LISTS[name]))
    hops = headers.get("Max-Forwards")
    if hops is not None:
        parse_number(hops, limit=2**31 - 1, what="Max-Forwards")


def _check_addresses(addresses: list[NameAddr]) -> None:
    """SIP URIs that requests may be sent to must be well-formed; of other schemes we ask nothing."""
    for address in addresses:
        if address.uri[:4].lower() in ("sip:", "sips"):
            SipUri.parse(address.uri)


class StreamParser:
    """Cuts a byte stream (TCP, TLS) into messages; at most `MAX_MESSAGE` octets wait inside.

    A message in a stream needs Content-Length (RFC 3261 18.3).  Line breaks between messages are keep-alives:
    `take_pings` counts the double ones, each of which wants a single line break back (RFC 5626 3.5.1).
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # octets known to hold no end of a head
        self._wanted = 0  # octets of the message that is coming in, 0 while its head is incomplete
        self._pings = 0

    def feed(self, data: bytes) -> list[Request | Response | SipParseError]:
        """Take octets; give the messages that are complete now, and in their place the faults of malformed ones.

        Raises SipParseError when the stream itself cannot be cut any further: close the connection.
        """
        self.add(data)
        found: list[Request | Response | SipParseError] = []
        while (octets := self.take()) is not None:
            try:
                found.append(parse_datagram(octets))
            except SipParseError as error:
                found.append(error)
        return found

    def take_pings(self) -> int:
        """How many pings came since the last call."""
        pings, self._pings = self._pings, 0
        return pings

    def add(self, data: bytes) -> None:
        """Put octets behind those that wait; `take` them before more come, so that few wait."""
        self._buffer += data

    @property
    def is_inside(self) -> bool:
        """Whether octets of a message wait, whole or in part; the line breaks of a keep-alive are none."""
        return len(self._buffer) > 3 or bool(self._buffer.strip(b"\r\n"))

    def take(self) -> bytes | None:
        """The octets of the next whole message, None while it is incomplete; raises as `feed` does."""
        if not self._wanted:
            self._wanted = self._measure()
        if not self._wanted or self._wanted > len(self._buffer):
            return None
        octets = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        self._searched = self._wanted = 0
        return octets

    def _measure(self) -> int:
        """How long the message at the start of the buffer is, 0 while its head is incomplete."""
        self._drop_line_breaks()
        end = self._buffer.find(b"\r\n\r\n", max(self._searched - 3, 0))
        self._searched = len(self._buffer)
        total = self._searched if end < 0 else end + 4 + _announced_length(bytes(self._buffer[:end]))
        if total > MAX_MESSAGE:
            raise SipParseError("message too large", status=None)
        return 0 if end < 0 else total

    def _drop_line_breaks(self) -> None:
        """Leading line breaks; the half of a ping that has come so far stays."""
        while self._buffer[:4] == b"\r\n\r\n":
            del self._buffer[:4]
            self._pings += 1
        if self._buffer[:2] == b"\r\n" and len(self._buffer) > 3:
            del self._buffer[:2]


def _announced_length(head: bytes) -> int:
    """Content-Length of a head in a stream: present, and the same wherever it is repeated."""
    found = _LENGTHS.findall(head)
    plain = found[0].strip(b" \t\r") if len(found) == 1 else b""
    if plain.isdigit() and len(plain) < 6 and b"\n " not in head and b"\n\t" not in head:
        return int(plain)  # as nearly every message has it
    lines = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape").replace("\r\n", "\n")).split("\n")
    fields = [line.partition(":") for line in lines[1:]]
    values = {value.strip(" \t") for name, _, value in fields if canonical_name(name.rstrip(" \t")) == "Content-Length"}
    try:
        (value,) = values
        return parse_number(value, limit=MAX_MESSAGE, what="Content-Length")
    except ValueError as error:
        raise SipParseError("a stream needs one Content-Length", status=None) from error
    except SipParseError as error:
        raise SipParseError(error.why, status=None) from error
