"""What becomes of a leg in whose service we raised: it ends, in order if that still works, and nothing else notices."""

from __future__ import annotations

from twoleg.sip.closing import Bye, failure, finish, send_bye
from twoleg.sip.core import Core
from twoleg.sip.events import FailureOrigin, Fault
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegState
from twoleg.sip.peers import Peer
from twoleg.sip.wishes import release

_ENDING = frozenset(
    {LegState.WITHDRAWN, LegState.CANCELLING, LegState.REFUSED, LegState.UNWANTED, LegState.CLOSING, LegState.ENDED}
)
_OWES_BYE = frozenset(
    {
        LegState.OFFERED,
        LegState.ANSWERED,
        LegState.ACCEPTED,
        LegState.TALKING,
        LegState.UNWANTED,
        LegState.CLOSING,
    }
)
"""The phone was answered, or answered us, and may not have heard that it is over."""


def contain(core: Core, fault: Exception, *, source: Peer | None, now: float) -> None:
    """Make events of an exception: Failed and a release for the leg in hand, or Fault when there is none.

    A leg that was ending says its last word again, without the reasons, for the first may never have gone out.  A leg
    that faults a second time is dropped on the spot: Released, and at most a bare BYE on the wire.
    """
    leg = core.legs.get(core.wire.in_hand)
    if leg is None:
        core.tell(Fault(source, fault))
        return
    is_ending = leg.state in _ENDING
    if leg.has_faulted or is_ending:
        core.tell(Fault(source, fault))
    else:
        core.tell(failure(leg, origin=FailureOrigin.INTERNAL, phrase="internal fault", fault=fault))
    if leg.has_faulted:
        _drop(core, leg, source=source, now=now)
        return
    leg.has_faulted = True
    _end_in_order(core, leg, source=source, again=is_ending, now=now)


def _end_in_order(core: Core, leg: Leg, *, source: Peer | None, again: bool, now: float) -> None:
    try:
        if again:
            _end_again(core, leg, now)
        else:
            release(core, leg, now=now)
    except Exception as fault:  # noqa: BLE001 - whatever is broken, the leg must end and the fault be told
        core.tell(Fault(source, fault))
        _drop(core, leg, source=source, now=now)
        return
    if leg.state is LegState.ENDED or _is_half_made(leg):
        finish(core, leg, status=None, reasons=())
        return
    # What was half done may have lost the deadline that would have ended it.
    timeout = core.wire.timers.timeout
    core.wire.deadlines.arm(now + 3 * timeout, lambda when: _drop(core, leg, source=source, now=when))


def _end_again(core: Core, leg: Leg, now: float) -> None:
    """What `release` may have been about to say when it raised; to hear it twice does a phone no harm."""
    leg.reasons = ()
    if leg.state is LegState.CLOSING:
        send_bye(core, leg, now)
    elif leg.state is LegState.CANCELLING and leg.dialing is not None:
        leg.dialing.cancel(now)
    elif leg.state is LegState.REFUSED and leg.answering is not None:
        leg.answering.refuse(status=480, now=now)


def _is_half_made(leg: Leg) -> bool:
    return (leg.state is LegState.WITHDRAWN and leg.dialing is None) or (
        leg.state is LegState.REFUSED and leg.answering is None
    )


def _drop(core: Core, leg: Leg, *, source: Peer | None, now: float) -> None:
    """Nothing is waited for any more; but no phone is to go on talking to nobody."""
    if leg.id not in core.legs:
        return
    try:
        if leg.dialing is not None:
            leg.dialing.abandon(now)
        elif leg.answering is not None:
            leg.answering.refuse(status=480, now=now)
        if leg.dialog is not None and leg.state in _OWES_BYE:
            Bye(core, dialog=leg.dialog, leg=None, login=leg.login, reasons=()).send(now)
    except Exception as fault:  # noqa: BLE001 - see _end_in_order
        core.tell(Fault(source, fault))
    finish(core, leg, status=None, reasons=())
