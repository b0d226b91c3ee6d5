"""From settings and bound sockets to a user agent on all its transports, and the resolver that finds it peers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from twoleg.adapters.system import SystemEntropy
from twoleg.bootstrap.errors import ServiceError
from twoleg.config import Address, Settings
from twoleg.sip.peers import Peer
from twoleg.sip.timers import Timers
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.dns_records import Ask, Found, LookupTrouble, dns_ask
from twoleg.sip_transport.flood import FloodLimit
from twoleg.sip_transport.listener import Listener
from twoleg.sip_transport.resolver import Resolver
from twoleg.sip_transport.shell import Tap, TransportLog
from twoleg.sip_transport.tls import Tls, TlsError, TlsFiles, load_tls
from twoleg.sip_transport.transports import Transports


def tls_of(settings: Settings) -> Tls | None:
    """What TLS needs; None when nothing is to be reached by it. Raises `ServiceError` for files that cannot be used."""
    if "tls" not in {each.transport for each in settings.sip.listen}:
        return None
    files = settings.sip_tls
    try:
        return load_tls(
            TlsFiles(
                certificate=_path(files.certificate),
                key=_path(files.key),
                ca=_path(files.ca),
                verify_clients=files.verify_clients,
            )
        )
    except TlsError as error:
        raise ServiceError(f"sip.tls: {error}") from error


def _path(file: str | None) -> Path | None:
    return None if file is None else Path(file)


def signalling(
    settings: Settings,
    bound: Sequence[socket.socket],
    *,
    log: TransportLog,
    timers: Timers | None = None,
    tap: Tap | None = None,
) -> Transports[UserAgent]:
    """A user agent on those sockets, which stand in the order of `sip.listen`. Needs a running loop."""
    wanted = settings.sip.listen
    locals_ = [_told(settings, each, at) for each, at in zip(bound, wanted, strict=True)]
    rate = settings.sip.messages_per_second
    return Transports(
        UserAgent(local=locals_, random=SystemEntropy(), timers=timers),
        local=locals_[0],
        udp=[each for each, at in zip(bound, wanted, strict=True) if at.transport == "udp"],
        listeners=[
            Listener(at.transport, each) for each, at in zip(bound, wanted, strict=True) if at.transport != "udp"
        ],
        tls=tls_of(settings),
        log=log,
        flood=FloodLimit(per_second=rate, burst=2 * rate),
        tap=tap,
    )


def _told(settings: Settings, bound: socket.socket, wanted: Address) -> Peer:
    """The address that peers are told of a socket."""
    host, port = bound.getsockname()[:2]
    advertised = [each for each in settings.sip.advertised if (":" in each) == (":" in host)]
    return Peer(wanted.transport, advertised[0] if advertised else host, port)


def resolver(settings: Settings, now: Callable[[], float]) -> Resolver:
    """Finds the peers of trunks, by what we listen on. A machine without name servers has trunks named by address."""
    try:
        ask = dns_ask()
    except LookupTrouble as trouble:
        ask = _nobody_to_ask(str(trouble))
    listen = settings.sip.listen
    return Resolver(
        now=now,
        random=SystemEntropy(),
        transports=tuple(dict.fromkeys(each.transport for each in listen)),
        families=tuple(dict.fromkeys(6 if ":" in each.host else 4 for each in listen)),
        ask=ask,
    )


def _nobody_to_ask(why: str) -> Ask:
    async def ask(name: str, _kind: str) -> Found:
        raise LookupTrouble(f"{name}: {why}")

    return ask
