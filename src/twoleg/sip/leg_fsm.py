"""The life of a leg as one table: for every state, what each thing that can happen does to it, and what we do about it.

Transactions repeat and absorb; what comes here came for the first time, from the wire, a deadline or the owner.
Re-INVITEs have a table of their own (`reoffer_fsm`): they change a leg only by ending it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from twoleg.sip.leg_words import LegAction, LegInput, LegState, LegStep

_S: TypeAlias = LegState
_I: TypeAlias = LegInput
_A: TypeAlias = LegAction

IGNORED: Final = LegStep(None, _A.IGNORE)
"""Late, repeated, or overtaken by the end of the leg."""
IMPOSSIBLE: Final = LegStep(None, _A.RAISE)
MISUSED: Final = LegStep(None, _A.MISUSE)

_Row: TypeAlias = dict[LegInput, LegStep]


def _row(decided: _Row, *, ignored: Iterable[LegInput] = (), misused: Iterable[LegInput] = ()) -> _Row:
    """A full row: what is neither decided, ignored nor misused cannot come in that state."""
    row = dict.fromkeys(_I, IMPOSSIBLE)
    row |= dict.fromkeys(ignored, IGNORED) | dict.fromkeys(misused, MISUSED)
    return row | decided


_CALLEE_VERBS: Final = (_I.RING, _I.ACCEPT, _I.REJECT)
_VERBS: Final = (*_CALLEE_VERBS, _I.RELEASE, _I.ACKNOWLEDGE, _I.OFFER_CHANGE)
"""Once a leg is ending, what its owner still says was said too late, which is nobody's mistake."""

_NOT_YET: Final = (*_CALLEE_VERBS, _I.ACKNOWLEDGE, _I.OFFER_CHANGE)

_FAILED: Final = LegStep(_S.ENDED, _A.FAIL)
_RELEASED: Final = LegStep(_S.ENDED, _A.REPORT_RELEASED)
_TOO_LATE: Final = LegStep(_S.CLOSING, _A.CLOSE_LATE)
_CLOSE: Final = LegStep(_S.CLOSING, _A.SEND_BYE)
_HUNG_UP: Final = LegStep(_S.ENDED, _A.REPORT_HANG_UP)
_TAKEN: Final = LegStep(None, _A.TAKE)
_UNACKNOWLEDGED: Final = LegStep(_S.CLOSING, _A.FAIL_UNACKNOWLEDGED)

