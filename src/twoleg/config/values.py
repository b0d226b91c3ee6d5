"""Rules for single values: what a key accepts, in words and in code. No key is named here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from twoleg.domain.trunk import IdentityHeader
from twoleg.sip.errors import SipParseError
from twoleg.sip.uri import SipUri

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{20,256}=*")  # RFC 6750 2.1; long enough not to be guessed
_PREFIX = re.compile(r"\+?[0-9]*")
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a socket is bound. `host` is an IP address without brackets; port 0 lets the system choose."""

    transport: str
    host: str
    port: int

    @property
    def host_port(self) -> str:
        """`host:port`, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every address of the machine, so that peers cannot be told it."""
        return ipaddress.ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        return self.host_port if self.transport == "tcp" else f"{self.transport}:{self.host_port}"


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """What one key accepts. `read` takes the TOML value and raises ValueError when it is not allowed."""

    allowed: str
    """Completes the sentence "must be ..."."""
    read: Callable[[object], T]
    from_text: Callable[[str], object] = str
    """Turns the text of an environment variable into what TOML would have given."""
    secret: bool = False
    """The value must not be repeated in messages."""


def text(value: object) -> str:
    """A non-empty string."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def whole(low: int, high: int) -> Rule[int]:
    """A whole number in that range, both ends included."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Rule(f"a whole number from {low} to {high}", read, _number_from_text)


def whole_or_off(low: int, high: int) -> Rule[int]:
    """A whole number in that range, both ends included, or 0."""
    inner = whole(low, high)

    def read(value: object) -> int:
        return 0 if type(value) is int and value == 0 else inner.read(value)

    return Rule(f"0 or {inner.allowed}", read, _number_from_text)


def seconds(low: float, high: float) -> Rule[float]:
    """A length of time in seconds in that range, both ends included."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return Rule(f"a number of seconds from {low:g} to {high:g}", read, _number_from_text)


def rate(low: float, high: float) -> Rule[float]:
    """So many in a second, in that range, both ends included."""
    return Rule(f"a number from {low:g} to {high:g}", seconds(low, high).read, _number_from_text)


def listed(allowed: str, member: Callable[[object], T], *, at_least: int = 0) -> Rule[tuple[T, ...]]:
    """A list of which each member is read by `member`; in an environment variable they are separated by commas."""

    def read(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) < at_least:
            raise ValueError
        return tuple(member(each) for each in value)

    return Rule(allowed, read, lambda written: written.split(",") if written else [])


def one_of(*words: str) -> Rule[str]:
    """One of those words."""

    def read(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return Rule("one of " + ", ".join(words), read)


def _number_from_text(written: str) -> object:
    for kind in (int, float):
        try:
            return kind(written)
        except ValueError:
            continue
    return written


def _read_truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _host_port(written: str) -> tuple[str, int]:
    host, colon, port = written.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError
    address = "127.0.0.1" if host == "localhost" else host[1:-1] if bracketed else host
    return str(ipaddress.ip_address(address)), int(port)


def _read_tcp(value: object) -> Address:
    return Address("tcp", *_host_port(text(value)))


def _read_sip(value: object) -> Address:
    transport, _, rest = text(value).partition(":")
    if transport not in ("udp", "tcp", "tls"):
        raise ValueError
    return Address(transport, *_host_port(rest))


def _read_udp(value: object) -> Address:
    address = _read_sip(value)
    if address.transport != "udp":
        raise ValueError
    return address


def _read_collector(value: object) -> Address:
    host, port = _host_port(text(value))
    if port == 0:
        raise ValueError
    return Address("udp", host, port)


def _read_hep_key(value: object) -> str:
    key = text(value)
    if len(key) > 128 or not key.isascii() or not key.isprintable():
        raise ValueError
    return key


def _read_bearer_token(value: object) -> str:
    if not isinstance(value, str) or not _BEARER_TOKEN.fullmatch(value):
        raise ValueError
    return value


def _one_or_more(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """For a key whose list of one may be written without the brackets."""

    def read_all(value: object) -> tuple[T, ...]:
        members = value if isinstance(value, list) else [value]
        if not members:
            raise ValueError
        return tuple(read(each) for each in members)

    return read_all


def _read_store_url(value: object) -> str:
    url = text(value)
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE) or url.endswith("/") or "?" in url:
        raise ValueError
    return url


def transport_of(uri: SipUri) -> str | None:
    """The transport that a trunk's URI insists on; None when it leaves that open, or names one that there is not."""
    named = (uri.params.get("transport") or "").lower()
    return "tls" if uri.scheme == "sips" else named if named in ("udp", "tcp", "tls") else None


