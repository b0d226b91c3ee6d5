"""Our re-INVITEs on one leg: in line, one at a time, again after 491 or 500 (RFC 3261 14.1).  Table: `reoffer_fsm`.

A refresh of the session (RFC 4028 7.4) is one that repeats what was told last, and whose end the owner is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twoleg.sip.closing import dialog_lost
from twoleg.sip.core import Core
from twoleg.sip.deadlines import Deadline
from twoleg.sip.events import FailureOrigin, ReinviteAnswered, ReinviteFailed
from twoleg.sip.headers import Reason
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegInput, LegState, LegStateError
from twoleg.sip.message import Response
from twoleg.sip.outgoing import ALLOW, SUPPORTED, cancel_of
from twoleg.sip.reoffer_attempt import Attempt
from twoleg.sip.reoffer_fsm import REOFFER, ReofferAction, ReofferInput, ReofferState
from twoleg.sip.transaction_client import NOBODY
from twoleg.sip.values import Value

_MAX_IN_LINE: Final = 8
_MAX_BACK_OFFS: Final = 8
"""A peer that answers 491 this often has an offer of ours or its own stuck."""
_LONGEST_RETRY_AFTER: Final = 32
"""Seconds.  Who is told to wait longer had better be told no."""


class _Wish(Value, frozen=True, gc=False):
    """One in line."""

    body: bytes | None
    is_refresh: bool = False


class Reoffer:
    """The line of offers of one leg.  Each stays first in line until it is answered or refused for good."""

    __slots__ = ("_attempt", "_back_offs", "_deadline", "_leg", "_line", "_retries", "_state", "core")

    def __init__(self, core: Core, leg: Leg) -> None:
        self.core = core
        self._leg = leg
        self._state = ReofferState.QUIET
        self._line: list[_Wish] = []
        self._attempt: Attempt | None = None
        self._deadline: Deadline | None = None
        self._retries = 0
        self._back_offs = 0

    @property
    def is_open(self) -> bool:
        """Whether an offer of ours is out: the other end's must wait (14.2)."""
        return self._state in (ReofferState.SENT, ReofferState.CANCELLED, ReofferState.OFFERED)

    @property
    def wants_answer(self) -> bool:
        """Whether the owner's answer must go into the ACK."""
        return self._state is ReofferState.OFFERED

    def offer(self, body: bytes | None, now: float) -> None:
        """Put an offer in line; one too many fails at once."""
        if len(self._line) >= _MAX_IN_LINE:
            self.core.tell(ReinviteFailed(self._leg.id, None, ()))
            return
        self._line.append(_Wish(body))
        self.pump(now)

    def refresh(self, now: float) -> None:
        """Offer again what was told last; whatever is in line anyway will do as well."""
        if not self._line and self._leg.told:
            self._line.append(_Wish(self._leg.told, is_refresh=True))
            self.pump(now)

    def pump(self, now: float) -> None:
        """Send the first in line, unless an INVITE in either direction is unfinished (14.1)."""
        leg = self._leg
        is_free = leg.state is LegState.TALKING and leg.their_offer is None and not leg.ack_waits
        if self._line and self._state is ReofferState.QUIET and is_free:
            self._advance(ReofferInput.START)
            self._send(now)

    def acknowledge(self, body: bytes, now: float) -> None:
        """The owner's answer to an offer in the 2xx.  Raises LegStateError when there was none."""
        if self._advance(ReofferInput.ACKNOWLEDGE) is ReofferAction.SEND_ACK:
            self._send_ack(self._attempt, body)
            self._leg.told = body
            self._next(now)

    def close(self, now: float) -> None:
        """The leg is ending; a 2xx that comes within 64 * T1 is still acknowledged."""
        self._stop_deadline()
        self._advance(ReofferInput.CLOSE)
        if self._attempt is not None and self._attempt.request is not None:
            self.core.wire.deadlines.arm(now + self.core.wire.timers.timeout, self._attempt.abandon)

    def response_received(self, attempt: Attempt, response: Response, now: float) -> None:
        """A provisional, or the one final response to the re-INVITE under way."""
        action = self._advance(self._classify(response))
        if action is ReofferAction.ARM_LIMIT:
            self._arm_limit(now)
            return
        if action is ReofferAction.IGNORE:
            return
        self._stop_deadline()
        if response.status < 300:
            self._answered(attempt, response, action, now)
        else:
            self._refused(response, action, now)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Timer B loses the dialog like a 408; a transport error is like a 503 (8.1.3.1), which does not."""
        is_silence = origin is FailureOrigin.TIMEOUT
        action = self._advance(ReofferInput.SILENT if is_silence else ReofferInput.REFUSED)
        self._stop_deadline()
        if action is ReofferAction.LOSE_SILENT:
            dialog_lost(self.core, self._leg, what=LegInput.SILENT, reasons=(), now=now)
        elif action is ReofferAction.REPORT_FAILURE:
            self._fail(None, (), now)

    def _advance(self, what: ReofferInput) -> ReofferAction:
        step = REOFFER[self._state][what]
        if step.do is ReofferAction.MISUSE:
            raise LegStateError(f"{what.name.lower()} with a re-INVITE that is {self._state.name.lower()}")
        if step.do is ReofferAction.RAISE:
            raise RuntimeError(f"{what.name} cannot come to a re-INVITE in state {self._state.name}")
        if step.next is not None:
            self._state = step.next
        return step.do

    def _classify(self, response: Response) -> ReofferInput:
        status = response.status
        if status < 200:
            return ReofferInput.PROVISIONAL
        if status < 300:
            has_offer = bool(self._line) and not self._line[0].body and bool(response.body)
            return ReofferInput.ANSWERED_WITH_OFFER if has_offer else ReofferInput.ANSWERED
        login = self._leg.login
        if login is not None and login.learn(response, retries=self._retries):
            return ReofferInput.MENDABLE
        if self._leg.refresher is not None and self._leg.refresher.meets(response):
            return ReofferInput.MENDABLE
        if status in _FINAL:
            return _FINAL[status]
        may_wait = self._back_offs < _MAX_BACK_OFFS
        if status == 491 and may_wait:
            return ReofferInput.GLARE
        return ReofferInput.LATER if may_wait and _retry_after(response) is not None else ReofferInput.REFUSED

    def _send(self, now: float) -> None:
        dialog, body = self._leg.dialog, self._line[0].body or b""
        if dialog is None:
            raise RuntimeError("re-INVITE without a dialog")
        extra = [("Contact", dialog.contact), ("Allow", ALLOW), SUPPORTED]
        if self._leg.refresher is not None:
            extra += self._leg.refresher.fields()
        if body:
            extra.append(("Content-Type", "application/sdp"))
        request, peer = dialog.request("INVITE", extra=extra, body=body, login=self._leg.login)
        self._attempt = Attempt(self, request=request, peer=peer, cseq=dialog.local_cseq, wire=self.core.wire)
        self._attempt.transaction = self.core.transactions.request(
            request, peer=peer, user=self._attempt, leg=self._leg.id, now=now
        )

    def _answered(self, attempt: Attempt, response: Response, action: ReofferAction, now: float) -> None:
        if self._leg.dialog is not None:
            self._leg.dialog.refresh_target(response)
        if self._leg.refresher is not None and action is not ReofferAction.ACK_ONLY:
            self._leg.refresher.settle(response, now)
        if action is not ReofferAction.REPORT_OFFER:
            self._send_ack(attempt, b"")
        if action is ReofferAction.CONFIRM:
            self._leg.told = self._line[0].body or self._leg.told
        if action is not ReofferAction.ACK_ONLY and not self._line[0].is_refresh:
            self.core.tell(ReinviteAnswered(self._leg.id, response.status, response.body or None))
        if action is ReofferAction.CONFIRM:
            self._next(now)

    def _refused(self, response: Response, action: ReofferAction, now: float) -> None:
        if action is ReofferAction.SEND:
            self._retries += 1
            self._send(now)
        elif action is ReofferAction.BACK_OFF:
            self._back_off(response, now)
        elif action is ReofferAction.REPORT_FAILURE:
            self._fail(response.status, response.reasons, now)
        else:
            what = LegInput.GONE if action is ReofferAction.LOSE_GONE else LegInput.SILENT
            dialog_lost(self.core, self._leg, what=what, reasons=response.reasons, now=now)

    def _back_off(self, response: Response, now: float) -> None:
        """14.1: the owner of the Call-ID waits 2.1-4 s, the other 0-2 s, in steps of 10 ms; or as Retry-After says."""
        self._back_offs += 1
        pick = self.core.identity.pick
        wait = float(_retry_after(response) or 0)
        if response.status == 491:
            wait = (210 + pick(190)) / 100 if self._leg.we_called else pick(200) / 100
        self._deadline = self.core.wire.deadlines.arm(now + wait, self._back_off_over)

    def _back_off_over(self, now: float) -> None:
        self.core.wire.in_hand = self._leg.id
        self._advance(ReofferInput.DUE)
        self.pump(now)

    def _send_ack(self, attempt: Attempt | None, body: bytes) -> None:
        dialog = self._leg.dialog
        if dialog is None or attempt is None:
            raise RuntimeError("ACK without a dialog")
        request, peer = dialog.ack(attempt.cseq, proofs=attempt.proofs, body=body)
        attempt.ack = (request.encode(), peer)
        self.core.wire.send(*attempt.ack)

    def _fail(self, status: int | None, reasons: Sequence[Reason], now: float) -> None:
        if not self._line[0].is_refresh:
            self.core.tell(ReinviteFailed(self._leg.id, status, reasons))
        self._next(now)

    def _next(self, now: float) -> None:
        self._line.pop(0)
        self._attempt = None
        self._retries = self._back_offs = 0
        if self._line:
            self.pump(now)
        elif self._leg.reoffer is self:
            self._leg.reoffer = None

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _arm_limit(self, now: float) -> None:
        if self._deadline is None:
            limit = self.core.wire.timers.reinvite_limit
            self._deadline = self.core.wire.deadlines.arm(now + limit, self._limit_due)

    def _limit_due(self, now: float) -> None:
        core, attempt = self.core, self._attempt
        core.wire.in_hand = self._leg.id
        self._advance(ReofferInput.LIMIT)
        if attempt is not None and attempt.request is not None:
            cancel = cancel_of(attempt.request, ())
            core.transactions.request(cancel, peer=attempt.path, user=NOBODY, leg=self._leg.id, now=now)
        self._deadline = core.wire.deadlines.arm(now + core.wire.timers.timeout, self._cancel_unheard)

    def _cancel_unheard(self, now: float) -> None:
        self.core.wire.in_hand = self._leg.id
        if self._attempt is not None:
            self._attempt.abandon(now)
        self._advance(ReofferInput.CANCEL_UNHEARD)
        dialog_lost(self.core, self._leg, what=LegInput.SILENT, reasons=(), now=now)


_FINAL: Final = {408: ReofferInput.SILENT, 481: ReofferInput.GONE}
"""12.2.1.2: the statuses that end the dialog."""


def _retry_after(response: Response) -> int | None:
    """The seconds that a 500 or 503 asks us to wait (20.33), if it does and that is bearable."""
    if response.status not in (500, 503):
        return None
    seconds = (response.headers.get("Retry-After") or "").partition(";")[0].partition("(")[0].strip()
    if not (seconds.isascii() and seconds.isdigit()) or len(seconds) > 4:
        return None
    return int(seconds) if int(seconds) <= _LONGEST_RETRY_AFTER else None
