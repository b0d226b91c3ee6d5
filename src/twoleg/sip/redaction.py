"""A SIP message without its secrets, for files, pictures and collectors.  Works on bytes that need not be well-formed.

What may stay is listed where that is possible, and all else goes: a scheme, a body type or a credential that nobody
thought of is hidden, not shown.  Gone are digest responses (RFC 7616 3.4) and every other credential (RFC 3261 20.7,
20.28), keys of media (RFC 4568 inline keys, RFC 8839 ice-pwd, k= of RFC 4566, MIKEY of RFC 4567), passwords in URIs
(RFC 3261 19.1.1), push tokens (RFC 8599), headers whose names speak of secrets, and bodies that are no description of
media: an INFO may carry the digits of a PIN.  Content-Length is made to fit what is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, unique
from functools import lru_cache
from typing import Final

HIDDEN: Final = b"[redacted]"
"""Stands where a secret stood."""
_HIDDEN_IN_URI: Final = b"redacted"
"""The same, where brackets would make it no URI (RFC 3261 25.1)."""

_SECRET_NAME: Final = re.compile(rb"auth|token|secret|passw|api-?key|cookie|credential|private-key")
"""In a header's name, lower case: Authorization, Proxy-Authorization, Authentication-Info, X-Auth-Token, Set-Cookie."""

_SHOWN_OF_DIGEST: Final = frozenset(
    {b"username", b"realm", b"nonce", b"uri", b"algorithm", b"qop", b"nc", b"stale", b"domain", b"opaque", b"userhash"}
)
"""Parameters that help nobody to guess a password: without `response` there is nothing to compare a guess with."""

_QUOTED: Final = rb'"(?:[^"\\]|\\.)*"'
_PARAMETER: Final = re.compile(rb"[ \t,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*=[ \t]*(" + _QUOTED + rb'|[^\s",;]+)[ \t]*')

_LINES: Final = re.compile(rb"\r\n|\r|\n")
_END_OF_HEAD: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_DELIMITERS: Final = re.compile(rb"[\s<>\"]")
_SCHEME: Final = re.compile(rb"(?i)(?:sips?|https?|wss?|ftp):(?://)?")
_URI_HEADER: Final = re.compile(
    rb"(?i)([?&][^?=&>\s]{0,64}(?:auth|token|secret|passw|api-?key)[^?=&>\s]{0,64}=)[^&>\s]*"
)
_PUSH_TOKEN: Final = re.compile(rb"(?i)(;\s*(?:pn-prid|pn-param|access_token|token)\s*=\s*)[^;,>\s]*")

_SDP: Final = b"application/sdp"
_SDP_SECRETS: Final = re.compile(
    rb"(?i)^\s*(?:(a=crypto:\s*\d+\s+\w+\s).*|(a=crypto:).*|(a=ice-pwd:).*|(a=key-mgmt:).*|(k=).*)$"
)
_SDP_LINE: Final = re.compile(rb"\s*[A-Za-z]=")
_MAY_BE_SECRET: Final = re.compile(rb"(?i)crypto|ice-pwd|key-mgmt|inline|@|^\s*k=")
_BARE_KEY: Final = re.compile(rb"(?i)(inline:)[^\s|;]+")


def redact(data: bytes) -> bytes:
    """The message without secrets.  Never raises; a message without any comes back with the same content.

    Line ends become CRLF, folded header fields one line (RFC 3261 7.3.1).  Some 20 microseconds.
    """
    end = _END_OF_HEAD.search(data)
    head, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
    start, *lines = _unfolded(head)
    fields = [_Field(line) for line in lines]
    body = _scrubbed_body(body, fields)
    told = [start if b"SIP/2.0" in start else HIDDEN]
    told += [field.line if field.kind is _Kind.PLAIN else _scrubbed(field, len(body)) for field in fields]
    return _without_tokens(_without_passwords(b"\r\n".join(told))) + b"\r\n\r\n" + body


def _unfolded(head: bytes) -> list[bytes]:
    lines: list[bytes] = []
    for line in _LINES.split(head):
        if lines and line[:1] in (b" ", b"\t"):
            lines[-1] += b" " + line.strip()
        else:
            lines.append(line)
    return lines


@unique
class _Kind(Enum):
    """What is to be done with a header field, by its name."""

    PLAIN = 0
    SECRET = 1
    LENGTH = 2
    TYPE = 3
    CODING = 4
    NONE = 5
    """It has no name, so nobody can say what it is."""


