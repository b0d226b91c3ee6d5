"""Server transactions as tables: RFC 3261 17.2, with the Accepted state of RFC 6026.  Every state x input is decided.

Timer G is the input RETRANSMIT, H GIVE_UP, and I, J and L LINGERED.  REQUEST is a retransmission: the first copy made
the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto, unique
from typing import Final, TypeAlias


@unique
class ServerState(IntEnum):
    """Figures 7 and 8 of RFC 3261, figure 7 of RFC 6026 for ACCEPTED.  An INVITE starts in PROCEEDING."""

    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


@unique
class ServerInput(IntEnum):
    """What can happen to a server transaction; SEND_* are its user's responses."""

    REQUEST = auto()
    ACK = auto()
    SEND_PROVISIONAL = auto()
    SEND_SUCCESS = auto()
    SEND_FAILURE = auto()
    TRYING_DUE = auto()
    RETRANSMIT = auto()
    GIVE_UP = auto()
    LINGERED = auto()
    TRANSPORT_ERROR = auto()


@unique
class ServerAction(IntEnum):
    """What a transaction does about it."""

    SEND = auto()
    """Send the response in hand and keep its bytes for retransmissions."""
    SEND_TRYING = auto()
    RESEND = auto()
    """Send the last response again, if there is one."""
    BACK_OFF = auto()
    """Send the last response again and arm timer G anew."""
    STOP_TIMERS = auto()
    ARM_G_H = auto()
    LINGER_I = auto()
    LINGER_J = auto()
    LINGER_L = auto()
    PASS_ACK = auto()
    """An ACK to a 2xx that came with the branch of its INVITE."""
    REPORT_SETTLED = auto()
    """A non-2xx final was acknowledged, or given up."""
    REPORT_TRANSPORT = auto()
    FORGET = auto()
    RAISE = auto()


@dataclass(frozen=True, slots=True)
class ServerStep:
    """One cell: `next` None stays; `do` in order, PASS_ACK and reports last because the user may act at once."""

    next: ServerState | None
    do: tuple[ServerAction, ...] = ()


ServerTable: TypeAlias = Mapping[ServerState, Mapping[ServerInput, ServerStep]]

_S: TypeAlias = ServerState
_I: TypeAlias = ServerInput
_A: TypeAlias = ServerAction

IGNORED: Final = ServerStep(None)
"""Late or repeated, and harmless."""
IMPOSSIBLE: Final = ServerStep(None, (ServerAction.RAISE,))
"""Cannot come here (a timer that this state stopped): a fault of ours if it does."""

_OVER: Final = ServerStep(_S.TERMINATED, (_A.FORGET,))
_UNDELIVERABLE: Final = ServerStep(_S.TERMINATED, (_A.FORGET, _A.REPORT_TRANSPORT))
_GONE: Final = dict.fromkeys(_I, IMPOSSIBLE) | {
    # A user may answer after its peer became unreachable.
    _I.SEND_PROVISIONAL: IGNORED,
    _I.SEND_SUCCESS: IGNORED,
    _I.SEND_FAILURE: IGNORED,
}

INVITE: Final[ServerTable] = {
    _S.TRYING: dict.fromkeys(_I, IMPOSSIBLE),
    _S.PROCEEDING: {
        _I.REQUEST: ServerStep(None, (_A.RESEND,)),
        _I.ACK: IGNORED,
        _I.SEND_PROVISIONAL: ServerStep(None, (_A.STOP_TIMERS, _A.SEND)),
        _I.SEND_SUCCESS: ServerStep(_S.ACCEPTED, (_A.STOP_TIMERS, _A.SEND, _A.LINGER_L)),
        _I.SEND_FAILURE: ServerStep(_S.COMPLETED, (_A.STOP_TIMERS, _A.SEND, _A.ARM_G_H)),
        _I.TRYING_DUE: ServerStep(None, (_A.SEND_TRYING,)),
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: _UNDELIVERABLE,
    },
    _S.COMPLETED: {
        _I.REQUEST: ServerStep(None, (_A.RESEND,)),
        _I.ACK: ServerStep(_S.CONFIRMED, (_A.STOP_TIMERS, _A.LINGER_I, _A.REPORT_SETTLED)),
        _I.SEND_PROVISIONAL: IGNORED,
        _I.SEND_SUCCESS: IGNORED,
        _I.SEND_FAILURE: IGNORED,
        _I.TRYING_DUE: IMPOSSIBLE,
        _I.RETRANSMIT: ServerStep(None, (_A.BACK_OFF,)),
        _I.GIVE_UP: ServerStep(_S.TERMINATED, (_A.FORGET, _A.REPORT_SETTLED)),
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: ServerStep(_S.TERMINATED, (_A.FORGET, _A.REPORT_SETTLED)),
    },
    _S.CONFIRMED: {
        _I.REQUEST: IGNORED,
        _I.ACK: IGNORED,
        _I.SEND_PROVISIONAL: IGNORED,
        _I.SEND_SUCCESS: IGNORED,
        _I.SEND_FAILURE: IGNORED,
        _I.TRYING_DUE: IMPOSSIBLE,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: _OVER,
        _I.TRANSPORT_ERROR: IGNORED,
    },
    _S.ACCEPTED: {
        # Absorbed: the user repeats the 2xx on its own clock until the ACK (RFC 6026 7.1, RFC 3261 13.3.1.4).
        _I.REQUEST: IGNORED,
        _I.ACK: ServerStep(None, (_A.PASS_ACK,)),
        _I.SEND_PROVISIONAL: IGNORED,
        _I.SEND_SUCCESS: IGNORED,
        _I.SEND_FAILURE: IGNORED,
        _I.TRYING_DUE: IMPOSSIBLE,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: _OVER,
        # Whether the 2xx got through is told by the ACK or its absence.
        _I.TRANSPORT_ERROR: IGNORED,
    },
    _S.TERMINATED: _GONE,
}

_ANSWERED: Final = ServerStep(_S.COMPLETED, (_A.SEND, _A.LINGER_J))

NON_INVITE: Final[ServerTable] = {
    _S.TRYING: {
        _I.REQUEST: IGNORED,
        _I.ACK: IMPOSSIBLE,
        _I.SEND_PROVISIONAL: ServerStep(_S.PROCEEDING, (_A.SEND,)),
        _I.SEND_SUCCESS: _ANSWERED,
        _I.SEND_FAILURE: _ANSWERED,
        _I.TRYING_DUE: IMPOSSIBLE,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: _OVER,
    },
    _S.PROCEEDING: {
        _I.REQUEST: ServerStep(None, (_A.RESEND,)),
        _I.ACK: IMPOSSIBLE,
        _I.SEND_PROVISIONAL: ServerStep(None, (_A.SEND,)),
        _I.SEND_SUCCESS: _ANSWERED,
        _I.SEND_FAILURE: _ANSWERED,
        _I.TRYING_DUE: IMPOSSIBLE,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: _OVER,
    },
    _S.COMPLETED: {
        _I.REQUEST: ServerStep(None, (_A.RESEND,)),
        _I.ACK: IMPOSSIBLE,
        _I.SEND_PROVISIONAL: IGNORED,
        _I.SEND_SUCCESS: IGNORED,
        _I.SEND_FAILURE: IGNORED,
        _I.TRYING_DUE: IMPOSSIBLE,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: _OVER,
        _I.TRANSPORT_ERROR: _OVER,
    },
    _S.CONFIRMED: dict.fromkeys(_I, IMPOSSIBLE),
    _S.ACCEPTED: dict.fromkeys(_I, IMPOSSIBLE),
    _S.TERMINATED: _GONE,
}
