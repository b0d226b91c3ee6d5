"""Every socket of the service, bound once by the supervisor: a child that is started again gets the same ones."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.given import Given, name_of
from twoleg.config import Address, Settings
from twoleg.config.values import transport_of
from twoleg.sip.uri import SipUri

_BACKLOG = 2048
_SANDBOX_DEFAULT = Address("udp", "127.0.0.1", 5070)
SIP_PORT = 5060
HTTP, SIP, SANDBOX = "http.listen", "sip.listen", "sandbox.listen"


@dataclass(slots=True)
class Sockets:
    """What is bound. The addresses are the real ones, also where the configuration said port 0."""

    http: socket.socket
    sip: tuple[socket.socket, ...]
    """In the order of `sip.listen`."""
    sip_addresses: tuple[Address, ...]
    sandbox: socket.socket | None
    nudge_in: socket.socket
    """The engine's end of the nudge; datagrams."""
    nudge_out: socket.socket
    """The API's end."""
    media: tuple[socket.socket, socket.socket] | None = None
    """The embedded relay's control, the engine's end and the relay's; None: no call needs that relay."""
    warnings: tuple[str, ...] = ()
    by_name: Mapping[str, socket.socket] = field(default_factory=dict)
    """Those that a newer service can take over, by what they were bound for."""

    def close(self) -> None:
        """Close all of them."""
        for each in (self.http, *self.sip, self.sandbox, self.nudge_in, self.nudge_out, *(self.media or ())):
            if each is not None:
                each.close()


def bind_all(settings: Settings, given: Given | None = None) -> Sockets:
    """Bind what the settings ask for, unless it is given. Raises `ServiceError` naming the key that cannot be had."""
    given = given or Given()
    with ExitStack() as bound:
        http = bound.enter_context(_bind(HTTP, settings.http.listen, given))
        sip = tuple(bound.enter_context(_bind(SIP, each, given)) for each in settings.sip.listen)
        sandbox, warnings = _bind_sandbox(settings, given)
        bound.pop_all()
    nudge_in, nudge_out = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return Sockets(
        http=http,
        sip=sip,
        sip_addresses=tuple(
            address_of(each, wanted.transport) for each, wanted in zip(sip, settings.sip.listen, strict=True)
        ),
        sandbox=sandbox,
        nudge_in=nudge_in,
        nudge_out=nudge_out,
        media=socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) if "rtpio" in settings.media.modes else None,
        warnings=warnings,
        by_name=_named(settings, http, sip, sandbox),
    )


def _named(
    settings: Settings, http: socket.socket, sip: Sequence[socket.socket], sandbox: socket.socket | None
) -> Mapping[str, socket.socket]:
    named = {name_of(SIP, at): each for at, each in zip(settings.sip.listen, sip, strict=True)}
    named[name_of(HTTP, settings.http.listen)] = http
    return named if sandbox is None else named | {name_of(SANDBOX, sandbox_address(settings)): sandbox}


def bind_elsewhere(settings: Settings) -> tuple[socket.socket, ...]:
    """The like of `sip.listen` on ports that the system chooses: to ask something beside a running service."""
    with ExitStack() as bound:
        sockets = [bound.enter_context(_bind(SIP, replace(each, port=0), Given())) for each in settings.sip.listen]
        bound.pop_all()
    return tuple(sockets)


def address_of(bound: socket.socket, transport: str | None = None) -> Address:
    """Where a socket is really bound; `transport` is given where it is more than that of the socket (tls)."""
    host, port = bound.getsockname()[:2]
    return Address(transport or ("tcp" if bound.type == socket.SOCK_STREAM else "udp"), host, port)


def sandbox_address(settings: Settings) -> Address:
    """Where the sandbox listens: as configured, else where the first trunk on this machine points."""
    if settings.sandbox.listen is not None:
        return settings.sandbox.listen
    for trunk in settings.trunks:
        uri = SipUri.parse(trunk.uri)
        host = "127.0.0.1" if uri.host.lower() == "localhost" else uri.host.strip("[]")
        if _is_loopback(host) and transport_of(uri) in (None, "udp"):
            return Address("udp", host, uri.port or SIP_PORT)
    return _SANDBOX_DEFAULT


def _bind_sandbox(settings: Settings, given: Given) -> tuple[socket.socket | None, tuple[str, ...]]:
    if not settings.sandbox.enabled:
        return None, ()
    address = sandbox_address(settings)
    try:
        return _bind(SANDBOX, address, given), ()
    except ServiceError as error:
        if settings.sandbox.listen is not None:
            raise
        return None, (f"sandbox left out: {error}; calls go to whoever listens there",)


def _bind(key: str, address: Address, given: Given) -> socket.socket:
    taken = given.take(key, address)
    if taken is not None:
        taken.settimeout(0)
        return taken
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    stream = address.transport != "udp"
    bound = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:  # else [::] takes the IPv4 port of another address of ours, too
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if stream:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address.host, address.port))
        if stream:
            bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        shown = address.host_port if key == HTTP else f"{address.transport}:{address.host_port}"
        raise ServiceError(f"{key} = {shown}: {_why(error)}") from error
    bound.settimeout(0)
    return bound


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the address is in use by another program"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    if error.errno == errno.EACCES:
        return "not allowed: ports below 1024 need privileges"
    return str(error.strerror)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def descriptors(sockets: Iterable[socket.socket]) -> tuple[int, ...]:
    """Their file descriptors."""
    return tuple(each.fileno() for each in sockets)
