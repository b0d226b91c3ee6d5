"""Early dialogs of a leg that we call: reliable provisionals and their PRACK (RFC 3262), UPDATE before the answer.

Only a reliable provisional makes one here; an unreliable one asks for nothing that would need its dialog.
"""

from __future__ import annotations

from typing import Final

from twoleg.sip.answering import answer, invite_fields
from twoleg.sip.core import Core
from twoleg.sip.dialog import Dialog
from twoleg.sip.events import FailureOrigin
from twoleg.sip.incoming import Incoming
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegState
from twoleg.sip.message import Response
from twoleg.sip.redirection import Aim
from twoleg.sip.their_offer import take_offer

RELIABLE: Final = "100rel"
"""The option tag (RFC 3262 8.1)."""

_MAX_FORKS: Final = 32
_MAX_RSEQ: Final = 2**32 - 1


def is_reliable(response: Response) -> bool:
    """Whether the provisional asks for a PRACK."""
    return RELIABLE in response.options("Require") and rseq_of(response) is not None


def rseq_of(response: Response) -> int | None:
    """Its RSeq (7.1), None when there is none that can be read."""
    text = (response.headers.get("RSeq") or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or not 0 < int(text) <= _MAX_RSEQ:
        return None
    return int(text)


class _Early:
    """One early dialog, and the number of its newest provisional."""

    __slots__ = ("dialog", "rseq")

    def __init__(self, dialog: Dialog, rseq: int) -> None:
        self.dialog = dialog
        self.rseq = rseq


class EarlyDialogs:
    """Those of one INVITE, by To-tag."""

    __slots__ = ("_core", "_known", "_leg")

    def __init__(self, core: Core, leg: Leg) -> None:
        self._core = core
        self._leg = leg
        self._known: dict[str, _Early] = {}

    def take(self, response: Response, aim: Aim, now: float) -> bool:
        """PRACK a reliable provisional; whether it is news: repeated and overtaking ones are dropped (4)."""
        rseq, tag = rseq_of(response), response.to.tag or ""
        early = self._known.get(tag)
        if rseq is None or (early is None and len(self._known) >= _MAX_FORKS):
            return False
        if early is None:
            early = self._begin(response, aim, rseq)
        elif rseq != early.rseq + 1:
            return False
        early.rseq = rseq
        early.dialog.refresh_target(response)
        Prack(self._core, self._leg, early.dialog, rack=f"{rseq} {response.cseq.number} INVITE").send(now)
        return True

    def _begin(self, response: Response, aim: Aim, rseq: int) -> _Early:
        dialog = Dialog.as_caller(response, target=aim.uri, peer=aim.peer, identity=self._core.identity)
        early = self._known[response.to.tag or ""] = _Early(dialog, rseq)
        self._core.dialogs[dialog.key] = self._leg
        return early

    def request_received(self, incoming: Incoming, now: float) -> bool:
        """Serve a request in one of them; False for one that has no place there."""
        early = self._known.get(incoming.request.from_.tag or "")
        leg, request = self._leg, incoming.request
        if early is None or request.method != "UPDATE" or leg.state is not LegState.RINGING:
            return False
        early.dialog.refresh_target(request)
        if request.body:
            take_offer(self._core, leg, incoming, now)
        else:
            answer(self._core, incoming, 200, now=now, extra=invite_fields(self._core, incoming, 200))
        return True

    def takes(self, incoming: Incoming) -> bool:
        """12.2.2: whether the number of a request is in order in its dialog."""
        early = self._known.get(incoming.request.from_.tag or "")
        return early is None or early.dialog.takes(incoming.request.cseq.number)

    def close(self, confirmed: Dialog | None, now: float) -> None:
        """The INVITE has a final answer; `confirmed` is the dialog that goes on, with the numbers it has used."""
        for tag, early in self._known.items():
            self._core.dialogs.pop(early.dialog.key, None)
            if confirmed is not None and confirmed.key[2] == tag:
                confirmed.local_cseq = max(confirmed.local_cseq, early.dialog.local_cseq)
                confirmed.remote_cseq = early.dialog.remote_cseq
        self._known.clear()
        if confirmed is None and self._leg.their_offer is not None:
            self._leg.their_offer.refuse(487, now)


class Prack:
    """One PRACK; answers a challenge, and nothing else hangs on its fate: the INVITE tells how the call goes on."""

    __slots__ = ("_core", "_dialog", "_leg", "_rack", "_retries")

    def __init__(self, core: Core, leg: Leg, dialog: Dialog, *, rack: str) -> None:
        self._core = core
        self._leg = leg
        self._dialog = dialog
        self._rack = rack
        self._retries = 0

    def send(self, now: float) -> None:
        """Send it, or send it again with credentials."""
        request, peer = self._dialog.request("PRACK", extra=[("RAck", self._rack)], login=self._leg.login)
        self._core.transactions.request(request, peer=peer, user=self, leg=self._leg.id, now=now)

    def response_received(self, response: Response, now: float) -> None:
        """Only a challenge matters, and only while the phone still rings."""
        login, leg = self._leg.login, self._leg
        if response.status < 300 or login is None or leg.state is not LegState.RINGING:
            return
        if login.learn(response, retries=self._retries):
            self._retries += 1
            self.send(now)

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """The INVITE will fail by itself, or not."""
