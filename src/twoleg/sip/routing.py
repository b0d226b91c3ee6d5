"""Where a message goes: the next hop of a request (RFC 3261 8.1.2) and the way back of a response (18.2.2, RFC 3581).

No names are resolved here.  RFC 3263 belongs to the shell, which gives the peer of a first request; later a host that
is a name stands for the peer that the dialog was made with.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final

from twoleg.sip.errors import SipParseError
from twoleg.sip.headers import Via
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer
from twoleg.sip.syntax import plain_ipv6, split_list
from twoleg.sip.uri import SipUri

_NOT_IN_REQUEST_URI: Final = ("method",)
"""What 19.1.1 and 12.2.1.1 forbid there, besides headers."""

_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Addresses that mean nothing to other networks: RFC 1918, 6598, 3927, 4193, 4291 2.5.6.

Not those of this machine itself (127.0.0.0/8, ::1): who was reached there can be reached there again.
"""

_IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def is_secure(uri: str) -> bool:
    """Whether `uri` is a SIPS one."""
    return uri[:5].lower() == "sips:"


def next_hop(uri: str, fallback: Peer) -> Peer:
    """Where a request for `uri` goes: its address when it holds one, else `fallback`.

    By the transport that it names.  When it names none, by that of `fallback`, although RFC 3263 4.1 says UDP: those
    who came over TCP and forgot the parameter in their Contact are many, and that TCP reaches them is known.
    """
    try:
        parsed = SipUri.parse(uri)
    except SipParseError:
        return fallback
    address = _literal(parsed.params.get("maddr") or parsed.host)
    if address is None:
        return fallback
    transport = _transport(parsed) or fallback.transport
    port = parsed.port or (5061 if transport == "tls" else 5060)
    if (transport, address, port) == (fallback.transport, fallback.host, fallback.port):
        return fallback
    # Whoever was authenticated as a domain names its other addresses in that domain's name (RFC 5922 7.1).
    return Peer(transport, address, port, fallback.domain if transport == "tls" else "")


def past_nat(hop: Peer, reached: Peer) -> Peer:
    """Where a phone is whose Contact says `hop`, and which was reached at `reached`, with no recorded route between.

    `reached`, when `hop` is an address that only the phone's own network knows and `reached` is none: it sits behind a
    NAT and does not know how it is seen (RFC 3581 1).  Its Contact stays in the Request-URI, where it expects it.
    """
    return reached if _is_private(hop.host) and not _is_private(reached.host) else hop


def as_request_uri(uri: SipUri) -> str:
    """`uri` from a Contact or Route as a Request-URI: without headers and what else has no place there."""
    params = {name: value for name, value in uri.params.items() if name not in _NOT_IN_REQUEST_URI}
    return str(SipUri(uri.scheme, uri.user, uri.host, uri.password, uri.port, params))


def _transport(uri: SipUri) -> str | None:
    named = (uri.params.get("transport") or "").lower()
    if uri.scheme == "sips":
        return "tls"
    return named if named in ("udp", "tcp", "tls") else None


def note_source(request: Request, source: Peer) -> None:
    """Write into the topmost Via where the request really came from (18.2.1, RFC 3581 4)."""
    via = request.via
    if via.wants_rport:
        noted = via.with_params(received=source.host, rport=str(source.port))
    elif via.host.strip("[]") != source.host:
        noted = via.with_params(received=source.host)
    else:
        return
    first = request.headers.get("Via") or ""
    others = split_list(first)[1:] if "," in first else []
    request.headers.replace_first("Via", ", ".join([str(noted), *others]))


def way_back(via: Via, source: Peer) -> Peer:
    """Where the response to a request with this topmost Via, as it came, goes (18.2.2, RFC 3581 4).

    Always to the host that it came from.  `maddr`, which 18.2.2 would send it to, is not obeyed: it serves requests
    by multicast, which we do not listen to, and anybody could have us answer to a third party's address with it.
    """
    if source.is_reliable or via.wants_rport:
        return source
    return Peer(source.transport, source.host, via.port or 5060)


def _literal(host: str) -> str | None:
    """`host` without brackets, as sockets take it, when it is an IP address, else None."""
    if host.startswith("["):
        return plain_ipv6(host[1:-1])
    return host if _IPV4.fullmatch(host) else None


@lru_cache(maxsize=4096)
def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)
