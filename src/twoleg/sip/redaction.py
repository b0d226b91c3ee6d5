"""A SIP message without its secrets, for files, pictures and collectors.  Works on bytes that need not be well-formed.

What may stay is listed where that is possible, and all else goes: a scheme, a body type or a credential that nobody
thought of is hidden, not shown.  Gone are digest responses (RFC 7616 3.4) and every other credential (RFC 3261 20.7,
20.28), keys of media (RFC 4568 inline keys, RFC 8839 ice-pwd, k= of RFC 4566, MIKEY of RFC 4567), passwords in URIs
(RFC 3261 19.1.1), push tokens (RFC 8599), headers whose names speak of secrets, and bodies that are no description of
media: an INFO may carry the digits of a PIN.  Content-Length is made to fit what is left.
"""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = b"[redacted]"
"""Stands where a secret stood."""
_HIDDEN_IN_URI: Final = b"redacted"
"""The same, where brackets would make it no URI (RFC 3261 25.1)."""

_CHALLENGES: Final = frozenset({b"www-authenticate", b"proxy-authenticate"})
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
_FIELD: Final = re.compile(rb"([^:\s]+)[ \t]*:[ \t]*(.*)", re.DOTALL)

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
_BARE_KEY: Final = re.compile(rb"(?i)(inline:)[^\s|;]+")


def redact(data: bytes) -> bytes:
    """The message without secrets.  Never raises; a message without any comes back with the same content.

    Line ends become CRLF, folded header fields one line (RFC 3261 7.3.1).
    """
    end = _END_OF_HEAD.search(data)
    head, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
    start, *fields = _unfolded(head)
    named = [_named(field) for field in fields]
    body = _scrubbed_body(body, named)
    lines = [start if b"SIP/2.0" in start else HIDDEN]
    lines += [
        _scrubbed_field(name, value, field, len(body)) for (name, value), field in zip(named, fields, strict=True)
    ]
    return _without_passwords(b"\r\n".join(lines)) + b"\r\n\r\n" + body


def _unfolded(head: bytes) -> list[bytes]:
    lines: list[bytes] = []
    for line in _LINES.split(head):
        if lines and line[:1] in (b" ", b"\t"):
            lines[-1] += b" " + line.strip()
        else:
            lines.append(line)
    return lines


def _named(field: bytes) -> tuple[bytes, bytes]:
    """The name in lower case, and the value; a line that is no field has no name and is its own value."""
    found = _FIELD.fullmatch(field)
    return (b"", field) if found is None else (found[1].lower(), found[2])


def _scrubbed_field(name: bytes, value: bytes, field: bytes, length: int) -> bytes:
    if name in (b"content-length", b"l"):
        return field[: len(field) - len(value)] + str(length).encode()
    if not name:
        return b"" if not field.strip() else HIDDEN  # nobody can say what it is
    if name in _CHALLENGES:
        return field
    if _SECRET_NAME.search(name) is not None:
        return field[: len(field) - len(value)] + _scrubbed_credentials(value)
    return _URI_HEADER.sub(rb"\1" + _HIDDEN_IN_URI, _PUSH_TOKEN.sub(rb"\1" + _HIDDEN_IN_URI, field))


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


def _scrubbed_body(body: bytes, named: list[tuple[bytes, bytes]]) -> bytes:
    if not body:
        return body
    types = [value for name, value in named if name in (b"content-type", b"c")]
    is_coded = any(name in (b"content-encoding", b"e") for name, _ in named)
    kind = types[0].partition(b";")[0].strip().lower() if len(types) == 1 else b""
    if kind != _SDP or is_coded:
        return b"[%d bytes of %s not kept]" % (len(body), kind or b"unknown content")
    lines = _LINES.split(body)
    return b"\r\n".join(_scrubbed_sdp_line(line) if _SDP_LINE.match(line) else line and HIDDEN for line in lines)


def _scrubbed_sdp_line(line: bytes) -> bytes:
    line = _SDP_SECRETS.sub(_hide_rest, line)
    return _without_passwords(_BARE_KEY.sub(rb"\1" + HIDDEN, line))


def _hide_rest(found: re.Match[bytes]) -> bytes:
    return next(each for each in found.groups() if each is not None) + HIDDEN
