"""A leg that a process before us called and left on the wire: nothing is done with it but end it.

The INVITE may have been lost, rung a phone, or been answered; its record says the last of these only.  So its end is
that of any leg in its state: CANCEL and the ACK of what that brings, or ACK and BYE.  That we saw no provisional does
not hold the CANCEL back (RFC 3261 9.1 wants to save it from overtaking the INVITE, which was sent long ago).
"""

from __future__ import annotations

from typing import Final

from twoleg.sip.closing import Bye, finish, send_bye
from twoleg.sip.core import Core
from twoleg.sip.credentials import Credentials, Login
from twoleg.sip.deadlines import Deadline
from twoleg.sip.dialog import Dialog
from twoleg.sip.events import FailureOrigin
from twoleg.sip.headers import Headers
from twoleg.sip.leg import Leg
from twoleg.sip.leg_parts import EarlyRequests
from twoleg.sip.leg_record import DialogRecord, LegRecord
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import cancel_of, proofs_of
from twoleg.sip.peers import Peer
from twoleg.sip.transaction_client import NOBODY

_LEAP: Final = 1 << 16
"""How far our CSeq jumps: past all that the dead process may have sent in the dialog. A gap is no error (12.2.2)."""


def revive(core: Core, leg: Leg, record: LegRecord, *, credentials: Credentials | None, now: float) -> None:
    """Make `leg` the one of that record."""
    if credentials is not None:
        leg.login = Login(credentials, core.identity)
    left = LeftInvite(core, leg, record, now=now)
    leg.dialing = left
    leg.advance(LegInput.PROVISIONAL)
    if record.dialog is not None:
        left.restore(record.dialog, now)


class LeftInvite:
    """The user of its INVITE transaction, made to last until the leg has ended."""

    __slots__ = ("_acks", "_core", "_leg", "_limit", "_peer", "_proofs", "_request", "_transaction")

    def __init__(self, core: Core, leg: Leg, record: LegRecord, *, now: float) -> None:
        self._core = core
        self._leg = leg
        self._peer = record.peer
        self._request = Request("INVITE", record.uri, Headers.of_canonical(list(record.fields)), b"")
        self._proofs = proofs_of(self._request)
        self._acks: dict[str, tuple[bytes, Peer] | None] = {}
        """By To-tag: the ACK of each 2xx, None while our owner has not spoken."""
        self._limit: Deadline | None = None
        self._transaction = core.transactions.resume(self._request, peer=record.peer, user=self, leg=leg.id, now=now)

    @property
    def call_id(self) -> str:
        """As it is in the record."""
        return self._request.call_id

    @property
    def early(self) -> EarlyRequests | None:
        """No early dialog is served any more."""
        return None

    def restore(self, record: DialogRecord, now: float) -> None:
        """It was answered, and perhaps ACKed: once more does no harm. Its 2xx is not repeated for more than 64 * T1."""
        request = self._request
        dialog = Dialog(
            key=(request.call_id, request.from_.tag or "", record.tag),
            local=request.headers.get("From") or "",
            remote=record.remote,
            target=record.target,
            routes=list(record.routes),
            peer=self._peer,
            identity=self._core.identity,
        )
        dialog.local_cseq = request.cseq.number
        dialog.session = record.session
        self._leg.advance(LegInput.ANSWERED_WITH_OFFER)
        self._adopt(dialog)
        self._core.wire.deadlines.arm(now + self._core.wire.timers.timeout, self._transaction.abandon)

    def _adopt(self, dialog: Dialog) -> None:
        self._acks[dialog.key[2]] = None
        self._core.bind(self._leg, dialog)

    def proceed(self, now: float) -> None:
        """It is out already."""

    def abandon(self, now: float) -> None:
        """See `leg_parts.Dialing.abandon`."""
        self._settle()
        self._transaction.abandon(now)

    def withdraw(self) -> None:
        """A leg of this kind is never in the state for it."""

    def cancel(self, now: float) -> None:
        """See `leg_parts.Dialing.cancel`; waits for what comes of it no longer than 64 * T1."""
        cancel = cancel_of(self._request, self._leg.reasons)
        self._core.transactions.request(cancel, peer=self._peer, user=NOBODY, leg=self._leg.id, now=now)
        self._limit = self._core.wire.deadlines.arm(now + self._core.wire.timers.timeout, self._unheard)

    def ack(self, body: bytes) -> None:
        """ACK the answer; `body` is empty, for the BYE follows."""
        dialog = self._leg.dialog
        if dialog is not None:
            self._send_ack(dialog, body)
            dialog.local_cseq += _LEAP
        self._leg.dialing = None

    def response_received(self, response: Response, now: float) -> None:
        """What the phone says at last: that it rings, that it was taken back, or that it was answered all the same."""
        leg = self._leg
        if response.status < 200:
            leg.advance(LegInput.PROVISIONAL)
        elif response.status < 300:
            self._answered(response, now)
        elif leg.advance(LegInput.REFUSAL) is not LegAction.IGNORE:
            self._settle()
            finish(self._core, leg, status=response.status, reasons=response.reasons)

    def request_failed(self, _origin: FailureOrigin, _now: float) -> None:
        """Nothing of ours is under way in it."""

    def _answered(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        if tag in self._acks:
            ack = self._acks[tag]
            if ack is not None:
                self._core.wire.send(*ack)
            return
        uri, identity = self._request.uri, self._core.identity
        dialog = Dialog.as_caller(response, target=uri, peer=self._peer, identity=identity)
        self._settle()
        if self._acks:
            self._send_ack(dialog, b"")
            Bye(self._core, dialog=dialog, leg=None, login=self._leg.login, reasons=()).send(now)
            return
        action = self._leg.advance(LegInput.ANSWERED_WITH_OFFER)
        self._adopt(dialog)
        if action is LegAction.CLOSE_LATE:
            self._send_ack(dialog, b"")
            send_bye(self._core, self._leg, now)

    def _send_ack(self, dialog: Dialog, body: bytes) -> None:
        request, peer = dialog.ack(self._request.cseq.number, proofs=self._proofs, body=body)
        ack = (request.encode(), peer)
        self._acks[dialog.key[2]] = ack
        self._core.wire.send(*ack)

    def _settle(self) -> None:
        if self._limit is not None:
            self._limit.cancel()

    def _unheard(self, now: float) -> None:
        leg = self._leg
        self._core.wire.in_hand = leg.id
        if leg.advance(LegInput.CANCEL_UNHEARD) is LegAction.ABANDON:
            self.abandon(now)
            finish(self._core, leg, status=None, reasons=())
