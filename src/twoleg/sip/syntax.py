"""Lexical rules that all header fields share: quoted strings, lists, parameters, tokens, host and port.

Everything here runs in time linear in its input, whatever the input, and raises only `SipParseError`.
The grammar is RFC 3261 section 25.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final

from twoleg.sip.errors import SipParseError

Params = Mapping[str, str | None]
"""Parameters in wire order: lower-case name to raw value (quotes kept), None for a name without `=`."""

TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")

# Possessive quantifiers: a string that never ends fails without backtracking.
_QUOTED: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE: Final = re.compile(r'[\\"\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
_COMMA_OR_SHIELD: Final = re.compile(r'[,"<]')
_SEMICOLON_OR_QUOTE: Final = re.compile(r'[;"]')


def is_token(text: str) -> bool:
    """Whether `text` is one non-empty token."""
    return TOKEN.fullmatch(text) is not None


def end_of_quoted(text: str, start: int) -> int:
    """Index just after the quoted string that opens at `start`."""
    found = _QUOTED.match(text, start)
    if found is None:
        raise SipParseError("quoted string without an end")
    return found.end()


def unquote(text: str) -> str:
    """`text` without its quotes and escapes; text that is not quoted comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def quote(text: str) -> str:
    """`text` as a quoted string."""
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", text) + '"'


def split_list(text: str) -> list[str]:
    """The elements of a comma separated list, trimmed; commas in quotes and in <> do not separate.

    An empty element is an error (RFC 4475 3.1.2.1).
    """
    if "," not in text:
        parts = [text.strip()]
    elif '"' in text or "<" in text:
        parts = _split_shielded(text, _COMMA_OR_SHIELD)
    else:
        parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise SipParseError("empty element in a list")
    return parts


def _split_shielded(text: str, special: re.Pattern[str]) -> list[str]:
    """Split at the separator in `special`, stepping over quoted strings and (if `special` has `<`) over <>."""
    parts: list[str] = []
    start = at = 0
    while (hit := special.search(text, at)) is not None:
        at = hit.start()
        if text[at] == '"':
            at = end_of_quoted(text, at)
        elif text[at] == "<":
            at = text.find(">", at) + 1
            if at == 0:
                raise SipParseError("'<' without '>'")
        else:
            parts.append(text[start:at].strip())
            at += 1
            start = at
    parts.append(text[start:].strip())
    return parts


def parse_params(text: str) -> dict[str, str | None]:
    """Read `name[=value][;name[=value]]...`, the text after the first semicolon of a header value.

    An empty parameter (RFC 4475 3.1.2.1) and a repeated name (RFC 3261 7.3.1) are errors.
    """
    parts = _split_shielded(text, _SEMICOLON_OR_QUOTE) if '"' in text else text.split(";")
    params: dict[str, str | None] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not name or name in params:
            raise SipParseError("empty parameter" if not name else f"parameter {name!r} twice")
        params[name] = value.strip() if equals else None
    return params


def format_params(params: Params) -> str:
    """`;name=value;name...`, or the empty text when there are none."""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params.items()])


_FEW_DIGITS: Final = 20
"""Enough for any limit here; converting more of them would cost more than linear time."""


def parse_number(text: str, *, limit: int, what: str) -> int:
    """A decimal integer in 0..`limit`; leading zeros are fine (RFC 4475 3.1.1.1), signs and other digits are not."""
    if not (text.isascii() and text.isdigit()):
        raise SipParseError(f"{what} is not a number")
    digits = text if len(text) <= _FEW_DIGITS else text.lstrip("0")
    number = int(digits or "0") if len(digits) <= _FEW_DIGITS else limit + 1
    if number > limit:
        raise SipParseError(f"{what} is over {limit}")
    return number


_REG_NAME: Final = re.compile(r"[A-Za-z0-9._\-]+")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_COLON_TOO_MANY: Final = re.compile(r":::(?=[0-9]+\.)")


def plain_ipv6(text: str) -> str | None:
    """`text`, an IPv6 address without brackets, as sockets take it; None when it is none.

    The colon too many before an embedded IPv4 address that the grammar of RFC 3261 allows is dropped (RFC 5118 4.10).
    """
    return _plain_ipv6(text) if _IPV6.fullmatch(text) is not None else None


@lru_cache(maxsize=1024)
def _plain_ipv6(text: str) -> str | None:
    """Of at most 45 characters, so that what is remembered is bounded."""
    address = _COLON_TOO_MANY.sub("::", text)
    try:
        IPv6Address(address)
    except ValueError:
        return None
    return address


def parse_host_port(text: str) -> tuple[str, int | None]:
    """Split `host[:port]`; an IPv6 reference keeps its brackets.  Port 0..65535."""
    text = text.strip()
    if text.startswith("["):
        end = text.find("]") + 1
        host, rest = text[:end], text[end:].lstrip()
        valid = plain_ipv6(host[1:-1]) is not None and rest[:1] in ("", ":")
        has_port, rest = bool(rest), rest[1:]
    else:
        host, colon, rest = text.partition(":")
        host = host.rstrip()
        valid = _REG_NAME.fullmatch(host) is not None
        has_port = bool(colon)
    if not valid:
        raise SipParseError("malformed host")
    return host, parse_number(rest.strip(), limit=65535, what="port") if has_port else None
