"""Trunks as the wire needs them: where requests go, and how a number is addressed and displayed through each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twoleg.domain.trunk import Trunk, choose_trunks
from twoleg.sip.credentials import Credentials
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer


@dataclass(frozen=True, slots=True)
class Route:
    """A trunk with its transport address."""

    trunk: Trunk
    peer: Peer
    host_port: str
    """What stands behind the `@` of its URIs."""

    @property
    def credentials(self) -> Credentials | None:
        """What it is told when it challenges; None when it was configured without."""
        if self.trunk.username is None:
            return None
        return Credentials(self.trunk.username, self.trunk.password or "")

    def target(self, number: str) -> str:
        """The Request-URI of a number."""
        return f"sip:{number}@{self.host_port}"

    def addressed(self, number: str) -> NameAddr:
        """The To of a number."""
        return NameAddr("", self.target(number))


class Routes:
    """The routes of all trunks."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """`routes` in the order of configuration."""
        self._trunks = [route.trunk for route in routes]
        self._by_name = {route.trunk.name: route for route in routes}

    def choose(self, number: str) -> Route:
        """The route with the longest prefix of the number. Raises `NoRoute`."""
        return self._by_name[choose_trunks(self._trunks, number, tenant_id="", draw=lambda _: 0)[0].name]


def displayed(clip: str, local: Peer) -> NameAddr:
    """A CLIP as From and P-Asserted-Identity (RFC 3325) carry it."""
    return NameAddr("", f"sip:{clip}@{local.host_port}")
