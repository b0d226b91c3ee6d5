"""Setting up a leg that we call: INVITE, provisionals, forks, challenges, CANCEL, ACK (RFC 3261 9.1, 13.2, 22)."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.closing import Bye, failure, finish, send_bye
from twoleg.sip.core import Core
from twoleg.sip.dialog import Dialog
from twoleg.sip.early_dialogs import EarlyDialogs, is_reliable
from twoleg.sip.events import Answered, Failed, FailureOrigin, Prepared, Provisional
from twoleg.sip.expiry import MAX_RETRIES, asking, min_se
from twoleg.sip.headers import Headers, NameAddr
from twoleg.sip.invitation import Invitation, lasting_fields
from twoleg.sip.leg import Leg
from twoleg.sip.leg_record import record_of
from twoleg.sip.leg_words import LegAction, LegInput, LegState
from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import Fields, cancel_of, session_id_field, session_id_of
from twoleg.sip.peers import Peer
from twoleg.sip.redirection import Aim, Redirections
from twoleg.sip.refreshing import Refresher
from twoleg.sip.routing import is_secure
from twoleg.sip.transaction_client import NOBODY, ClientTransaction


class InviteClient:
    """The user of the INVITE transactions of one leg; lives on in the last of them, to ACK every 2xx again."""

    __slots__ = (
        "_acks",
        "_aim",
        "_core",
        "_cseq",
        "_fields",
        "_invitation",
        "_leg",
        "_limit",
        "_proofs",
        "_redirections",
        "_request",
        "_retries",
        "_shortest",
        "_transaction",
        "early",
    )

    def __init__(self, core: Core, leg: Leg, invitation: Invitation, *, now: float) -> None:
        """Send the INVITE."""
        self._core = core
        self._leg = leg
        self._invitation = invitation
        self._aim = Aim(invitation.target, invitation.peer)
        """Where the newest INVITE went."""
        self._redirections: Redirections | None = None
        self._shortest = 0
        """The Min-SE of a 422 (RFC 4028 7.3), in seconds."""
        self.early: EarlyDialogs | None = None
        self._cseq = 0
        self._retries = 0
        self._acks: dict[str, tuple[bytes, Peer] | None] = {}
        """By To-tag: the ACK of each 2xx, None while its answer is awaited."""
        self._fields = lasting_fields(core, invitation)
        self._proofs: Fields = []
        self._request: Request | None = None
        self._transaction: ClientTransaction | None = None
        self._limit = core.wire.deadlines.arm(now + core.wire.timers.ring_limit, self._limit_due)
        self._send(now)

    def _send(self, now: float) -> None:
        self._cseq += 1
        aim, body, leg, identity = self._aim, self._invitation.body, self._leg, self._core.identity
        fields = [
            ("Via", identity.via(aim.peer)),
            *self._fields,
            ("Contact", identity.contact(aim.peer, is_secure=is_secure(aim.uri))),
            ("CSeq", f"{self._cseq} INVITE"),
        ]
        longest = self._core.wire.timers.session_expires
        if longest or self._shortest:
            shortest = max(self._shortest, self._core.wire.timers.min_se)
            fields += asking(max(longest, shortest), shortest=shortest)
        if leg.login is not None:
            self._proofs = leg.login.fields(method="INVITE", uri=aim.uri, body=body)
            fields += self._proofs
        self._request = Request("INVITE", aim.uri, Headers.of_canonical(fields), body)
        self._transaction = None
        if self._invitation.is_held:
            self._core.tell(Prepared(leg.id, record_of(self._request, aim.peer)))
        else:
            self.proceed(now)

    def proceed(self, now: float) -> None:
        """Send what was written; the owner says it for an INVITE that is held. Not what is out, or wanted no more."""
        leg = self._leg
        if self._request is not None and self._transaction is None and leg.state is LegState.CALLING:
            self._transaction = self._core.transactions.request(
                self._request, peer=self._aim.peer, user=self, leg=leg.id, now=now
            )

    @property
    def call_id(self) -> str:
        """The same on every INVITE of the leg, wherever it is redirected to."""
        return next(value for name, value in self._fields if name == "Call-ID")

    def response_received(self, response: Response, now: float) -> None:
        """A provisional, the final response, or a further 2xx."""
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._success(response, now)
        else:
            self._refusal(response, now)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Timer B, or the transport."""
        leg = self._leg
        is_timeout = origin is FailureOrigin.TIMEOUT
        action = leg.advance(LegInput.NO_RESPONSE if is_timeout else LegInput.UNREACHABLE)
        self._close_early(None, now)
        self._settle()
        if action is LegAction.FAIL:
            self._core.tell(failure(leg, origin=origin, phrase="no response" if is_timeout else "unreachable"))
        finish(self._core, leg, status=None, reasons=())

    def cancel(self, now: float) -> None:
        """Send the CANCEL, and wait for the final response no longer than 64 * T1 (9.1)."""
        self._limit.cancel()
        if self._request is None or self._transaction is None:
            return
        cancel = cancel_of(self._request, self._leg.reasons)
        self._core.transactions.request(cancel, peer=self._transaction.peer, user=NOBODY, leg=self._leg.id, now=now)
        timers = self._core.wire.timers
        self._limit = self._core.wire.deadlines.arm(now + timers.timeout, self._cancel_unheard)

    def withdraw(self) -> None:
        """The owner wants no answer any more, but no CANCEL may be sent yet; an INVITE that was held is never sent."""
        self._limit.cancel()
        if self._transaction is None:
            self._leg.advance(LegInput.NO_RESPONSE)
            self._settle()
            finish(self._core, self._leg, status=None, reasons=())

    def abandon(self, now: float) -> None:
        """Wait for no final response any more; a 2xx that comes all the same is ACKed and hung up."""
        if self._transaction is not None:
            self._transaction.abandon(now)
        self._close_early(None, now)
        self._settle()

    def ack(self, body: bytes) -> None:
        """Send the ACK that was held back for the owner's answer, or word; empty when the leg is released instead."""
        leg = self._leg
        if leg.dialog is not None:
            self._send_ack(leg.dialog, body)
            leg.told = body or leg.told
        leg.dialing = None

    def _provisional(self, response: Response, now: float) -> None:
        action = self._leg.advance(LegInput.PROVISIONAL)
        if action is LegAction.SEND_CANCEL:
            self.cancel(now)
        elif action is LegAction.REPORT_PROVISIONAL and response.status > 100 and self._is_news(response, now):
            body, tag = response.body or None, response.to.tag or ""
            self._core.tell(
                Provisional(self._leg.id, response.status, response.reason, tag, body, response.reasons, response)
            )

    def _is_news(self, response: Response, now: float) -> bool:
        """Whether the owner is told: not of the repetitions of a reliable provisional, which get their PRACK."""
        if not is_reliable(response):
            return True
        if self.early is None:
            self.early = EarlyDialogs(self._core, self._leg)
        return self.early.take(response, self._aim, now)

    def _success(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        if tag in self._acks:
            ack = self._acks[tag]
            if ack is not None:
                self._core.wire.send(*ack)
            return
        dialog = Dialog.as_caller(response, target=self._aim.uri, peer=self._aim.peer, identity=self._core.identity)
        if self._acks:
            self._send_ack(dialog, b"")
            Bye(self._core, dialog=dialog, leg=None, login=self._leg.login, reasons=()).send(now)
            return
        self._first_success(response, dialog, now)

    def _first_success(self, response: Response, dialog: Dialog, now: float) -> None:
        leg = self._leg
        is_held, sent = self._invitation.is_held, self._request
        has_offer = not self._invitation.body and bool(response.body)
        held = LegInput.ANSWERED_AND_HELD if is_held else LegInput.ANSWERED
        action = leg.advance(LegInput.ANSWERED_WITH_OFFER if has_offer else held)
        self._settle()
        self._close_early(dialog, now)
        self._acks[dialog.key[2]] = None
        if self._invitation.session_id:
            dialog.session = session_id_field(self._invitation.session_id, session_id_of(response))
        self._core.bind(leg, dialog)
        leg.told = leg.told or self._invitation.body
        leg.refresher = Refresher(self._core, leg, shortest=max(self._shortest, self._core.wire.timers.min_se))
        if action is LegAction.CLOSE_LATE:
            self._send_ack(dialog, b"")
            send_bye(self._core, leg, now)
            return
        leg.refresher.settle(response, now)
        if action is LegAction.CONFIRM:
            self._send_ack(dialog, b"")
            leg.dialing = None
        record = record_of(sent, self._aim.peer, dialog) if is_held and sent is not None else None
        self._core.tell(Answered(leg.id, response.status, response.body or None, dialog.key[2], response, record))

    def _send_ack(self, dialog: Dialog, body: bytes) -> None:
        request, peer = dialog.ack(self._cseq, proofs=self._proofs, body=body)
        ack = (request.encode(), peer)
        self._acks[dialog.key[2]] = ack
        self._core.wire.send(*ack)

    def _refusal(self, response: Response, now: float) -> None:
        leg = self._leg
        action = leg.advance(LegInput.MENDABLE if self._can_mend(response) else LegInput.REFUSAL)
        if action is LegAction.RETRY:
            self._close_early(None, now)
            self._send(now)
            return
        self._close_early(None, now)
        self._settle()
        if action is LegAction.FAIL:
            self._core.tell(_refused(leg, response, self._redirections))
        finish(self._core, leg, status=response.status, reasons=response.reasons)

    def _can_mend(self, response: Response) -> bool:
        """Whether another INVITE may do better; what it needs is prepared."""
        leg = self._leg
        if leg.login is not None and leg.login.learn(response, retries=self._retries):
            self._retries += 1
            return True
        if self._meets(response):
            self._retries += 1
            return True
        if self._redirections is None:
            if response.status >= 400:
                return False
            self._redirections = Redirections(self._core.identity, self._aim.uri)
        aim = self._redirections.next(response, self._aim.peer)
        if aim is None:
            return False
        self._aim, self._retries = aim, 0
        return True

    def _meets(self, response: Response) -> bool:
        """RFC 4028 7.3: whether it is a 422 that asks for a longer session interval than we did."""
        longest = max(self._shortest, self._core.wire.timers.session_expires)
        if response.status != 422 or self._retries >= MAX_RETRIES or min_se(response) <= longest:
            return False
        self._shortest = min_se(response)
        return True

    def _close_early(self, confirmed: Dialog | None, now: float) -> None:
        if self.early is not None:
            self.early.close(confirmed, now)
            self.early = None

    def _settle(self) -> None:
        """A final response is there: no CANCEL, retry or limit any more."""
        self._limit.cancel()
        self._request = None
        self._transaction = None
        self._fields = []

    def _limit_due(self, now: float) -> None:
        leg = self._leg
        self._core.wire.in_hand = leg.id
        if leg.advance(LegInput.RING_LIMIT) is LegAction.FAIL_EXPIRED:
            self._core.tell(failure(leg, origin=FailureOrigin.TIMEOUT, phrase="rang too long"))
        if leg.state is LegState.CANCELLING:
            self.cancel(now)
        elif leg.state is LegState.WITHDRAWN:
            self.withdraw()

    def _cancel_unheard(self, now: float) -> None:
        leg = self._leg
        self._core.wire.in_hand = leg.id
        if leg.advance(LegInput.CANCEL_UNHEARD) is LegAction.ABANDON:
            self.abandon(now)
            finish(self._core, leg, status=None, reasons=())


def _refused(leg: Leg, response: Response, redirections: Redirections | None) -> Failed:
    contacts: Sequence[NameAddr] = ()
    phrase = response.reason
    if response.status < 400:
        contacts = response.contacts
        if redirections is not None and redirections.why:
            phrase = f"{phrase} ({redirections.why})"
    return Failed(leg.id, response.status, phrase, response.reasons, contacts, FailureOrigin.REMOTE, response)