def _read_trunk_uri(value: object) -> str:
    try:
        uri = SipUri.parse(text(value))
    except SipParseError as error:
        raise ValueError from error
    if uri.scheme not in ("sip", "sips") or uri.user is not None or uri.headers or uri.port == 0:
        raise ValueError
    if uri.params and (uri.scheme != "sip" or set(uri.params) != {"transport"} or transport_of(uri) is None):
        raise ValueError
    return str(uri)


def _read_prefix(value: object) -> str:
    if not isinstance(value, str) or _PREFIX.fullmatch(value) is None or len(value) > 32:
        raise ValueError
    return value


def _matching(pattern: re.Pattern[str], limit: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if len(text(value)) > limit or pattern.fullmatch(text(value)) is None:
            raise ValueError
        return text(value)

    return read


def _read_reachable(value: object) -> str:
    address = ipaddress.ip_address(text(value).removeprefix("[").removesuffix("]"))
    if address.is_unspecified:
        raise ValueError
    return str(address)


TRUTH: Rule[bool] = Rule(
    "true or false", _read_truth, lambda written: {"true": True, "false": False}.get(written, written)
)
TCP_ADDRESS: Rule[Address] = Rule('ADDRESS:PORT, such as "127.0.0.1:8080" or "[::1]:8080"', _read_tcp)
SIP_ADDRESSES: Rule[tuple[Address, ...]] = Rule(
    'udp:ADDRESS:PORT, such as "udp:127.0.0.1:5060", or a list of such with udp:, tcp: and tls:',
    _one_or_more(_read_sip),
    lambda written: written.split(","),
)
UDP_ADDRESS: Rule[Address] = Rule('udp:ADDRESS:PORT, such as "udp:127.0.0.1:5060"', _read_udp)
COLLECTOR: Rule[Address] = Rule('ADDRESS:PORT of a UDP port, such as "192.0.2.20:9060"', _read_collector)
REACHABLE: Rule[tuple[str, ...]] = Rule(
    'an IP address that peers can reach, such as "192.0.2.10", or a list of one IPv4 and one IPv6 address',
    _one_or_more(_read_reachable),
    lambda written: written.split(","),
)
FILE: Rule[str] = Rule("the path of a file", text)
STORE_URL: Rule[str] = Rule(
    '"sqlite:///FILE" (beside the configuration file) or "sqlite:////ABSOLUTE/FILE"', _read_store_url
)
TRUNK_URI: Rule[str] = Rule(
    'sip:HOST or sip:HOST:PORT, such as "sip:192.0.2.1:5060", with ;transport=tcp or tls if need be, or sips:HOST',
    _read_trunk_uri,
)
TRUNK_NAME: Rule[str] = Rule("1-40 letters, digits, '-' or '_'", _matching(_NAME, 40))
PREFIXES: Rule[tuple[str, ...]] = Rule(
    'a list of number prefixes: digits with an optional leading +, such as ["+49", "00"]; [""] takes every number',
    listed("", _read_prefix, at_least=1).read,
    lambda written: written.split(","),
)
DIGITS: Rule[str] = Rule("up to 32 digits with an optional leading +", _read_prefix)
IDENTITY: Rule[tuple[IdentityHeader, ...]] = listed(
    "a list of none, one or both of " + ", ".join(f'"{each.value}"' for each in IdentityHeader), IdentityHeader
)
TENANTS: Rule[tuple[str, ...]] = listed("a list of tenant ids; leave it out for all tenants", text, at_least=1)
WORD: Rule[str] = Rule("a string that is not empty", text)
HEP_KEY: Rule[str] = Rule("a string of 1 to 128 letters, digits and signs", _read_hep_key, secret=True)
SECRET: Rule[str] = Rule("a string that is not empty", text, secret=True)
BEARER_TOKEN: Rule[str] = Rule("20 to 256 letters, digits and signs of -._~+/", _read_bearer_token, secret=True)
