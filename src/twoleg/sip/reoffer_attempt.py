"""One re-INVITE of ours on the wire: what repetitions of its 2xx need.  What follows from answers is in `reoffer`."""

from __future__ import annotations

from typing import Protocol

from twoleg.sip.events import FailureOrigin
from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import proofs_of
from twoleg.sip.peers import Peer
from twoleg.sip.transaction_client import ClientTransaction
from twoleg.sip.wire import Wire


class AttemptUser(Protocol):
    """Who sent it."""

    def response_received(self, attempt: Attempt, response: Response, now: float) -> None:
        """A provisional, or the one final response."""

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Timer B, or the transport."""


class Attempt:
    """The user of one re-INVITE transaction; keeps the ACK of its 2xx for repetitions."""

    __slots__ = ("_wire", "ack", "cseq", "peer", "proofs", "reoffer", "request", "transaction")

    def __init__(self, reoffer: AttemptUser, *, request: Request, peer: Peer, cseq: int, wire: Wire) -> None:
        self.reoffer = reoffer
        self._wire = wire
        self.request: Request | None = request
        self.peer = peer
        self.cseq = cseq
        self.proofs = proofs_of(request)
        self.ack: tuple[bytes, Peer] | None = None
        self.transaction: ClientTransaction | None = None

    def response_received(self, response: Response, now: float) -> None:
        """Hand it on, except for repetitions of a 2xx."""
        if self.request is not None:
            if response.status >= 200:
                self.request = None
            self.reoffer.response_received(self, response, now)
        elif self.ack is not None:
            self._wire.send(*self.ack)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Timer B, or the transport."""
        self.reoffer.request_failed(origin, now)

    @property
    def path(self) -> Peer:
        """Where it went in the end: a large one may have left the way of its dialog (18.1.1)."""
        return self.peer if self.transaction is None else self.transaction.peer

    def abandon(self, now: float) -> None:
        """Wait no longer for a final response."""
        if self.transaction is not None:
            self.transaction.abandon(now)
