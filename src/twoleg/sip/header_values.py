"""The structured values of header fields that a user agent reads and writes.

Each class parses one element (`syntax.split_list` has already cut a comma separated field) and prints the same
meaning.  Digest headers live in `digest`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import field

from twoleg.sip.errors import SipParseError
from twoleg.sip.syntax import (
    Params,
    end_of_quoted,
    format_params,
    is_token,
    parse_host_port,
    parse_number,
    parse_params,
    quote,
    unquote,
)
from twoleg.sip.values import Value, replace

# Any scheme, and nothing that would end the URI early once it is printed between angle brackets.
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"\x7f]+")


_SHORT: Final = 200
"""Characters of a value worth remembering."""


class Via(Value, frozen=True, gc=False):
    """One Via value (RFC 3261 20.42).  `transport` is upper case ("UDP"), `host` a name, address or [IPv6]."""

    transport: str
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read `SIP/2.0/UDP host:port;params`, with white space wherever 25.1 allows it.  Raises SipParseError."""
        return _remembered_via(text) if len(text) <= _SHORT else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> Via:
        sent, semicolon, params = text.partition(";")
        protocol, _, sent_by = sent.strip().partition(" ")
        if protocol[:8] != "SIP/2.0/" or not is_token(protocol[8:]):
            protocol, sent_by = _spaced_protocol(sent)
        host, port = parse_host_port(sent_by)
        return cls(protocol[8:].upper(), host, port, parse_params(params) if semicolon else {})

    @property
    def branch(self) -> str | None:
        """The transaction identifier (8.1.1.7)."""
        return self.params.get("branch")

    @property
    def received(self) -> str | None:
        """The source address that the next element saw (18.2.1), without brackets."""
        return self.params.get("received")

    @property
    def rport(self) -> int | None:
        """The source port that the next element saw (RFC 3581); None when absent, empty or not a port."""
        value = self.params.get("rport")
        return int(value) if value and value.isascii() and value.isdigit() and len(value) < 6 else None

    @property
    def wants_rport(self) -> bool:
        """Whether the sender asks for a symmetric response (RFC 3581 3)."""
        return "rport" in self.params

    def with_params(self, **params: str | None) -> Via:
        """The same value with these parameters set."""
        return replace(self, params={**self.params, **params})

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_params(self.params)}"


def _spaced_protocol(sent: str) -> tuple[str, str]:
    """Cut `SIP  / 2.0 / UDP  host` into `SIP/2.0/UDP` and `host`."""
    parts = sent.split("/", 2)
    transport, _, sent_by = parts[2].strip().replace("\t", " ").partition(" ") if len(parts) == 3 else ("", "", "")
    if len(parts) != 3 or parts[0].strip().upper() != "SIP" or parts[1].strip() != "2.0" or not is_token(transport):
        raise SipParseError("malformed Via")
    return f"SIP/2.0/{transport}", sent_by


class NameAddr(Value, frozen=True, gc=False):
    """A name-addr or addr-spec with header parameters: From, To, Contact, Route, P-Asserted-Identity ...

    `display` is the name for people, without quotes or escapes, "" when there is none.  `uri` is the text between
    the angle brackets, unread: any scheme may stand there.
    """

    display: str
    uri: str
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Read one element.  Raises SipParseError."""
        return _remembered(text) if len(text) <= _SHORT else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> NameAddr:
        text = text.strip()
        start = end_of_quoted(text, 0) if text.startswith('"') else 0
        opening = text.find("<", start)
        if opening < 0 or text.find(";", start, opening) >= 0:  # a bracket behind a semicolon is quoted in a parameter
            return cls._parse_bare(text)
        closing = text.find(">", opening)
        tail = text[closing + 1 :].lstrip()
        if closing < 0 or (tail and tail[0] != ";"):
            raise SipParseError("malformed address")
        uri = text[opening + 1 : closing].strip()
        _check_uri(uri)
        display = _parse_display(text[:opening].rstrip()) if opening else ""
        return cls(display, uri, parse_params(tail[1:]) if tail else {})

    @classmethod
    def _parse_bare(cls, text: str) -> NameAddr:
        """An address without brackets: a semicolon starts header parameters, and ',' and '?' are out (20.10)."""
        uri, semicolon, params = text.partition(";")
        uri = uri.rstrip()
        if "," in uri or "?" in uri:
            raise SipParseError("address needs angle brackets")
        _check_uri(uri)
        return cls("", uri, parse_params(params) if semicolon else {})

    @property
    def tag(self) -> str | None:
        """The dialog tag (19.3)."""
        return self.params.get("tag")

    def with_tag(self, tag: str) -> NameAddr:
        """The same address with this tag."""
        return replace(self, params={**self.params, "tag": tag})

    def without_params(self) -> NameAddr:
        """The same address without header parameters."""
        return NameAddr(self.display, self.uri)

    def __str__(self) -> str:
        name = f"{quote(self.display)} " if self.display else ""
        return f"{name}<{self.uri}>{format_params(self.params)}"


def _check_uri(uri: str) -> None:
    if _URI.fullmatch(uri) is None:
        raise SipParseError("malformed URI in an address")


def _parse_display(text: str) -> str:
    if text.startswith('"'):
        if end_of_quoted(text, 0) != len(text):
            raise SipParseError("malformed display name")
        return unquote(text)
    if any(mark in text for mark in ';:"@>'):  # a comma is tolerated, RFC 4475 3.1.2.15
        raise SipParseError("display name needs quotes")
    return " ".join(text.split())


class CSeq(Value, frozen=True, gc=False):
    """Sequence number (0..2**31-1, RFC 3261 8.1.1.5) and method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read `number method`.  Raises SipParseError."""
        return _remembered_cseq(text) if len(text) <= _SHORT else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> CSeq:
        parts = text.split()
        if len(parts) != 2 or not is_token(parts[1]):
            raise SipParseError("malformed CSeq")
        return cls(parse_number(parts[0], limit=2**31 - 1, what="CSeq"), parts[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class Reason(Value, frozen=True, gc=False):
    """One Reason value (RFC 3326): `protocol` "Q.850" or "SIP" as it came, `cause` None when absent or no number."""

    protocol: str
    cause: int | None = None
    text: str = ""

    @classmethod
    def parse(cls, text: str) -> Reason:
        """Read `Q.850;cause=16;text="..."`.  Raises SipParseError."""
        protocol, semicolon, rest = text.partition(";")
        protocol = protocol.strip()
        if not is_token(protocol):
            raise SipParseError("malformed Reason")
        params = parse_params(rest) if semicolon else {}
        cause = params.get("cause")
        valid = cause is not None and cause.isascii() and cause.isdigit() and len(cause) < 6
        return cls(protocol, int(cause) if cause and valid else None, unquote(params.get("text") or ""))

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


@lru_cache(maxsize=1024)
def _remembered_via(text: str) -> Via:
    """All responses to a request, and its repetitions, bring back the same Via; bounded as `_remembered` is."""
    return Via._parse(text)  # noqa: SLF001 - the other half of `parse`


@lru_cache(maxsize=1024)
def _remembered_cseq(text: str) -> CSeq:
    """Most dialogs begin to count at 1."""
    return CSeq._parse(text)  # noqa: SLF001 - the other half of `parse`


@lru_cache(maxsize=4096)
def _remembered(text: str) -> NameAddr:
    """The messages of a call repeat its parties word for word; bounded in number and, by `_SHORT`, in length."""
    return NameAddr._parse(text)  # noqa: SLF001 - the other half of `parse`
