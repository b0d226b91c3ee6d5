"""SIP and SIPS URIs (RFC 3261 19.1) and, opaque, tel URIs (RFC 3966): parse, print, compare.  No resolution."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote as percent_encode
from urllib.parse import unquote_to_bytes

from msgspec import field

from twoleg.sip.errors import SipParseError
from twoleg.sip.syntax import Params, format_params, parse_host_port, parse_params
from twoleg.sip.values import Value

# ':' ends the user and starts the password.  25.1 is narrower, but phones send `sip:*21#@host` as it was dialled.
_USER: Final = re.compile(r"[!#-9;=?A-~]+")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,%]*")
_REST: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()\[\]/:&+$%;=?]*")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")

_SHORT: Final = 200
"""Characters of a URI worth remembering."""

# 19.1.4: these must be on both sides or on none; any other parameter counts only when both have it.
_STRICT_PARAMS: Final = ("user", "ttl", "method", "maddr", "transport")


def scheme_of(text: str) -> str:
    """The lower-case scheme of any URI, for instance to tell `sip` from `tel`."""
    scheme, colon, _ = text.partition(":")
    if not colon or _SCHEME.fullmatch(scheme) is None:
        raise SipParseError("URI without a scheme")
    return scheme.lower()


def escape_user(text: str) -> str:
    """`text` percent-encoded as far as the user part of a SIP URI needs it."""
    return percent_encode(text, safe="-_.!~*'()&=+$,;?/", errors="surrogateescape")


class SipUri(Value, frozen=True, gc=False):
    """A SIP or SIPS URI.  Every part is raw, that is still percent-encoded, so that printing gives back what came.

    `host` is a name, an IPv4 address, or an IPv6 reference in brackets.  `params` has lower-case names.
    `==` compares the parts; `equivalent` compares as RFC 3261 19.1.4 does.
    """

    scheme: str
    user: str | None
    host: str
    password: str | None = None
    port: int | None = None
    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Read `sip:user:password@host:port;params?headers`.  Raises SipParseError."""
        return _remembered(text) if len(text) <= _SHORT else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> SipUri:
        scheme, _, rest = text.partition(":")
        scheme = scheme.lower()
        if scheme not in ("sip", "sips"):
            raise SipParseError("not a sip or sips URI", status=416)
        userinfo, at, rest = rest.partition("@") if "@" in rest else ("", "", rest)
        user, password = _parse_userinfo(userinfo) if at else (None, None)
        if "%" in text and _BAD_ESCAPE.search(text) is not None:
            raise SipParseError("broken percent escape in a URI")
        if _REST.fullmatch(rest) is None:
            raise SipParseError("character that a URI must escape")
        rest, _, headers = rest.partition("?")
        hostport, semicolon, params = rest.partition(";")
        host, port = parse_host_port(hostport)
        return cls(
            scheme=scheme,
            user=user,
            host=host,
            password=password,
            port=port,
            params=parse_params(params) if semicolon else {},
            headers=_parse_uri_headers(headers) if headers else {},
        )

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case (19.1.1: it is not case sensitive), None when there is none."""
        value = self.params.get("transport")
        return value.lower() if value else None

    @property
    def is_loose_router(self) -> bool:
        """Whether a route to this URI is loose (19.1.1, `lr`)."""
        return "lr" in self.params

    def __str__(self) -> str:
        userinfo = ""
        if self.user is not None:
            userinfo = f"{self.user}@" if self.password is None else f"{self.user}:{self.password}@"
        port = "" if self.port is None else f":{self.port}"
        headers = "?" + "&".join([f"{name}={value}" for name, value in self.headers.items()]) if self.headers else ""
        return f"{self.scheme}:{userinfo}{self.host}{port}{format_params(self.params)}{headers}"

    def equivalent(self, other: SipUri) -> bool:
        """RFC 3261 19.1.4.  Not transitive, as that section says itself."""
        return (
            self.scheme == other.scheme
            and _decoded(self.user) == _decoded(other.user)
            and _decoded(self.password) == _decoded(other.password)
            and self.host.lower() == other.host.lower()
            and self.port == other.port
            and _same_params(self.params, other.params)
            and _same_headers(self.headers, other.headers)
        )


@lru_cache(maxsize=4096)
def _remembered(text: str) -> SipUri:
    """A phone's messages repeat its Contact word for word; bounded in number and, by `_SHORT`, in length."""
    return SipUri._parse(text)  # noqa: SLF001 - the other half of `parse`


class TelUri(Value, frozen=True, gc=False):
    """A tel URI, tolerated and kept as it came; `number` is what stands before the first parameter."""

    text: str

    @classmethod
    def parse(cls, text: str) -> TelUri:
        """Raises SipParseError when the scheme is not tel or there is no number."""
        uri = cls(text)
        if text[:4].lower() != "tel:" or not uri.number:
            raise SipParseError("not a tel URI", status=416)
        return uri

    @property
    def number(self) -> str:
        """For instance `+4930123456`, visual separators included."""
        return self.text[4:].partition(";")[0]

    def __str__(self) -> str:
        return self.text


def parse_uri(text: str) -> SipUri | TelUri:
    """Read a sip, sips or tel URI; any other scheme is a SipParseError with status 416."""
    return TelUri.parse(text) if text[:4].lower() == "tel:" else SipUri.parse(text)


def _parse_userinfo(text: str) -> tuple[str, str | None]:
    user, colon, password = text.partition(":")
    if _USER.fullmatch(user) is None or _PASSWORD.fullmatch(password) is None:
        raise SipParseError("malformed user part in a URI")
    return user, password if colon else None


def _parse_uri_headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise SipParseError("malformed header in a URI")
        headers[name] = value
    return headers


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else unquote_to_bytes(text.encode("utf-8", "surrogateescape"))


def _folded(text: str | None) -> bytes | None:
    decoded = _decoded(text)
    return None if decoded is None else decoded.lower()


def _same_params(ours: Params, theirs: Params) -> bool:
    if any((name in ours) != (name in theirs) for name in _STRICT_PARAMS):
        return False
    return all(_folded(ours[name]) == _folded(theirs[name]) for name in ours.keys() & theirs.keys())


def _same_headers(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    return {n.lower(): _decoded(v) for n, v in ours.items()} == {n.lower(): _decoded(v) for n, v in theirs.items()}
