"""A 2xx of ours to an INVITE or re-INVITE, repeated until its ACK comes or 64 * T1 are over (RFC 3261 13.3.1.4)."""

from __future__ import annotations

from twoleg.sip.closing import fail_unacknowledged, send_bye
from twoleg.sip.core import Core
from twoleg.sip.events import Acknowledged
from twoleg.sip.incoming import Incoming
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Request


class AckWait:
    """Repeats one 2xx, over reliable transports too: some hop may be unreliable."""

    __slots__ = (
        "_core",
        "_cseq",
        "_data",
        "_give_up",
        "_interval",
        "_leg",
        "_peer",
        "_repeat",
        "is_first",
        "wants_answer",
    )

    def __init__(self, core: Core, leg: Leg, incoming: Incoming, *, data: bytes, is_first: bool, now: float) -> None:
        """`data` answers the INVITE; one without an offer wants the answer in its ACK."""
        self._core = core
        self._leg = leg
        self._cseq = incoming.request.cseq.number
        self._data = data
        self._peer = incoming.transaction.peer
        self._interval = core.wire.timers.t1
        self.is_first = is_first
        self.wants_answer = not incoming.request.body
        deadlines = core.wire.deadlines
        self._give_up = deadlines.arm(now + core.wire.timers.timeout, self._give_up_due)
        self._repeat = deadlines.arm(now + self._interval, self._repeat_due)
        leg.ack_waits[self._cseq] = self

    def stop(self) -> None:
        """No more repetitions."""
        self._repeat.cancel()
        self._give_up.cancel()

    def _repeat_due(self, now: float) -> None:
        wire = self._core.wire
        wire.in_hand = self._leg.id
        wire.send(self._data, self._peer)
        self._interval = min(2 * self._interval, wire.timers.t2)
        self._repeat = wire.deadlines.arm(now + self._interval, self._repeat_due)

    def _give_up_due(self, now: float) -> None:
        core, leg = self._core, self._leg
        core.wire.in_hand = leg.id
        self.stop()
        leg.ack_waits.pop(self._cseq, None)
        action = leg.advance(LegInput.NO_ACK)
        if action is LegAction.FAIL_UNACKNOWLEDGED:
            fail_unacknowledged(core, leg, now)
        elif action is LegAction.SEND_BYE:
            send_bye(core, leg, now)


def ack_received(core: Core, leg: Leg, ack: Request, now: float) -> None:
    """An ACK in the dialog of `leg`; one that nothing waits for is a repetition."""
    wait = leg.ack_waits.pop(ack.cseq.number, None)
    if wait is None:
        return
    wait.stop()
    if wait.is_first and leg.advance(LegInput.ACK) is LegAction.SEND_BYE:
        send_bye(core, leg, now)
        return
    core.tell(Acknowledged(leg.id, ack.cseq.number, ack.body or None))
    if leg.reoffer is not None:
        leg.reoffer.pump(now)
