"""Setting up a leg that calls us: provisionals, the answer or refusal, and CANCEL (RFC 3261 9.2, 13.3)."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.ack_wait import AckWait, ack_received
from twoleg.sip.answering import answer, invite_fields
from twoleg.sip.closing import failure, finish
from twoleg.sip.core import Core
from twoleg.sip.events import Cancelled, FailureOrigin
from twoleg.sip.incoming import Incoming
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Request
from twoleg.sip.outgoing import reason_fields
from twoleg.sip.refreshing import Refresher


class InviteServer:
    """The user of the INVITE server transaction of one leg; the leg lets go of it once a final response is out."""

    __slots__ = ("_core", "_incoming", "_leg", "_limit")

    def __init__(self, core: Core, leg: Leg, incoming: Incoming, *, now: float) -> None:
        self._core = core
        self._leg = leg
        self._incoming = incoming
        incoming.transaction.user = self
        incoming.transaction.leg = leg.id
        self._limit = core.wire.deadlines.arm(now + core.wire.timers.ring_limit, self._limit_due)

    def ring(self, *, status: int, body: bytes | None, now: float) -> None:
        """Send a provisional that makes an early dialog."""
        self._answer(status, body=body, now=now)

    def accept(self, *, body: bytes, now: float) -> None:
        """Send 200, and again until the ACK."""
        leg = self._leg
        leg.refresher = Refresher(self._core, leg, shortest=self._core.wire.timers.min_se)
        leg.told = body
        timer = leg.refresher.answer(self._incoming.request, now)
        data = self._answer(200, extra=timer, body=body, now=now)
        self._limit.cancel()
        AckWait(self._core, self._leg, self._incoming, data=data, is_first=True, now=now)
        self._leg.answering = None

    def refuse(self, *, status: int, extra: Sequence[tuple[str, str]] = (), now: float) -> None:
        """Send 300-699; the transaction repeats it."""
        self._limit.cancel()
        self._answer(status, extra=extra, now=now)

    def refuse_cancelled(self, taking_back: Request, now: float) -> None:
        """487 because of a CANCEL, or of a BYE before the answer (15.1.2)."""
        self.refuse(status=487, now=now)
        self._core.tell(Cancelled(self._leg.id, taking_back.reasons))

    def ack_received(self, ack: Request, now: float) -> None:
        """An ACK to our 2xx that came with the branch of the INVITE, which is wrong but clear."""
        ack_received(self._core, self._leg, ack, now)

    def cancel_received(self, cancel: Request, now: float) -> None:
        """A CANCEL; after a final response it has no effect (9.2)."""
        if self._leg.advance(LegInput.CANCEL) is LegAction.REFUSE_CANCELLED:
            self.refuse_cancelled(cancel, now)

    def refusal_settled(self, _now: float) -> None:
        """Our refusal was acknowledged, or given up."""
        if self._leg.advance(LegInput.REFUSAL_SETTLED) is LegAction.REPORT_RELEASED:
            finish(self._core, self._leg, status=None, reasons=())

    def transport_failed(self, _now: float) -> None:
        """The caller is gone before we answered."""
        self._limit.cancel()
        if self._leg.advance(LegInput.UNREACHABLE) is LegAction.FAIL:
            self._core.tell(failure(self._leg, origin=FailureOrigin.TRANSPORT, phrase="unreachable"))
            finish(self._core, self._leg, status=None, reasons=())

    def _answer(
        self, status: int, *, extra: Sequence[tuple[str, str]] = (), body: bytes | None = None, now: float
    ) -> bytes:
        fields = (*invite_fields(self._core, self._incoming, status), *extra)
        return answer(self._core, self._incoming, status, now=now, extra=fields, body=body)

    def _limit_due(self, now: float) -> None:
        self._core.wire.in_hand = self._leg.id
        if self._leg.advance(LegInput.RING_LIMIT) is LegAction.FAIL_EXPIRED:
            self._core.tell(failure(self._leg, origin=FailureOrigin.TIMEOUT, phrase="nobody answered the caller"))
            self.refuse(status=480, extra=reason_fields(self._leg.reasons), now=now)
