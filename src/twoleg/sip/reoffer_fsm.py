"""Our re-INVITEs as a table: RFC 3261 14.1.  One at a time per leg; every state x input is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto, unique
from typing import Final, TypeAlias


@unique
class ReofferState(IntEnum):
    """Where our offer is."""

    QUIET = auto()
    """None is out; some may wait in line."""
    SENT = auto()
    CANCELLED = auto()
    """It rang too long and we sent CANCEL."""
    OFFERED = auto()
    """A 2xx brought an offer; the owner's answer goes into the ACK."""
    BACKING_OFF = auto()
    """It met an offer of theirs (491) or a busy peer (500); it is sent again later."""
    CLOSED = auto()
    """The leg is ending."""


@unique
class ReofferInput(IntEnum):
    """What can happen to it."""

    START = auto()
    """The first in line, and nothing in the way."""
    PROVISIONAL = auto()
    ANSWERED = auto()
    ANSWERED_WITH_OFFER = auto()
    MENDABLE = auto()
    """401 or 407 that we can answer, 422 that we can meet."""
    GLARE = auto()
    """491."""
    LATER = auto()
    """500 or 503 with Retry-After."""
    REFUSED = auto()
    GONE = auto()
    SILENT = auto()
    LIMIT = auto()
    """It rang too long."""
    CANCEL_UNHEARD = auto()
    DUE = auto()
    """The back-off is over."""
    ACKNOWLEDGE = auto()
    CLOSE = auto()


@unique
class ReofferAction(IntEnum):
    """What is done about it; the next state is in force already."""

    IGNORE = auto()
    RAISE = auto()
    MISUSE = auto()
    SEND = auto()
    ARM_LIMIT = auto()
    CONFIRM = auto()
    """ACK, ReinviteAnswered, next in line."""
    REPORT_OFFER = auto()
    """ReinviteAnswered; the ACK waits for the owner."""
    ACK_ONLY = auto()
    """The leg is ending, but a 2xx must be ACKed."""
    SEND_ACK = auto()
    BACK_OFF = auto()
    REPORT_FAILURE = auto()
    """ReinviteFailed, next in line."""
    LOSE_GONE = auto()
    LOSE_SILENT = auto()
    """The dialog is lost (12.2.1.2)."""
    SEND_CANCEL = auto()
    PUMP = auto()
    """Send the first in line if nothing is in the way."""


@dataclass(frozen=True, slots=True)
class ReofferStep:
    """One cell: `next` None stays."""

    next: ReofferState | None
    do: ReofferAction


_S: TypeAlias = ReofferState
_I: TypeAlias = ReofferInput
_A: TypeAlias = ReofferAction

IGNORED: Final = ReofferStep(None, _A.IGNORE)
IMPOSSIBLE: Final = ReofferStep(None, _A.RAISE)
MISUSED: Final = ReofferStep(None, _A.MISUSE)

_CLOSE: Final = ReofferStep(_S.CLOSED, _A.IGNORE)
_NOTHING_OUT: Final = dict.fromkeys(_I, IMPOSSIBLE) | {_I.ACKNOWLEDGE: MISUSED, _I.CLOSE: _CLOSE}
_CONFIRMED: Final = ReofferStep(_S.QUIET, _A.CONFIRM)
_OFFERED: Final = ReofferStep(_S.OFFERED, _A.REPORT_OFFER)
_FAILED: Final = ReofferStep(_S.QUIET, _A.REPORT_FAILURE)
_GONE: Final = ReofferStep(_S.CLOSED, _A.LOSE_GONE)
_SILENT: Final = ReofferStep(_S.CLOSED, _A.LOSE_SILENT)

REOFFER: Final[Mapping[ReofferState, Mapping[ReofferInput, ReofferStep]]] = {
    _S.QUIET: _NOTHING_OUT | {_I.START: ReofferStep(_S.SENT, _A.SEND)},
    _S.SENT: _NOTHING_OUT
    | {
        _I.PROVISIONAL: ReofferStep(None, _A.ARM_LIMIT),
        _I.ANSWERED: _CONFIRMED,
        _I.ANSWERED_WITH_OFFER: _OFFERED,
        _I.MENDABLE: ReofferStep(None, _A.SEND),
        _I.GLARE: ReofferStep(_S.BACKING_OFF, _A.BACK_OFF),
        _I.LATER: ReofferStep(_S.BACKING_OFF, _A.BACK_OFF),
        _I.REFUSED: _FAILED,
        _I.GONE: _GONE,
        _I.SILENT: _SILENT,
        _I.LIMIT: ReofferStep(_S.CANCELLED, _A.SEND_CANCEL),
    },
    _S.CANCELLED: _NOTHING_OUT
    | {
        _I.PROVISIONAL: IGNORED,
        _I.ANSWERED: _CONFIRMED,
        _I.ANSWERED_WITH_OFFER: _OFFERED,
        _I.MENDABLE: _FAILED,
        _I.GLARE: _FAILED,
        _I.LATER: _FAILED,
        _I.REFUSED: _FAILED,
        _I.GONE: _GONE,
        _I.SILENT: _SILENT,
        _I.CANCEL_UNHEARD: _SILENT,
    },
    _S.OFFERED: _NOTHING_OUT | {_I.ACKNOWLEDGE: ReofferStep(_S.QUIET, _A.SEND_ACK)},
    _S.BACKING_OFF: _NOTHING_OUT | {_I.DUE: ReofferStep(_S.QUIET, _A.PUMP)},
    # Its transaction outlives the leg; what the owner still says was said too late.
    _S.CLOSED: dict.fromkeys(_I, IGNORED)
    | {
        _I.START: IMPOSSIBLE,
        _I.ANSWERED: ReofferStep(None, _A.ACK_ONLY),
        _I.ANSWERED_WITH_OFFER: ReofferStep(None, _A.ACK_ONLY),
    },
}
