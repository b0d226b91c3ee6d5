"""Other names of connections: where a response goes without one, and RFC 5923 aliases.  Values only."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
from collections.abc import Mapping
from typing import Any

from twoleg.sip.errors import SipParseError
from twoleg.sip.headers import Via
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.tls import is_for


def way_back(message: Transmit) -> Peer:
    """Where a response goes whose connection is gone: to the port that the request named (RFC 3261 18.2.2)."""
    if not message.data.startswith(b"SIP/2.0 "):
        return message.peer
    via = topmost_via(message.data)
    if via is None:
        return message.peer
    peer = message.peer
    return Peer(peer.transport, peer.host, *_port_and_domain(via, is_tls=peer.transport == "tls"))


def other_name(peer: Peer, certificate: Mapping[str, Any], first: bytes) -> Peer | None:
    """What else a connection from `peer` may be called, by the first message on it (RFC 5923 5 and 9.3).

    The address in its Via, when it asks for that and proves it: over TLS by its certificate, else by being there.
    """
    via = topmost_via(first)
    if via is None or "alias" not in via.params:
        return None
    host, is_tls = via.host.strip("[]"), peer.transport == "tls"
    if not (is_for(certificate, host) if is_tls else host == peer.host):
        return None
    return Peer(peer.transport, peer.host, *_port_and_domain(via, is_tls=is_tls))


def _port_and_domain(via: Via, *, is_tls: bool) -> tuple[int, str]:
    host = via.host.strip("[]")
    return via.port or (5061 if is_tls else 5060), host if is_tls and not is_address(host) else ""


def topmost_via(data: bytes) -> Via | None:
    """Of the message; None when that is none."""
    with contextlib.suppress(SipParseError):
        return parse_datagram(data).via
    return None


def is_address(host: str) -> bool:
    """Whether it is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def said(error: BaseException) -> str:
    """An error of making a connection, in words for an operator."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)
