"""What all parts of one user agent share: the wire, transactions, legs, dialogs, and the events for the owner."""

from __future__ import annotations

from twoleg.sip.dialog import Dialog, DialogKey
from twoleg.sip.events import Event, LegId
from twoleg.sip.identity import Identity
from twoleg.sip.large import LargeRequests
from twoleg.sip.leg import Leg
from twoleg.sip.policy import InboundPolicy
from twoleg.sip.transactions import Transactions
from twoleg.sip.wire import Wire


class Core:
    """Tables and the way out; no behaviour."""

    __slots__ = ("_last_leg", "dialogs", "events", "identity", "legs", "policy", "transactions", "wire")

    def __init__(self, *, wire: Wire, identity: Identity, policy: InboundPolicy) -> None:
        self.wire = wire
        self.identity = identity
        self.policy = policy
        self.transactions = Transactions(wire, LargeRequests(identity))
        self.events: list[Event] = []
        self.legs: dict[LegId, Leg] = {}
        self.dialogs: dict[DialogKey, Leg] = {}
        self._last_leg: LegId = 0

    def tell(self, event: Event) -> None:
        """Put one event in line for the owner."""
        self.events.append(event)

    def new_leg(self, *, we_called: bool) -> Leg:
        """A leg with the next number, which becomes the one in hand."""
        self._last_leg += 1
        leg = Leg(self._last_leg, we_called=we_called)
        self.legs[leg.id] = leg
        self.wire.in_hand = leg.id
        return leg

    def bind(self, leg: Leg, dialog: Dialog) -> None:
        """Let requests in `dialog` find `leg`, unless that has ended."""
        leg.dialog = dialog
        if leg.id in self.legs:
            self.dialogs[dialog.key] = leg

    def forget(self, leg: Leg) -> None:
        """Let nothing find `leg` any more."""
        self.legs.pop(leg.id, None)
        if leg.dialog is not None:
            self.dialogs.pop(leg.dialog.key, None)
