"""From configured trunks to routes: the implicit trunk to the sandbox, and each host looked up, once."""

from __future__ import annotations

from collections.abc import Iterable

from twoleg.adapters.sip_engine.routes import Route, Routes
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.sockets import SIP_PORT
from twoleg.config import Settings
from twoleg.domain.trunk import Trunk
from twoleg.sip.uri import SipUri
from twoleg.sip_transport.sockets import AddressError, resolve_once

SANDBOX = "sandbox"


def trunks_of(settings: Settings, *, sandbox: str | None) -> tuple[Trunk, ...]:
    """The trunks to dial by. With none configured, our own sandbox (its URI, when it runs) takes all numbers."""
    if not settings.trunks and sandbox is not None:
        return (Trunk(name=SANDBOX, uri=sandbox),)
    return tuple(
        Trunk(name=each.name, uri=each.uri, prefixes=each.prefixes, username=each.username, password=each.password)
        for each in settings.trunks
    )


def routes_of(trunks: Iterable[Trunk]) -> Routes:
    """The routes of those trunks; blocks while host names are looked up. Raises `ServiceError` naming the trunk."""
    return Routes([route_of(trunk) for trunk in trunks])


def route_of(trunk: Trunk) -> Route:
    """The route of one trunk. Raises `ServiceError`."""
    uri = SipUri.parse(trunk.uri)
    try:
        peer = resolve_once(uri.host, uri.port or SIP_PORT)
    except AddressError as error:
        raise ServiceError(f"trunk {trunk.name}: {trunk.uri}: {error}") from error
    port = "" if uri.port is None else f":{uri.port}"
    return Route(trunk, peer, f"{uri.host}{port}")