_KINDS: Final = {
    b"www-authenticate": _Kind.PLAIN,
    b"proxy-authenticate": _Kind.PLAIN,
    b"content-length": _Kind.LENGTH,
    b"l": _Kind.LENGTH,
    b"content-type": _Kind.TYPE,
    b"c": _Kind.TYPE,
    b"content-encoding": _Kind.CODING,
    b"e": _Kind.CODING,
    b"": _Kind.NONE,
}


class _Field:
    """One line of the head."""

    __slots__ = ("kind", "line", "value")

    def __init__(self, line: bytes) -> None:
        self.line = line
        name, colon, self.value = line.partition(b":")
        self.kind = _kind_of(name if colon else b"")


@lru_cache(maxsize=256)
def _kind_of(name: bytes) -> _Kind:
    name = name.rstrip(b" \t").lower()
    if len(name.split()) > 1 or name[:1].isspace():
        return _Kind.NONE
    known = _KINDS.get(name)
    if known is not None:
        return known
    return _Kind.PLAIN if _SECRET_NAME.search(name) is None else _Kind.SECRET


def _scrubbed(field: _Field, length: int) -> bytes:
    """A field of a kind that is not simply shown."""
    before = field.line[: len(field.line) - len(field.value.lstrip())]
    match field.kind:
        case _Kind.LENGTH:
            return before + str(length).encode()
        case _Kind.SECRET:
            return before + _scrubbed_credentials(field.value)
        case _Kind.NONE:
            return HIDDEN if field.line.strip() else b""
        case _:
            return field.line


def _without_tokens(text: bytes) -> bytes:
    if b"?" in text or b"&" in text:
        text = _URI_HEADER.sub(rb"\1" + _HIDDEN_IN_URI, text)
    return _PUSH_TOKEN.sub(rb"\1" + _HIDDEN_IN_URI, text)


def _without_passwords(text: bytes) -> bytes:
    """What stands between user and @ in a URI goes.  In one pass, so that no text makes it slow."""
    *before, last = text.split(b"@")
    return b"@".join([*(_without_password(each) for each in before), last])


def _without_password(text: bytes) -> bytes:
    """`text` ends where an @ stood."""
    token = _DELIMITERS.split(text)[-1]
    scheme = _SCHEME.search(token)
    if scheme is None:
        return text
    colon = token.find(b":", scheme.end())
    return text if colon < 0 else text[: len(text) - len(token) + colon + 1] + _HIDDEN_IN_URI


def _scrubbed_credentials(value: bytes) -> bytes:
    scheme, _, rest = value.strip().partition(b" ")
    if scheme.lower() != b"digest":
        return HIDDEN if b"=" in scheme or not rest else scheme + b" " + HIDDEN
    shown = _shown_parameters(rest)
    return scheme + b" " + (HIDDEN if shown is None else shown)


def _shown_parameters(text: bytes) -> bytes | None:
    """None for what does not read as parameters from one end to the other."""
    shown, place = [], 0
    while place < len(text):
        found = _PARAMETER.match(text, place)
        if found is None:
            return None
        name, value = found[1], found[2]
        shown.append(name + b"=" + (value if name.lower() in _SHOWN_OF_DIGEST else b'"' + HIDDEN + b'"'))
        place = found.end()
    return b", ".join(shown)


def _scrubbed_body(body: bytes, fields: Sequence[_Field]) -> bytes:
    if not body:
        return body
    types = [field.value for field in fields if field.kind is _Kind.TYPE]
    is_coded = any(field.kind is _Kind.CODING for field in fields)
    kind = types[0].partition(b";")[0].strip().lower() if len(types) == 1 else b""
    if kind != _SDP or is_coded:
        return b"[%d bytes of %s not kept]" % (len(body), kind or b"unknown content")
    return b"\r\n".join([_scrubbed_sdp_line(line) for line in _LINES.split(body)])


def _scrubbed_sdp_line(line: bytes) -> bytes:
    if not line:
        return line
    if _SDP_LINE.match(line) is None:
        return HIDDEN
    if _MAY_BE_SECRET.search(line) is None:
        return line
    line = _SDP_SECRETS.sub(_hide_rest, line)
    return _without_passwords(_BARE_KEY.sub(rb"\1" + HIDDEN, line))


def _hide_rest(found: re.Match[bytes]) -> bytes:
    return next(each for each in found.groups() if each is not None) + HIDDEN
