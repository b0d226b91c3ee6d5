"""One leg: what is known of it.  Its table is `leg_fsm`; what is done about things is in the modules around."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twoleg.sip.events import LegId
from twoleg.sip.headers import Reason
from twoleg.sip.leg_fsm import LEG
from twoleg.sip.leg_words import LegAction, LegInput, LegState, LegStateError

if TYPE_CHECKING:
    from twoleg.sip.credentials import Login
    from twoleg.sip.dialog import Dialog
    from twoleg.sip.leg_parts import AckDue, Answering, Dialing, OurOffers, Refreshing, TheirOffers


class Leg:
    """One call between us and one peer, from INVITE to the last answer.

    `dialing` or `answering` is there until the leg is set up; `reoffer` and `their_offer` only while somebody wants a
    change, `refresher` from the answer to the end.  `ack_waits` holds our unacknowledged 2xx by CSeq number.
    """

    __slots__ = (
        "ack_waits",
        "answering",
        "dialing",
        "dialog",
        "has_faulted",
        "id",
        "login",
        "reasons",
        "refresher",
        "reoffer",
        "state",
        "their_offer",
        "told",
        "we_called",
    )

    def __init__(self, leg_id: LegId, *, we_called: bool) -> None:
        self.id = leg_id
        self.we_called = we_called
        self.state = LegState.CALLING if we_called else LegState.INCOMING
        self.has_faulted = False
        self.reasons: Sequence[Reason] = ()
        self.dialog: Dialog | None = None
        self.login: Login | None = None
        self.dialing: Dialing | None = None
        self.answering: Answering | None = None
        self.reoffer: OurOffers | None = None
        self.their_offer: TheirOffers | None = None
        self.refresher: Refreshing | None = None
        self.told: bytes = b""
        """Our newest description that the other end agreed to."""
        self.ack_waits: dict[int, AckDue] = {}

    def advance(self, what: LegInput) -> LegAction:
        """Move to the next state, and say what is to be done: the only place that changes `state`.

        Raises LegStateError for a verb out of place, RuntimeError for what cannot come.
        """
        step = LEG[self.state][what]
        if step.do is LegAction.MISUSE:
            raise LegStateError(f"{what.name.lower()} on a leg that is {self.state.name.lower()}")
        if step.do is LegAction.RAISE:
            raise RuntimeError(f"{what.name} cannot come to a leg in state {self.state.name}")
        if step.next is not None:
            self.state = step.next
        return step.do
