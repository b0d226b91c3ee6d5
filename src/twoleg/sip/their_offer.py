"""A re-INVITE or UPDATE from the other end: whether it may be taken, and its answer (RFC 3261 14.2, 3311, 5407 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.ack_wait import AckWait, ack_received
from twoleg.sip.answering import answer, invite_fields, retry_after
from twoleg.sip.core import Core
from twoleg.sip.deadlines import Deadline
from twoleg.sip.events import Reinvited
from twoleg.sip.incoming import Incoming
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Request
from twoleg.sip.outgoing import Fields


class TheirOffer:
    """One that the owner has been told of; the leg holds it until a final response is out."""

    __slots__ = ("_core", "_incoming", "_leg", "_limit")

    def __init__(self, core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
        self._core = core
        self._leg = leg
        self._incoming = incoming
        self._limit: Deadline | None = None
        if incoming.request.method == "UPDATE":
            self._limit = core.wire.deadlines.arm(now + core.wire.timers.update_limit, self._limit_due)
        incoming.transaction.user = self
        leg.their_offer = self

    def accept(self, *, status: int, body: bytes | None, now: float) -> None:
        """Answer 2xx; to a re-INVITE again until the ACK."""
        self._settle()
        leg = self._leg
        leg.told = body or leg.told
        data = self._answer(status, extra=timer_fields(leg, self._incoming.request, now), body=body, now=now)
        if self._incoming.request.method == "INVITE":
            AckWait(self._core, leg, self._incoming, data=data, is_first=False, now=now)
        elif leg.reoffer is not None:
            leg.reoffer.pump(now)

    def refuse(self, status: int, now: float) -> None:
        """Answer 300-699: everything stays as it was (14.2)."""
        self._settle()
        self._answer(status, body=None, now=now)
        if self._leg.reoffer is not None:
            self._leg.reoffer.pump(now)

    def ack_received(self, ack: Request, now: float) -> None:
        """An ACK to our 2xx that came with the branch of the re-INVITE."""
        ack_received(self._core, self._leg, ack, now)

    def cancel_received(self, _cancel: Request, now: float) -> None:
        """Taken back; what the owner may still answer comes too late and is dropped."""
        if self._leg.their_offer is self:
            self.refuse(487, now)

    def refusal_settled(self, _now: float) -> None:
        """Nothing waits for this."""

    def transport_failed(self, now: float) -> None:
        """The other end cannot be reached just now; whether the leg is lost is for other requests to find out."""
        if self._leg.their_offer is self:
            self._settle()
            if self._leg.reoffer is not None:
                self._leg.reoffer.pump(now)

    def _settle(self) -> None:
        self._leg.their_offer = None
        if self._limit is not None:
            self._limit.cancel()

    def _limit_due(self, now: float) -> None:
        """RFC 3311 5.2: an UPDATE that cannot be answered soon is answered 504."""
        self._core.wire.in_hand = self._leg.id
        self.refuse(504, now)

    def _answer(self, status: int, *, extra: Sequence[tuple[str, str]] = (), body: bytes | None, now: float) -> bytes:
        fields = (*invite_fields(self._core, self._incoming, status), *extra)
        return answer(self._core, self._incoming, status, now=now, extra=fields, body=body)


def reinvite_received(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """A re-INVITE, or an UPDATE with an offer, that is in order (12.2.2)."""
    action = leg.advance(LegInput.REINVITE)
    if action is LegAction.REFUSE_GONE:
        answer(core, incoming, 481, now=now)
    elif leg.their_offer is not None or leg.answering is not None:
        # 14.2: the INVITE before this one has no final response yet.
        answer(core, incoming, 500, now=now, extra=retry_after(core.identity.pick(10)))
    elif action is LegAction.REFUSE_PENDING or _our_offer_is_open(leg):
        answer(core, incoming, 491, now=now)
    elif action is LegAction.TAKE and leg.dialog is not None:
        leg.dialog.refresh_target(incoming.request)
        take_offer(core, leg, incoming, now)


def take_offer(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """Tell the owner, unless the one before this is not answered yet."""
    if leg.their_offer is not None:
        answer(core, incoming, 500, now=now, extra=retry_after(core.identity.pick(10)))
        return
    TheirOffer(core, leg, incoming, now)
    core.tell(Reinvited(leg.id, incoming.request.body or None))


def update_received(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """An UPDATE that is in order: with an offer like a re-INVITE, without one it only refreshes (RFC 3311 5.2)."""
    if incoming.request.body:
        reinvite_received(core, leg, incoming, now)
    elif leg.advance(LegInput.INFO) is LegAction.TAKE and leg.dialog is not None:
        leg.dialog.refresh_target(incoming.request)
        fields = (*invite_fields(core, incoming, 200), *timer_fields(leg, incoming.request, now))
        answer(core, incoming, 200, now=now, extra=fields)
    else:
        answer(core, incoming, 481, now=now)


def timer_fields(leg: Leg, request: Request, now: float) -> Fields:
    """What our 2xx to `request` says about the session timer; nothing before the leg is answered."""
    return [] if leg.refresher is None else leg.refresher.answer(request, now)


def _our_offer_is_open(leg: Leg) -> bool:
    """14.2: we sent an INVITE, or (RFC 5407 3.1.5) an offer whose answer is due in an ACK that was overtaken."""
    if leg.reoffer is not None and leg.reoffer.is_open:
        return True
    return any(wait.wants_answer for wait in leg.ack_waits.values())
