"""Which captures are kept, and, of one that is not there, why: two sides of the same rules."""

from __future__ import annotations

from typing import Final

from twoleg.application.ladder.values import Capture, Fate
from twoleg.domain.call import Call
from twoleg.domain.reasons import Reason
from twoleg.domain.values import Value

_GOOD_ENDS: Final = frozenset({Reason.CUSTOMER_HUNG_UP, Reason.AGENT_HUNG_UP, Reason.HANGUP_REQUESTED})
_MS_A_DAY: Final = 24 * 60 * 60 * 1000
_SPREAD: Final = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio: multiplied by it, serials that lie close together lie far apart."""
_WORD: Final = 2**64

_DROPPED: Final = (
    "The SIP messages were dropped while the call lived: so many calls were in progress that their messages exceeded "
    "[ladder] max_memory."
)
_NOT_FOUND: Final = (
    "The SIP messages are not there: they are written a moment after the call's end, and lost when the engine dies "
    "before that, when there is no room, or when they were not kept by the settings of that time."
)


class Keeping(Value, frozen=True, gc=False):
    """How much is kept; shares are 0.0-1.0."""

    keep_good: float = 0.01
    keep_failed: float = 1.0
    days: int = 7

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self.keep_good > 0 or self.keep_failed > 0

    def keeps(self, call: Call) -> bool:
        """Whether the messages of that ended call are kept: by its serial alone, so that everybody agrees on it."""
        share = self.keep_good if is_good(call) else self.keep_failed
        return (call.serial * _SPREAD) % _WORD < share * _WORD


def is_good(call: Call) -> bool:
    """Whether the two talked until one of them, or the API, ended it; an agent who gave up before that is a failure."""
    return call.talking_at is not None and call.reason in _GOOD_ENDS


def fate_of(call: Call, capture: Capture | None, keeping: Keeping, *, now_ms: int) -> tuple[Fate, str]:
    """What became of the call's messages, and the sentence that says so."""
    if capture is not None:
        return _fate_of_kept(capture)
    if call.ended_at is None:
        return Fate.IN_PROGRESS, "The call is in progress: its SIP messages can be read once it has ended."
    if call.agent.dialled_at is None and call.customer.dialled_at is None:
        return Fate.NOTHING_SENT, "Nobody was dialled: there are no SIP messages."
    if not keeping.is_on:
        return Fate.SWITCHED_OFF, "The service is configured to keep no SIP messages."
    if now_ms - call.ended_at >= keeping.days * _MS_A_DAY:
        return Fate.EXPIRED, f"The SIP messages are gone: they are kept for {keeping.days} days."
    if not keeping.keeps(call):
        return Fate.SAMPLED_OUT, _sampled_out(call, keeping)
    return Fate.NOT_FOUND, _NOT_FOUND


def _fate_of_kept(capture: Capture) -> tuple[Fate, str]:
    if capture.is_dropped:
        return Fate.DROPPED_FOR_ROOM, _DROPPED
    if capture.omitted:
        return Fate.KEPT, f"All SIP messages but {capture.omitted} in the middle are here."
    return Fate.KEPT, "All SIP messages are here."


def _sampled_out(call: Call, keeping: Keeping) -> str:
    if is_good(call):
        return f"The SIP messages were not kept: of calls that went well only a share of {keeping.keep_good:g} is."
    return f"The SIP messages were not kept: of calls that failed only a share of {keeping.keep_failed:g} is."
