"""A re-INVITE from the other end: whether it may be taken, and its answer (RFC 3261 14.2, RFC 5407 3.1)."""

from __future__ import annotations

from twoleg.sip.ack_wait import AckWait, ack_received
from twoleg.sip.answering import Incoming, answer, invite_fields, retry_after
from twoleg.sip.core import Core
from twoleg.sip.events import Reinvited
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Request


class TheirOffer:
    """One re-INVITE that the owner has been told of; the leg holds it until a final response is out."""

    __slots__ = ("_core", "_incoming", "_leg")

    def __init__(self, core: Core, leg: Leg, incoming: Incoming) -> None:
        self._core = core
        self._leg = leg
        self._incoming = incoming
        incoming.transaction.user = self
        leg.their_offer = self

    def accept(self, *, status: int, body: bytes | None, now: float) -> None:
        """Answer 2xx, and again until the ACK."""
        self._leg.their_offer = None
        data = self._answer(status, body=body, now=now)
        AckWait(self._core, self._leg, self._incoming, data=data, is_first=False, now=now)

    def refuse(self, status: int, now: float) -> None:
        """Answer 300-699: everything stays as it was (14.2)."""
        self._leg.their_offer = None
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
            self._leg.their_offer = None
            if self._leg.reoffer is not None:
                self._leg.reoffer.pump(now)

    def _answer(self, status: int, *, body: bytes | None, now: float) -> bytes:
        fields = invite_fields(self._core, self._incoming, status)
        return answer(self._core, self._incoming, status, now=now, extra=fields, body=body)


def reinvite_received(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """A re-INVITE that is in order (12.2.2)."""
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
        TheirOffer(core, leg, incoming)
        core.tell(Reinvited(leg.id, incoming.request.body or None))


def _our_offer_is_open(leg: Leg) -> bool:
    """14.2: we sent an INVITE, or (RFC 5407 3.1.5) an offer whose answer is due in an ACK that was overtaken."""
    if leg.reoffer is not None and leg.reoffer.is_open:
        return True
    return any(wait.wants_answer for wait in leg.ack_waits.values())
