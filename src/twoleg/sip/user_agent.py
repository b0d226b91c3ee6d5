"""The user agent: one object, many legs; the door through which everything else uses the SIP core.

Four verbs belong to the shell that owns the sockets and the clock: `receive`, `fire_timers`, `next_deadline`, and
`take_output` with `take_events`.  All others are the owner's wishes.  After any verb the shell sends what
`take_output` gives, hands on what `take_events` gives, and arms one timer for `next_deadline`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from twoleg.sip.core import Core
from twoleg.sip.credentials import Credentials
from twoleg.sip.errors import SipParseError
from twoleg.sip.events import Event, LegId
from twoleg.sip.faults import contain
from twoleg.sip.headers import NameAddr, Reason
from twoleg.sip.identity import Identity
from twoleg.sip.inbound import malformed_received, request_received, response_received
from twoleg.sip.invitation import Invitation
from twoleg.sip.left_leg import revive
from twoleg.sip.leg import Leg
from twoleg.sip.leg_record import LegRecord
from twoleg.sip.leg_words import LegState, LegStateError
from twoleg.sip.message import Request
from twoleg.sip.options import Ping
from twoleg.sip.parser import is_keep_alive, parse_datagram
from twoleg.sip.peers import Peer, RandomBits, Transmit
from twoleg.sip.policy import InboundPolicy
from twoleg.sip.registration import Registration, Wanted
from twoleg.sip.timers import Timers
from twoleg.sip.wire import Wire
from twoleg.sip.wishes import accept, acknowledge, answer_reinvite, dial, info, proceed, reinvite, reject, release, ring


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
        local: Peer | Sequence[Peer],
        random: RandomBits,
        product: str = "twoleg",
        timers: Timers | None = None,
        policy: InboundPolicy | None = None,
    ) -> None:
        """`local`: where peers reach us, one address for each transport and family; they go into Via and Contact."""
        identity = Identity(local=local, product=product, random=random)
        self._registrations: dict[object, Registration] = {}
        self._core = Core(wire=Wire(timers or Timers()), identity=identity, policy=policy or InboundPolicy())

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        """Take one datagram that came from `source`."""
        self._guard(lambda: self._take(data, source, now), now, source)

    def transport_failed(self, peer: Peer, now: float) -> None:
        """Nothing can be delivered to `peer` (ICMP, refused connection): fail what waits for an answer from it."""
        self._guard(lambda: self._core.transactions.transport_failed(peer, now), now)

    def connection_lost(self, peer: Peer, now: float) -> None:
        """The connection to `peer` ended, and another is made on demand: send again what had no response on it.

        A request is sent again only once; then, or when no connection can be made, it is `transport_failed`.
        """
        self._guard(lambda: self._core.transactions.connection_lost(peer, now), now)

    def local_for(self, peer: Peer) -> Peer:
        """The address of ours that `peer` is told."""
        return self._core.identity.local_for(peer)

    def fire_timers(self, now: float) -> None:
        """Do everything that is due at `now`."""
        deadlines = self._core.wire.deadlines
        while (action := deadlines.pop_due(now)) is not None:
            self._guard(partial(action, now), now)

    def next_deadline(self) -> float | None:
        """When `fire_timers` must be called next; None when nothing is waiting."""
        return self._core.wire.deadlines.next()

    def take_output(self) -> list[Transmit]:
        """The messages to send since the last call, in order."""
        wire = self._core.wire
        output, wire.output = wire.output, []
        return output

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        core = self._core
        events, core.events = core.events, []
        return events

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
        session_id: str = "",
        is_held: bool = False,
        now: float,
    ) -> LegId:
        """Call `target` (the Request-URI) by way of `peer`; tags are ours to make.

        `body` None is a delayed offer: Answered then brings an offer, and `ack` must bring the answer.  With
        `credentials` the leg answers 401 and 407 itself, once per nonce (RFC 3261 22), on every request.
        `session_id`: 32 lower case hexadecimal digits that name the call on all its legs (RFC 7989), "" for none.
        `is_held`: each INVITE of the leg is told as Prepared and sent by `proceed`, and the ACK waits for `ack`.
        """
        leg = self._core.new_leg(we_called=True)
        wanted = Invitation(target, peer, from_, to, body or b"", content_type, extra_headers, session_id, is_held)
        self._guard(lambda: dial(self._core, leg, wanted, credentials=credentials, now=now), now, leg=leg)
        return leg.id

    def proceed(self, leg: LegId, *, now: float) -> None:
        """Send the INVITE of a leg that is held; harmless when it is out already."""
        self._on_leg(leg, partial(proceed, now=now), now)

    def revive(self, record: LegRecord, *, credentials: Credentials | None = None, now: float) -> LegId:
        """A leg that a process before us left on the wire, to be ended: `release` is the only verb for it.

        Until then an answer that comes late waits for its ACK; after it ACK, CANCEL and BYE go out as they are due.
        """
        leg = self._core.new_leg(we_called=True)
        self._guard(lambda: revive(self._core, leg, record, credentials=credentials, now=now), now, leg=leg)
        return leg.id

    def ack(self, leg: LegId, *, body: bytes, now: float) -> None:
        """ACK a 2xx that waits for it: with the answer to its offer (RFC 3261 13.2.2.4), or with nothing."""
        self._on_leg(leg, partial(acknowledge, body=body, now=now), now)

    def release(self, leg: LegId, *, reasons: Sequence[Reason] = (), now: float) -> None:
        """End the leg in the way its state asks for; Released follows in bounded time.  Again is harmless.

        We called: CANCEL, but only after a provisional (RFC 3261 9.1); a 2xx that crosses it is ACKed, then BYE.
        We were called: 480 before an answer; after it BYE, but not before the ACK or timer H (15).
        `reasons` go out as Reason (RFC 3326) with the CANCEL, BYE or final response.
        """
        self._on_leg(leg, partial(release, self._core, reasons=reasons, now=now), now)

    def call_id(self, leg: LegId) -> str:
        """The Call-ID of a leg that we called and that nobody has answered yet; "" for any other."""
        found = self._core.legs.get(leg)
        return "" if found is None or found.dialing is None else found.dialing.call_id

    def is_unheard(self, leg: LegId) -> bool:
        """Whether we called and not one response came, not even 100."""
        found = self._core.legs.get(leg)
        return found is not None and found.state is LegState.CALLING

    def reinvite(self, leg: LegId, *, body: bytes | None, now: float) -> None:
        """Offer a change: ReinviteAnswered or ReinviteFailed follows, unless the leg ends first.

        Waits while another offer is pending on the leg (14.1), retries 491 after the random back-off of 14.1 and 500
        after its Retry-After; up to 8 wait in line, in order.
        """
        self._on_leg(leg, partial(reinvite, self._core, body=body, now=now), now)

    def answer_reinvite(self, leg: LegId, *, status: int, body: bytes | None = None, now: float) -> None:
        """Answer a Reinvited: 2xx with the answer (or the offer asked for), or 300-699 to leave it as it was."""
        _check(status, 200, 699)
        self._on_leg(leg, partial(answer_reinvite, status=status, body=body, now=now), now)

    def info(self, leg: LegId, *, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO with that body (RFC 6086); dropped while the leg does not talk, and its answer is not told."""
        self._on_leg(leg, partial(info, self._core, content_type=content_type, body=body, now=now), now)

    def ring(self, leg: LegId, *, status: int = 180, body: bytes | None = None, now: float) -> None:
        """Send a provisional 101-199 to an incoming INVITE; `body` is early media."""
        _check(status, 101, 199)
        self._on_leg(leg, partial(ring, status=status, body=body, now=now), now)

    def accept(self, leg: LegId, *, body: bytes, now: float) -> None:
        """Answer 200 with `body`; it is repeated until the ACK, which is told as Acknowledged (13.3.1.4)."""
        self._on_leg(leg, partial(accept, body=body, now=now), now)

    def reject(self, leg: LegId, *, status: int, extra_headers: Sequence[tuple[str, str]] = (), now: float) -> None:
        """Answer 300-699; Released follows when that is acknowledged or given up."""
        _check(status, 300, 699)
        self._on_leg(leg, partial(reject, status=status, extra=extra_headers, now=now), now)

    def options(self, *, target: str, peer: Peer, from_: NameAddr, token: object, now: float) -> None:
        """Ask whether `peer` lives (RFC 3261 11); OptionsAnswered with `token` follows within 64 * T1."""
        ping = Ping(self._core, token)
        self._guard(lambda: ping.send(target=target, peer=peer, from_=from_, now=now), now)

    def register(self, wanted: Wanted, *, token: object, now: float) -> None:
        """Keep a binding at a registrar (RFC 3261 10.2): Registered and NotRegistered with `token` tell how it stands.

        Refused and unanswered tries are repeated after pauses that grow from 4 to 300 s.  Raises ValueError for a token
        that is in use.
        """
        if token in self._registrations:
            raise ValueError(f"a registration is under way under {token!r}")
        self._guard(lambda: self._register(wanted, token, now), now)

    def aim_registration(self, token: object, peers: Sequence[Peer]) -> None:
        """The registrar of that binding is at these addresses from the next request on; unknown tokens are harmless."""
        registration = self._registrations.get(token)
        if registration is not None:
            registration.aim(peers)

    def unregister(self, token: object, *, now: float) -> None:
        """Remove that binding; NotRegistered with `retry_in` None follows in bounded time.  Again is harmless."""
        registration = self._registrations.pop(token, None)
        if registration is not None:
            self._guard(lambda: registration.stop(now), now)

    def _register(self, wanted: Wanted, token: object, now: float) -> None:
        self._registrations[token] = Registration(self._core, wanted, token=token, now=now)

    def _take(self, data: bytes, source: Peer, now: float) -> None:
        if is_keep_alive(data):
            return
        try:
            message = parse_datagram(data)
        except SipParseError as error:
            malformed_received(self._core, error, source)
            return
        if isinstance(message, Request):
            request_received(self._core, message, source, now)
        else:
            response_received(self._core, message, source, now)

    def _on_leg(self, leg_id: LegId, wish: Callable[[Leg], None], now: float) -> None:
        leg = self._core.legs.get(leg_id)
        if leg is not None:
            self._guard(lambda: wish(leg), now, leg=leg)

    def _guard(self, work: Callable[[], None], now: float, source: Peer | None = None, leg: Leg | None = None) -> None:
        """Do `work`; what it raises ends the leg in hand, and nothing else."""
        self._core.wire.in_hand = 0 if leg is None else leg.id
        try:
            work()
        except LegStateError:
            raise
        except Exception as fault:  # noqa: BLE001 - one leg's fault must not reach the others; it is told as an event
            contain(self._core, fault, source=source, now=now)


def _check(status: int, lowest: int, highest: int) -> None:
    if not lowest <= status <= highest:
        raise ValueError(f"status {status} is not in {lowest}..{highest}")
