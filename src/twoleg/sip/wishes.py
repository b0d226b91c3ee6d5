"""The owner's verbs for one leg, each done in the way that the state of the leg asks for."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.closing import send_bye
from twoleg.sip.core import Core
from twoleg.sip.credentials import Credentials, Login
from twoleg.sip.headers import Reason
from twoleg.sip.info import Info
from twoleg.sip.invitation import Invitation
from twoleg.sip.invite_client import InviteClient
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.outgoing import reason_fields
from twoleg.sip.reoffer import Reoffer


def dial(core: Core, leg: Leg, wanted: Invitation, *, credentials: Credentials | None, now: float) -> None:
    """Send the first INVITE."""
    if credentials is not None:
        leg.login = Login(credentials, core.identity)
    leg.dialing = InviteClient(core, leg, wanted, now=now)


def proceed(leg: Leg, *, now: float) -> None:
    """Let the INVITE go that is held; harmless when none is."""
    if leg.dialing is not None:
        leg.dialing.proceed(now)


def release(core: Core, leg: Leg, *, reasons: Sequence[Reason] = (), now: float) -> None:
    """RFC 3261 9.1 and 15: CANCEL, BYE or a refusal, at once or when it is allowed."""
    action = leg.advance(LegInput.RELEASE)
    if action is LegAction.IGNORE:
        return
    leg.reasons = reasons
    if action is LegAction.SEND_BYE:
        send_bye(core, leg, now)
    elif action is LegAction.SEND_REFUSAL and leg.answering is not None:
        leg.answering.refuse(status=480, extra=reason_fields(reasons), now=now)
    elif leg.dialing is not None:
        _release_dialing(core, leg, action, now)


def _release_dialing(core: Core, leg: Leg, action: LegAction, now: float) -> None:
    dialing = leg.dialing
    if dialing is None:
        return
    if action is LegAction.SEND_CANCEL:
        dialing.cancel(now)
    elif action is LegAction.REMEMBER:
        dialing.withdraw()
    elif action is LegAction.ACK_AND_BYE:
        dialing.ack(b"")
        send_bye(core, leg, now)


def acknowledge(leg: Leg, *, body: bytes, now: float) -> None:
    """The answer to an offer that came in a 2xx, to the first INVITE or to a re-INVITE."""
    if leg.reoffer is not None and leg.reoffer.wants_answer:
        leg.reoffer.acknowledge(body, now)
    elif leg.advance(LegInput.ACKNOWLEDGE) is LegAction.SEND_ACK and leg.dialing is not None:
        leg.dialing.ack(body)
        if leg.reoffer is not None:
            leg.reoffer.pump(now)


def reinvite(core: Core, leg: Leg, *, body: bytes | None, now: float) -> None:
    """Put an offer in line."""
    if leg.advance(LegInput.OFFER_CHANGE) is LegAction.TAKE:
        if leg.reoffer is None:
            leg.reoffer = Reoffer(core, leg)
        leg.reoffer.offer(body, now)


def answer_reinvite(leg: Leg, *, status: int, body: bytes | None, now: float) -> None:
    """Answer a re-INVITE; if that was taken back meanwhile, the answer comes too late and is dropped."""
    offer = leg.their_offer
    if offer is None:
        return
    if status < 300:
        offer.accept(status=status, body=body, now=now)
    else:
        offer.refuse(status, now)


def info(core: Core, leg: Leg, *, content_type: str, body: bytes, now: float) -> None:
    """Send an INFO; while the leg does not talk there is nobody to hear it."""
    Info(core, leg, content_type=content_type, body=body).send(now)


def ring(leg: Leg, *, status: int, body: bytes | None, now: float) -> None:
    """Send a provisional."""
    if leg.advance(LegInput.RING) is LegAction.SEND_PROVISIONAL and leg.answering is not None:
        leg.answering.ring(status=status, body=body, now=now)


def accept(leg: Leg, *, body: bytes, now: float) -> None:
    """Send 200."""
    if leg.advance(LegInput.ACCEPT) is LegAction.SEND_ANSWER and leg.answering is not None:
        leg.answering.accept(body=body, now=now)


def reject(leg: Leg, *, status: int, extra: Sequence[tuple[str, str]], now: float) -> None:
    """Send 300-699."""
    if leg.advance(LegInput.REJECT) is LegAction.SEND_REFUSAL and leg.answering is not None:
        leg.answering.refuse(status=status, extra=extra, now=now)
