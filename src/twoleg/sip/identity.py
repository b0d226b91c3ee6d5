"""Who we are on the wire, and the random names we give: Via, Contact, tags, branches, Call-IDs.  No messages."""

from __future__ import annotations

from twoleg.sip.peers import Peer, RandomBits


class Identity:
    """One local address.  `contact` is the Contact value for every dialog of ours."""

    __slots__ = ("_random", "_via", "contact", "local", "product")

    def __init__(self, *, local: Peer, product: str, random: RandomBits) -> None:
        self.local = local
        self.product = product
        self._random = random
        # Without the parameter a peer would answer a TCP dialog over UDP (RFC 3263 4.1).
        transport = f";transport={local.transport}" if local.is_reliable else ""
        self.contact = f"<sip:{product}@{local.host_port}{transport}>"
        self._via = f"SIP/2.0/{local.transport.upper()} {local.host_port};rport;branch=z9hG4bK"

    def via(self) -> str:
        """A Via for a new transaction: a branch that was never used (8.1.1.7), and rport (RFC 3581 3)."""
        return f"{self._via}{self._random.getrandbits(64):016x}"

    def tag(self) -> str:
        """A new From or To tag; 19.3 asks for at least 32 random bits."""
        return f"{self._random.getrandbits(64):016x}"

    def call_id(self) -> str:
        """A new Call-ID (8.1.1.4), telling nothing about this host."""
        return f"{self._random.getrandbits(128):032x}"

    def pick(self, limit: int) -> int:
        """A number in 0..`limit`, near enough to uniform for a back-off."""
        return self._random.getrandbits(32) % (limit + 1)
