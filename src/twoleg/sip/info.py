"""Our INFO in a dialog, for instance a digit that the other phone dialled (RFC 6086 in its older use, 2.2)."""

from __future__ import annotations

from twoleg.sip.core import Core
from twoleg.sip.events import FailureOrigin
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegState
from twoleg.sip.message import Response


class Info:
    """One INFO; answers a challenge, and nothing else hangs on its fate: phones without a use for it refuse it."""

    __slots__ = ("_body", "_content_type", "_core", "_leg", "_retries")

    def __init__(self, core: Core, leg: Leg, *, content_type: str, body: bytes) -> None:
        self._core = core
        self._leg = leg
        self._content_type = content_type
        self._body = body
        self._retries = 0

    def send(self, now: float) -> None:
        """Send it, or send it again with credentials, while the leg talks."""
        leg = self._leg
        if leg.state is not LegState.TALKING or leg.dialog is None:
            return
        extra = [("Content-Type", self._content_type)] if self._body else []
        request, peer = leg.dialog.request("INFO", extra=extra, body=self._body, login=leg.login)
        self._core.transactions.request(request, peer=peer, user=self, leg=leg.id, now=now)

    def response_received(self, response: Response, now: float) -> None:
        """Only a challenge matters."""
        login = self._leg.login
        if response.status >= 300 and login is not None and login.learn(response, retries=self._retries):
            self._retries += 1
            self.send(now)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """Whether the other end is gone is for other requests to find out."""
