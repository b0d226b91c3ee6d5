"""The user agent: one object, many legs; the door through which everything else uses the SIP core.

Four verbs belong to the shell that owns the sockets and the clock: `receive`, `fire_timers`, `next_deadline`, and
`take_output` with `take_events`.  All others are the owner's wishes.  After any verb the shell sends what
`take_output` gives, hands on what `take_events` gives, and arms one timer for `next_deadline`.
"""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Event, LegId
from twoleg.sip.headers import NameAddr, Reason
from twoleg.sip.peers import Peer, RandomBits, Transmit
from twoleg.sip.policy import InboundPolicy
from twoleg.sip.timers import Timers


class UserAgent:
    """Calls and is called.

    `now` is everywhere a monotonic time in seconds that never goes back.  No verb raises for what comes from the
    wire; a fault of ours ends the leg concerned with Failed(origin=INTERNAL) and Released, and nothing else.

    A verb for a leg that is already gone does nothing: its Released was on the way when the owner spoke.  A verb that
    makes no sense in the state of its leg (`accept` on a leg that we called) raises LegStateError.
    """

    def __init__(
        self,
        *,
        local: Peer,
        random: RandomBits,
        product: str = "twoleg",
        timers: Timers | None = None,
        policy: InboundPolicy | None = None,
    ) -> None:
        """`local` is the address that peers reach us at: it goes into Via and Contact."""
        raise NotImplementedError

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        """Take one datagram that came from `source`."""
        raise NotImplementedError

    def transport_failed(self, peer: Peer, now: float) -> None:
        """Nothing can be delivered to `peer` (ICMP, refused connection): fail what waits for an answer from it."""
        raise NotImplementedError

    def fire_timers(self, now: float) -> None:
        """Do everything that is due at `now`."""
        raise NotImplementedError

    def next_deadline(self) -> float | None:
        """When `fire_timers` must be called next; None when nothing is waiting."""
        raise NotImplementedError

    def take_output(self) -> list[Transmit]:
        """The messages to send since the last call, in order."""
        raise NotImplementedError

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        raise NotImplementedError

    def invite(  # noqa: PLR0913 - an INVITE has that many parts, all named
        self,
        *,
        target: str,
        peer: Peer,
        from_: NameAddr,
        to: NameAddr,
        body: bytes | None,
        content_type: str = "application/sdp",
        extra_headers: Sequence[tuple[str, str]] = (),
        credentials: Credentials | None = None,
        now: float,
    ) -> LegId:
        """Call `target` (the Request-URI) by way of `peer`; tags are ours to make.

        `body` None is a delayed offer: Answered then brings an offer, and `ack` must bring the answer.  With
        `credentials` the leg answers 401 and 407 itself, once per nonce (RFC 3261 22), on every request.
        """
        raise NotImplementedError

    def ack(self, leg: LegId, *, body: bytes, now: float) -> None:
        """Answer the offer in a 2xx to an INVITE or re-INVITE of ours that had none (RFC 3261 13.2.2.4)."""
        raise NotImplementedError

    def release(self, leg: LegId, *, reasons: Sequence[Reason] = (), now: float) -> None:
        """End the leg in the way its state asks for; Released follows in bounded time.  Again is harmless.

        We called: CANCEL, but only after a provisional (RFC 3261 9.1); a 2xx that crosses it is ACKed, then BYE.
        We were called: 480 before an answer; after it BYE, but not before the ACK or timer H (15).
        `reasons` go out as Reason (RFC 3326) with the CANCEL, BYE or final response.
        """
        raise NotImplementedError

    def reinvite(self, leg: LegId, *, body: bytes | None, now: float) -> None:
        """Offer a change: ReinviteAnswered or ReinviteFailed follows, unless the leg ends first.

        Waits while another offer is pending on the leg (14.1), retries 491 after the random back-off of 14.1 and 500
        after its Retry-After; up to 8 wait in line, in order.
        """
        raise NotImplementedError

    def answer_reinvite(self, leg: LegId, *, status: int, body: bytes | None = None, now: float) -> None:
        """Answer a Reinvited: 2xx with the answer (or the offer asked for), or 300-699 to leave it as it was."""
        raise NotImplementedError

    def ring(self, leg: LegId, *, status: int = 180, body: bytes | None = None, now: float) -> None:
        """Send a provisional 101-199 to an incoming INVITE; `body` is early media."""
        raise NotImplementedError

    def accept(self, leg: LegId, *, body: bytes, now: float) -> None:
        """Answer 200 with `body`; it is repeated until the ACK, which is told as Acknowledged (13.3.1.4)."""
        raise NotImplementedError

    def reject(self, leg: LegId, *, status: int, extra_headers: Sequence[tuple[str, str]] = (), now: float) -> None:
        """Answer 300-699; Released follows when that is acknowledged or given up."""
        raise NotImplementedError

    def options(self, *, target: str, peer: Peer, from_: NameAddr, token: object, now: float) -> None:
        """Ask whether `peer` lives (RFC 3261 11); OptionsAnswered with `token` follows within 64 * T1."""
        raise NotImplementedError
