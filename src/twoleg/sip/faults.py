"""What becomes of a leg in whose service we raised: it ends, in order if that still works, and nothing else notices."""

from __future__ import annotations

from twoleg.sip.closing import failure, finish
from twoleg.sip.core import Core
from twoleg.sip.events import FailureOrigin, Fault
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegState
from twoleg.sip.peers import Peer
from twoleg.sip.wishes import release

_ENDING = frozenset(
    {LegState.WITHDRAWN, LegState.CANCELLING, LegState.REFUSED, LegState.UNWANTED, LegState.CLOSING, LegState.ENDED}
)


def contain(core: Core, fault: Exception, *, source: Peer | None, now: float) -> None:
    """Make events of an exception: Failed and a release for the leg in hand, or Fault when there is none.

    A leg that faults again, or while it was ending, is dropped on the spot: Released, and silence on the wire.
    """
    leg = core.legs.get(core.wire.in_hand)
    if leg is None:
        core.tell(Fault(source, fault))
    elif leg.has_faulted or leg.state in _ENDING:
        core.tell(Fault(source, fault))
        finish(core, leg, status=None, reasons=())
    else:
        leg.has_faulted = True
        core.tell(failure(leg, origin=FailureOrigin.INTERNAL, phrase="internal fault", fault=fault))
        _end_in_order(core, leg, source=source, now=now)


def _end_in_order(core: Core, leg: Leg, *, source: Peer | None, now: float) -> None:
    try:
        release(core, leg, now=now)
    except Exception as fault:  # noqa: BLE001 - whatever is broken, the leg must end and the fault be told
        core.tell(Fault(source, fault))
        finish(core, leg, status=None, reasons=())
        return
    if (leg.state is LegState.WITHDRAWN and leg.dialing is None) or (
        leg.state is LegState.REFUSED and leg.answering is None
    ):
        finish(core, leg, status=None, reasons=())  # it was not even half made
        return
    # What was half done may have lost the deadline that would have ended it.
    timeout = core.wire.timers.timeout
    core.wire.deadlines.arm(now + 3 * timeout, lambda _: finish(core, leg, status=None, reasons=()))
