"""Who we are on the wire, and the random names we give: Via, Contact, tags, branches, Call-IDs.  No messages.

We have one address for each way out: a transport and an address family.  What a peer is told is that of its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twoleg.sip.peers import Peer, RandomBits

_NEXT_BEST: Final = {"tls": ("tcp", "udp"), "tcp": ("tls", "udp"), "udp": ("tcp", "tls")}


class Identity:
    """Our addresses; the first is `local`, which also stands in where there is no better one."""

    __slots__ = ("_contacts", "_locals", "_random", "_vias", "local", "product")

    def __init__(self, *, local: Peer | Sequence[Peer], product: str, random: RandomBits) -> None:
        locals_ = [local] if isinstance(local, Peer) else list(local)
        self.local = locals_[0]
        self.product = product
        self._random = random
        self._locals = {_way(each): each for each in reversed(locals_)}
        self._vias: dict[tuple[str, bool], str] = {}
        self._contacts: dict[tuple[str, bool], str] = {}

    def has(self, transport: str, peer: Peer) -> bool:
        """Whether we have an address for that transport in the family of `peer`."""
        return (transport, ":" in peer.host) in self._locals

    def local_for(self, peer: Peer) -> Peer:
        """The address of ours that `peer` can answer to: same transport and family, else whatever comes near."""
        is_ipv6 = ":" in peer.host
        for transport in (peer.transport, *_NEXT_BEST.get(peer.transport, ())):
            found = self._locals.get((transport, is_ipv6))
            if found is not None:
                return found
        return self.local

    def contact(self, peer: Peer, *, is_secure: bool = False) -> str:
        """The Contact that `peer` is given; `is_secure` when the request is for a SIPS URI (8.1.1.8, 12.1.1)."""
        if is_secure:
            return f"<sips:{self.product}@{self.local_for(peer).host_port}>"
        way = (peer.transport, ":" in peer.host)
        found = self._contacts.get(way)
        if found is None:
            local = self.local_for(peer)
            # Without the parameter a peer would answer a TCP dialog over UDP (RFC 3263 4.1).
            transport = f";transport={local.transport}" if local.is_reliable else ""
            found = self._contacts[way] = f"<sip:{self.product}@{local.host_port}{transport}>"
        return found

    def via(self, peer: Peer) -> str:
        """A Via for a new transaction with `peer`: an unused branch (8.1.1.7), and rport (RFC 3581 3)."""
        return self._via(peer) + f"{self._random.getrandbits(64):016x}"

    def via_with(self, peer: Peer, branch: str) -> str:
        """The Via of a transaction that moves to another transport with its branch."""
        return self._via(peer) + branch.removeprefix("z9hG4bK")

    def _via(self, peer: Peer) -> str:
        way = (peer.transport, ":" in peer.host)
        found = self._vias.get(way)
        if found is None:
            # RFC 5923 5: the connection may carry the peer's own requests to us, too.
            alias = ";alias" if peer.is_reliable else ""
            sent_by = self.local_for(peer).host_port
            found = f"SIP/2.0/{peer.transport.upper()} {sent_by};rport{alias};branch=z9hG4bK"
            self._vias[way] = found
        return found

    def tag(self) -> str:
        """A new From or To tag; 19.3 asks for at least 32 random bits."""
        return f"{self._random.getrandbits(64):016x}"

    def call_id(self) -> str:
        """A new Call-ID (8.1.1.4), telling nothing about this host."""
        return f"{self._random.getrandbits(128):032x}"

    def pick(self, limit: int) -> int:
        """A number in 0..`limit`, near enough to uniform for a back-off."""
        return self._random.getrandbits(32) % (limit + 1)


def _way(peer: Peer) -> tuple[str, bool]:
    return (peer.transport, ":" in peer.host)
