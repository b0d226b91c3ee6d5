"""How legs end: our BYE and theirs, and the last event of every leg."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.answering import answer
from twoleg.sip.core import Core
from twoleg.sip.credentials import Login
from twoleg.sip.dialog import Dialog
from twoleg.sip.events import Failed, FailureOrigin, HungUp, Released
from twoleg.sip.headers import Reason
from twoleg.sip.incoming import Incoming
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Response
from twoleg.sip.outgoing import reason_fields


class Bye:
    """Our BYE for a dialog: answers a challenge, and any other final response or silence is the end (15.1.1).

    `leg` is None for a dialog that no leg ever had: the second answer of a forked INVITE.
    """

    __slots__ = ("_core", "_dialog", "_leg", "_login", "_reasons", "_retries")

    def __init__(
        self, core: Core, *, dialog: Dialog, leg: Leg | None, login: Login | None, reasons: Sequence[Reason]
    ) -> None:
        self._core = core
        self._dialog = dialog
        self._leg = leg
        self._login = login
        self._reasons = reasons
        self._retries = 0

    def send(self, now: float) -> None:
        """Send it, or send it again with credentials."""
        request, peer = self._dialog.request("BYE", extra=reason_fields(self._reasons), login=self._login)
        leg_id = self._leg.id if self._leg is not None else 0
        self._core.transactions.request(request, peer=peer, user=self, leg=leg_id, now=now)

    def response_received(self, response: Response, now: float) -> None:
        """A challenge is answered; whatever else is final ends the leg."""
        if response.status < 200:
            return
        if self._login is not None and self._login.learn(response, retries=self._retries):
            self._retries += 1
            self.send(now)
            return
        self._done(response.status, response.reasons)

    def request_failed(self, _origin: FailureOrigin, _now: float) -> None:
        """Nobody there, so nothing left to end."""
        self._done(None, ())

    def _done(self, status: int | None, reasons: Sequence[Reason]) -> None:
        if self._leg is not None and self._leg.advance(LegInput.BYE_DONE) is LegAction.REPORT_RELEASED:
            finish(self._core, self._leg, status=status, reasons=reasons)


def send_bye(core: Core, leg: Leg, now: float) -> None:
    """End a confirmed leg, with the reasons that `release` gave."""
    silence(leg, now)
    if leg.dialog is None:
        raise RuntimeError("BYE without a dialog")
    Bye(core, dialog=leg.dialog, leg=leg, login=leg.login, reasons=leg.reasons).send(now)


def bye_received(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """A BYE in the dialog of `leg` (15.1.2)."""
    action, request = leg.advance(LegInput.BYE), incoming.request
    answer(core, incoming, 200, now=now)
    if action is LegAction.REFUSE_CANCELLED and leg.answering is not None:
        leg.answering.refuse_cancelled(request, now)
    elif action is LegAction.REPORT_HANG_UP:
        silence(leg, now)
        core.tell(HungUp(leg.id, request.reasons, "BYE"))
        finish(core, leg, status=None, reasons=request.reasons)
    elif action is LegAction.ANSWER_LAST_BYE:
        silence(leg, now)
        finish(core, leg, status=None, reasons=request.reasons)


def dialog_lost(core: Core, leg: Leg, *, what: LegInput, reasons: Sequence[Reason], now: float) -> None:
    """A request of ours in the dialog was answered 481 (`what` GONE), or 408 or nothing (SILENT): 12.2.1.2."""
    action = leg.advance(what)
    if action is LegAction.REPORT_GONE:
        silence(leg, now)
        core.tell(HungUp(leg.id, reasons, "481"))
        finish(core, leg, status=481, reasons=reasons)
    elif action is LegAction.REPORT_SILENT:
        core.tell(HungUp(leg.id, reasons, "408"))
        send_bye(core, leg, now)


def fail_unacknowledged(core: Core, leg: Leg, now: float) -> None:
    """Our 2xx was never acknowledged: the leg failed, and BYE tells so (13.3.1.4)."""
    core.tell(failure(leg, origin=FailureOrigin.TIMEOUT, phrase="no ACK"))
    send_bye(core, leg, now)


def failure(leg: Leg, *, origin: FailureOrigin, phrase: str, fault: Exception | None = None) -> Failed:
    """A Failed that no response brought."""
    return Failed(leg.id, None, phrase, (), (), origin, None, fault)


def silence(leg: Leg, now: float) -> None:
    """Stop everything that a leg does on its own, and answer what was left pending (15.1.2)."""
    for wait in leg.ack_waits.values():
        wait.stop()
    leg.ack_waits.clear()
    if leg.refresher is not None:
        leg.refresher.stop()
    if leg.reoffer is not None:
        leg.reoffer.close(now)
        leg.reoffer = None
    if leg.their_offer is not None:
        leg.their_offer.refuse(487, now)


def finish(core: Core, leg: Leg, *, status: int | None, reasons: Sequence[Reason]) -> None:
    """The last event of a leg, once; nothing finds the leg after it."""
    if leg.id in core.legs:
        if leg.refresher is not None:
            leg.refresher.stop()
        core.forget(leg)
        core.tell(Released(leg.id, status, reasons))
