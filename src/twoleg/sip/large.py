"""Requests too large for a datagram go over TCP (RFC 3261 18.1.1), unless TCP was refused lately.  One rule, no I/O."""

from __future__ import annotations

from typing import Final

from twoleg.sip.identity import Identity
from twoleg.sip.message import Request
from twoleg.sip.outgoing import branch_of
from twoleg.sip.peers import Peer
from twoleg.sip.values import replace

LARGEST_DATAGRAM: Final = 1300
"""Octets of a request; beyond it the path MTU is in danger (18.1.1)."""

_REMEMBERED: Final = 1024
_REFUSED_FOR: Final = 300.0
"""Seconds that a peer who refused TCP is spared the next attempt."""


class LargeRequests:
    """Readdresses large requests, and takes that back."""

    __slots__ = ("_identity", "_refused")

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._refused: dict[Peer, float] = {}
        """UDP peers that have no TCP, and until when we believe it."""

    def by_stream(self, request: Request, peer: Peer, now: float) -> Peer | None:
        """Give a large request the Via of TCP, and say where it goes; None when it must stay with UDP."""
        if not self._identity.has("tcp", peer) or self._refused.get(peer, now) > now:
            return None
        stream = replace(peer, transport="tcp")
        self._readdress(request, stream)
        return stream

    def by_datagram(self, request: Request, peer: Peer, now: float) -> None:
        """TCP was refused: "the element SHOULD retry the request, using UDP" (18.1.1)."""
        self._refused.pop(peer, None)
        if len(self._refused) >= _REMEMBERED:
            self._refused.pop(next(iter(self._refused)))
        self._refused[peer] = now + _REFUSED_FOR
        self._readdress(request, peer)

    def _readdress(self, request: Request, peer: Peer) -> None:
        request.headers.replace_first("Via", self._identity.via_with(peer, branch_of(request)))
