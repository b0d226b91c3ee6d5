"""What transactions need of the world: a place to send to, deadlines, and timer values.  No matching, no dialogs."""

from __future__ import annotations

from twoleg.sip.deadlines import Deadlines
from twoleg.sip.events import LegId
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip.timers import Timers


class Wire:
    """Collects what is to be sent.  `in_hand` is the leg being worked for, 0 for none: whom a fault would hit."""

    __slots__ = ("deadlines", "in_hand", "output", "timers")

    def __init__(self, timers: Timers) -> None:
        self.timers = timers
        self.deadlines = Deadlines()
        self.output: list[Transmit] = []
        self.in_hand: LegId = 0

    def send(self, data: bytes, peer: Peer) -> None:
        """Put one encoded message in line for the shell."""
        self.output.append(Transmit(data, peer))