LEG: Final[Mapping[LegState, Mapping[LegInput, LegStep]]] = {
    _S.CALLING: _row(
        {
            _I.PROVISIONAL: LegStep(_S.RINGING, _A.REPORT_PROVISIONAL),
            _I.MENDABLE: LegStep(None, _A.RETRY),
            _I.ANSWERED: LegStep(_S.TALKING, _A.CONFIRM),
            _I.ANSWERED_WITH_OFFER: LegStep(_S.OFFERED, _A.REPORT_OFFER),
            _I.ANSWERED_AND_HELD: LegStep(_S.ANSWERED, _A.REPORT_OFFER),
            _I.REFUSAL: _FAILED,
            _I.NO_RESPONSE: _FAILED,
            _I.UNREACHABLE: _FAILED,
            _I.RING_LIMIT: LegStep(_S.WITHDRAWN, _A.FAIL_EXPIRED),
            _I.RELEASE: LegStep(_S.WITHDRAWN, _A.REMEMBER),
        },
        misused=_NOT_YET,
    ),
    _S.RINGING: _row(
        {
            _I.PROVISIONAL: LegStep(None, _A.REPORT_PROVISIONAL),
            _I.MENDABLE: LegStep(_S.CALLING, _A.RETRY),
            _I.ANSWERED: LegStep(_S.TALKING, _A.CONFIRM),
            _I.ANSWERED_WITH_OFFER: LegStep(_S.OFFERED, _A.REPORT_OFFER),
            _I.ANSWERED_AND_HELD: LegStep(_S.ANSWERED, _A.REPORT_OFFER),
            _I.REFUSAL: _FAILED,
            _I.RING_LIMIT: LegStep(_S.CANCELLING, _A.FAIL_EXPIRED),
            _I.RELEASE: LegStep(_S.CANCELLING, _A.SEND_CANCEL),
        },
        misused=_NOT_YET,
    ),
    _S.WITHDRAWN: _row(
        {
            _I.PROVISIONAL: LegStep(_S.CANCELLING, _A.SEND_CANCEL),
            _I.MENDABLE: _RELEASED,
            _I.ANSWERED: _TOO_LATE,
            _I.ANSWERED_WITH_OFFER: _TOO_LATE,
            _I.ANSWERED_AND_HELD: _TOO_LATE,
            _I.REFUSAL: _RELEASED,
            _I.NO_RESPONSE: _RELEASED,
            _I.UNREACHABLE: _RELEASED,
        },
        ignored=_VERBS,
    ),
    _S.CANCELLING: _row(
        {
            _I.MENDABLE: _RELEASED,
            _I.ANSWERED: _TOO_LATE,
            _I.ANSWERED_WITH_OFFER: _TOO_LATE,
            _I.ANSWERED_AND_HELD: _TOO_LATE,
            _I.REFUSAL: _RELEASED,
            _I.CANCEL_UNHEARD: LegStep(_S.ENDED, _A.ABANDON),
        },
        ignored=(*_VERBS, _I.PROVISIONAL),
    ),
    _S.OFFERED: _row(
        {
            _I.ACKNOWLEDGE: LegStep(_S.TALKING, _A.SEND_ACK),
            _I.OFFER_CHANGE: _TAKEN,
            _I.RELEASE: LegStep(_S.CLOSING, _A.ACK_AND_BYE),
            _I.BYE: _HUNG_UP,
            _I.REINVITE: LegStep(None, _A.REFUSE_PENDING),
            _I.INFO: _TAKEN,
        },
        misused=_CALLEE_VERBS,
    ),
    _S.ANSWERED: _row(
        {
            _I.ACKNOWLEDGE: LegStep(_S.TALKING, _A.SEND_ACK),
            _I.OFFER_CHANGE: _TAKEN,
            _I.RELEASE: LegStep(_S.CLOSING, _A.ACK_AND_BYE),
            _I.BYE: _HUNG_UP,
            _I.REINVITE: _TAKEN,
            _I.INFO: _TAKEN,
        },
        misused=_CALLEE_VERBS,
    ),
    _S.INCOMING: _row(
        {
            _I.RING: LegStep(None, _A.SEND_PROVISIONAL),
            _I.ACCEPT: LegStep(_S.ACCEPTED, _A.SEND_ANSWER),
            _I.REJECT: LegStep(_S.REFUSED, _A.SEND_REFUSAL),
            _I.RELEASE: LegStep(_S.REFUSED, _A.SEND_REFUSAL),
            _I.RING_LIMIT: LegStep(_S.REFUSED, _A.FAIL_EXPIRED),
            _I.CANCEL: LegStep(_S.REFUSED, _A.REFUSE_CANCELLED),
            _I.BYE: LegStep(_S.REFUSED, _A.REFUSE_CANCELLED),
            _I.UNREACHABLE: _FAILED,
            _I.REINVITE: LegStep(None, _A.REFUSE_PENDING),
            _I.INFO: _TAKEN,
        },
        misused=(_I.ACKNOWLEDGE, _I.OFFER_CHANGE),
    ),
    _S.REFUSED: _row(
        {
            _I.REFUSAL_SETTLED: _RELEASED,
            _I.BYE: LegStep(None, _A.ANSWER_BYE),
            _I.REINVITE: LegStep(None, _A.REFUSE_GONE),
            _I.INFO: LegStep(None, _A.REFUSE_GONE),
        },
        ignored=(*_VERBS, _I.CANCEL),
    ),
    _S.ACCEPTED: _row(
        {
            _I.ACK: LegStep(_S.TALKING, _A.REPORT_ACK),
            _I.NO_ACK: _UNACKNOWLEDGED,
            _I.BYE: _HUNG_UP,
            _I.REINVITE: _TAKEN,
            _I.INFO: _TAKEN,
            _I.OFFER_CHANGE: _TAKEN,
            _I.RELEASE: LegStep(_S.UNWANTED, _A.REMEMBER),
        },
        ignored=(_I.CANCEL,),
        misused=(*_CALLEE_VERBS, _I.ACKNOWLEDGE),
    ),
    _S.UNWANTED: _row(
        {
            _I.ACK: _CLOSE,
            _I.NO_ACK: _CLOSE,
            _I.BYE: LegStep(_S.ENDED, _A.ANSWER_LAST_BYE),
            _I.REINVITE: LegStep(None, _A.REFUSE_GONE),
            _I.INFO: LegStep(None, _A.REFUSE_GONE),
        },
        ignored=(*_VERBS, _I.CANCEL),
    ),
    _S.TALKING: _row(
        {
            _I.NO_ACK: _UNACKNOWLEDGED,
            _I.BYE: _HUNG_UP,
            _I.REINVITE: _TAKEN,
            _I.INFO: _TAKEN,
            _I.GONE: LegStep(_S.ENDED, _A.REPORT_GONE),
            _I.SILENT: LegStep(_S.CLOSING, _A.REPORT_SILENT),
            _I.OFFER_CHANGE: _TAKEN,
            _I.RELEASE: _CLOSE,
        },
        ignored=(_I.CANCEL,),
        misused=(*_CALLEE_VERBS, _I.ACKNOWLEDGE),
    ),
    _S.CLOSING: _row(
        {
            _I.BYE_DONE: _RELEASED,
            # The two BYEs crossed; ours will be answered 200 or 481.
            _I.BYE: LegStep(None, _A.ANSWER_BYE),
            _I.REINVITE: LegStep(None, _A.REFUSE_GONE),
            _I.INFO: LegStep(None, _A.REFUSE_GONE),
        },
        # A re-INVITE of ours may still be under way, and an ACK may be late.
        ignored=(*_VERBS, _I.GONE, _I.SILENT, _I.ACK, _I.NO_ACK, _I.CANCEL),
    ),
    # Its dialog is unknown by now (481) and its deadlines are cancelled.  Transactions may still end on their own, and
    # after a fault anything may still come; an answer to an INVITE is hung up whatever went wrong before.
    _S.ENDED: _row(
        {
            _I.ANSWERED: LegStep(None, _A.CLOSE_LATE),
            _I.ANSWERED_WITH_OFFER: LegStep(None, _A.CLOSE_LATE),
            _I.ANSWERED_AND_HELD: LegStep(None, _A.CLOSE_LATE),
        },
        ignored=_I,
    ),
}
