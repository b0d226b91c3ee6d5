"""A trunk as the wire needs it: how a number is addressed through it, and how the caller is shown to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twoleg.domain.trunk import IdentityHeader, Trunk
from twoleg.sip.credentials import Credentials
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri

_ANONYMOUS = NameAddr("Anonymous", "sip:anonymous@anonymous.invalid")
"""RFC 3323 4.1.1.3."""


@dataclass(frozen=True, slots=True)
class Route:
    """A trunk with its URI taken apart."""

    trunk: Trunk
    uri: SipUri

    @classmethod
    def of(cls, trunk: Trunk) -> Route:
        """Raises `SipParseError` for a trunk whose URI is none."""
        return cls(trunk, SipUri.parse(trunk.uri))

    @property
    def credentials(self) -> Credentials | None:
        """What it is told when it challenges; None when it was configured without."""
        if self.trunk.username is None:
            return None
        return Credentials(self.trunk.username, self.trunk.password or "")

    @property
    def domain(self) -> str:
        """Host and port of its URI, as written."""
        return self.trunk.uri.partition(":")[2].partition(";")[0]

    def target(self, number: str) -> str:
        """The Request-URI of a number, already written as this trunk wants it."""
        scheme, _, rest = self.trunk.uri.partition(":")
        return f"{scheme}:{number}@{rest}"

    def caller(self, clip: str, local: Peer) -> NameAddr:
        """From: the CLIP at our own address, unless it is withheld."""
        return _ANONYMOUS if self.trunk.withholds else NameAddr("", f"sip:{clip}@{local.host_port}")

    def identity(self, clip: str, local: Peer) -> Sequence[tuple[str, str]]:
        """The headers that tell this trunk who calls, whatever From says (RFC 3325 9.1, 9.3)."""
        shown = NameAddr("", f"sip:{clip}@{local.host_port}")
        fields = [(header.value, self._identified(header, shown)) for header in self.trunk.identity]
        if self.trunk.withholds:
            fields.append(("Privacy", "id"))
        return fields

    def _identified(self, header: IdentityHeader, shown: NameAddr) -> str:
        if header is IdentityHeader.REMOTE_PARTY:
            privacy = "full" if self.trunk.withholds else "off"
            return f"{shown};party=calling;screen=yes;privacy={privacy}"
        return str(shown)


class Routes:
    """The routes of all trunks."""

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        """`trunks` in the order of configuration. Raises `SipParseError`."""
        self.trunks = tuple(trunks)
        self._by_name: Mapping[str, Route] = {trunk.name: Route.of(trunk) for trunk in trunks}

    def named(self, name: str) -> Route:
        """The route of that trunk."""
        return self._by_name[name]
