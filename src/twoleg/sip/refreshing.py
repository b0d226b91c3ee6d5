"""Keeping one confirmed leg alive by RFC 4028: refreshing it in time, or ending it when the other end does not.

The values are in `expiry`.  A refresh is an UPDATE without a body where the other end takes that, else a
re-INVITE with what we offered last (7.4).
"""

from __future__ import annotations

from typing import Final

from twoleg.sip.closing import dialog_lost
from twoleg.sip.core import Core
from twoleg.sip.deadlines import Deadline
from twoleg.sip.events import FailureOrigin
from twoleg.sip.expiry import MAX_RETRIES, SessionExpires, agreeing, agreement, asking, min_se, session_expires
from twoleg.sip.headers import Reason
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegInput, LegState
from twoleg.sip.message import Message, Request, Response
from twoleg.sip.outgoing import ALLOW, SUPPORTED, Fields
from twoleg.sip.reoffer import Reoffer

EXPIRED: Final = (Reason("Q.850", 102, "session timer expired"),)
"""Recovery on timer expiry (ITU-T Q.850 2.2.6.13)."""

_SOONEST: Final = 10.0
"""Seconds between two attempts to refresh."""
_LATER: Final = frozenset({491, 500, 503})
"""Not now; all else that is no answer to a refresh means that the other end has no UPDATE."""
_LOST: Final = {408: LegInput.SILENT, 481: LegInput.GONE}


class Refresher:
    """The session timer of one leg, from its 2xx to its end."""

    __slots__ = (
        "_core",
        "_deadline",
        "_expires_at",
        "_is_asking",
        "_is_ours",
        "_leg",
        "_meetings",
        "_retries",
        "_seconds",
        "_shortest",
        "_takes_update",
    )

    def __init__(self, core: Core, leg: Leg, *, shortest: int) -> None:
        """`shortest`: the Min-SE that was met so far, in seconds."""
        self._core = core
        self._leg = leg
        self._shortest = shortest
        self._seconds = 0
        """What was agreed; 0: the session does not expire."""
        self._is_ours = False
        """Whether we refresh."""
        self._expires_at = 0.0
        self._deadline: Deadline | None = None
        self._takes_update = False
        self._is_asking = False
        self._retries = 0
        self._meetings = 0

    # ------------------------------------------------------------------ what is agreed

    def fields(self) -> Fields:
        """For a re-INVITE or UPDATE of ours: the same roles again (7.4)."""
        longest = self._core.wire.timers.session_expires
        if self._seconds:
            return asking(self._seconds, shortest=self._shortest, refresher="uac" if self._is_ours else "uas")
        return asking(max(longest, self._shortest), shortest=self._shortest) if longest else []

    def settle(self, response: Response, now: float) -> None:
        """A 2xx to an INVITE, re-INVITE or UPDATE of ours: what it says is in force (7.2)."""
        self.note(response)
        agreed = session_expires(response)
        self._start(agreed, is_ours=agreed is not None and agreed.refresher != "uas", now=now)

    def answer(self, request: Request, now: float) -> Fields:
        """The fields of our 2xx to an INVITE, re-INVITE or UPDATE of theirs, which is in force from now on (9)."""
        self.note(request)
        current = SessionExpires(self._seconds, "uas" if self._is_ours else "uac") if self._seconds else None
        agreed = agreement(request, longest=self._core.wire.timers.session_expires, current=current)
        self._start(agreed, is_ours=agreed is not None and agreed.refresher == "uas", now=now)
        return agreeing(agreed, request)

    def meets(self, response: Response) -> bool:
        """Whether a request refused with 422 is worth sending again, with the interval that the response asks for."""
        wanted = min_se(response)
        if response.status != 422 or wanted <= max(self._shortest, self._seconds) or self._meetings >= MAX_RETRIES:
            return False
        self._meetings += 1
        self._shortest = wanted
        if self._seconds:
            self._seconds = wanted
        return True

    def note(self, message: Message) -> None:
        """Learn from Allow whether the other end takes UPDATE."""
        methods = message.options("Allow")
        if methods:
            self._takes_update = "UPDATE" in methods

    def stop(self) -> None:
        """The leg is ending."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # ------------------------------------------------------------------ time

    def _start(self, agreed: SessionExpires | None, *, is_ours: bool, now: float) -> None:
        self.stop()
        self._seconds = 0 if agreed is None else max(agreed.seconds, self._shortest)
        self._is_ours = is_ours
        if self._seconds:
            # 10: the BYE leaves a little before the other end gives up.
            self._expires_at = now + self._seconds - min(32.0, self._seconds / 3)
            self._arm(now + self._seconds / 2 if is_ours else self._expires_at)

    def _arm(self, when: float) -> None:
        self._deadline = self._core.wire.deadlines.arm(when, self._due)

    def _due(self, now: float) -> None:
        core, leg = self._core, self._leg
        core.wire.in_hand = leg.id
        if leg.state is not LegState.TALKING:
            self._arm(now + _SOONEST)
        elif now >= self._expires_at:
            leg.reasons = EXPIRED
            dialog_lost(core, leg, what=LegInput.SILENT, reasons=(), now=now)
        else:
            self._arm(min(self._expires_at, now + max(_SOONEST, (self._expires_at - now) / 2)))
            self._retries = 0
            self._refresh(now)

    # ------------------------------------------------------------------ refreshing

    def _refresh(self, now: float) -> None:
        if self._takes_update:
            if not self._is_asking:
                self._update(now)
            return
        if self._leg.reoffer is None:
            self._leg.reoffer = Reoffer(self._core, self._leg)
        self._leg.reoffer.refresh(now)

    def _update(self, now: float) -> None:
        leg = self._leg
        if leg.dialog is None:
            raise RuntimeError("UPDATE without a dialog")
        self._is_asking = True
        extra = [("Contact", leg.dialog.contact), ("Allow", ALLOW), SUPPORTED, *self.fields()]
        request, peer = leg.dialog.request("UPDATE", extra=extra, login=leg.login)
        self._core.transactions.request(request, peer=peer, user=self, leg=leg.id, now=now)

    def response_received(self, response: Response, now: float) -> None:
        """Of our UPDATE."""
        leg, status = self._leg, response.status
        if status < 200:
            return
        self._is_asking = False
        if leg.state is not LegState.TALKING:
            return
        if status < 300:
            if leg.dialog is not None:
                leg.dialog.refresh_target(response)
            self.settle(response, now)
        elif (leg.login is not None and leg.login.learn(response, retries=self._retries)) or self.meets(response):
            self._retries += 1
            self._update(now)
        elif status in _LOST:
            dialog_lost(self._core, leg, what=_LOST[status], reasons=response.reasons, now=now)
        elif status not in _LATER:
            self._takes_update = False
            self._refresh(now)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Silence loses the dialog (12.2.1.2); a transport error may be over at the next attempt."""
        self._is_asking = False
        if origin is FailureOrigin.TIMEOUT and self._leg.state is LegState.TALKING:
            dialog_lost(self._core, self._leg, what=LegInput.SILENT, reasons=(), now=now)
