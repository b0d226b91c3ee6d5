"""Client transactions as tables: RFC 3261 17.1, with the Accepted state of RFC 6026.  Every state x input is decided.

Timers A and E are the input RETRANSMIT, B and F GIVE_UP, and D, K and M LINGERED.  "Calling" and "Trying" are both
STARTED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto, unique
from typing import Final, TypeAlias


@unique
class ClientState(IntEnum):
    """Figures 5 and 6 of RFC 3261, figure 5 of RFC 6026 for ACCEPTED."""

    STARTED = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


@unique
class ClientInput(IntEnum):
    """What can happen to a client transaction."""

    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    RETRANSMIT = auto()
    GIVE_UP = auto()
    LINGERED = auto()
    TRANSPORT_ERROR = auto()
    ABANDON = auto()


@unique
class ClientAction(IntEnum):
    """What a transaction does about it."""

    RESEND = auto()
    """Send the request again and arm the next retransmission."""
    STOP_TIMERS = auto()
    SLOW_DOWN = auto()
    """Go on retransmitting, every T2 (17.1.2.2)."""
    SEND_ACK = auto()
    """Make the ACK of a non-2xx (17.1.1.3), send it, and keep only it."""
    RESEND_ACK = auto()
    LINGER_D = auto()
    LINGER_K = auto()
    LINGER_M = auto()
    PASS_UP = auto()
    REPORT_TIMEOUT = auto()
    REPORT_TRANSPORT = auto()
    FORGET = auto()
    """Leave the table of transactions; nothing reaches this one any more."""
    RAISE = auto()


@dataclass(frozen=True, slots=True)
class ClientStep:
    """One cell: `next` None stays; `do` in order, PASS_UP and reports last because the user may act at once."""

    next: ClientState | None
    do: tuple[ClientAction, ...] = ()


ClientTable: TypeAlias = Mapping[ClientState, Mapping[ClientInput, ClientStep]]

_S: TypeAlias = ClientState
_I: TypeAlias = ClientInput
_A: TypeAlias = ClientAction

IGNORED: Final = ClientStep(None)
"""Late or repeated, and harmless."""
IMPOSSIBLE: Final = ClientStep(None, (ClientAction.RAISE,))
"""Cannot come here (a timer that this state stopped): a fault of ours if it does."""

_TIMEOUT: Final = ClientStep(_S.TERMINATED, (_A.FORGET, _A.REPORT_TIMEOUT))
_TRANSPORT: Final = ClientStep(_S.TERMINATED, (_A.FORGET, _A.REPORT_TRANSPORT))
_OVER: Final = ClientStep(_S.TERMINATED, (_A.FORGET,))
_GONE: Final = dict.fromkeys(_I, IMPOSSIBLE) | {_I.ABANDON: IGNORED}

INVITE: Final[ClientTable] = {
    _S.STARTED: {
        _I.PROVISIONAL: ClientStep(_S.PROCEEDING, (_A.STOP_TIMERS, _A.PASS_UP)),
        _I.SUCCESS: ClientStep(_S.ACCEPTED, (_A.STOP_TIMERS, _A.LINGER_M, _A.PASS_UP)),
        _I.FAILURE: ClientStep(_S.COMPLETED, (_A.STOP_TIMERS, _A.SEND_ACK, _A.LINGER_D, _A.PASS_UP)),
        _I.RETRANSMIT: ClientStep(None, (_A.RESEND,)),
        _I.GIVE_UP: _TIMEOUT,
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: _TRANSPORT,
        _I.ABANDON: _OVER,
    },
    _S.PROCEEDING: {
        _I.PROVISIONAL: ClientStep(None, (_A.PASS_UP,)),
        _I.SUCCESS: ClientStep(_S.ACCEPTED, (_A.LINGER_M, _A.PASS_UP)),
        _I.FAILURE: ClientStep(_S.COMPLETED, (_A.SEND_ACK, _A.LINGER_D, _A.PASS_UP)),
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: IMPOSSIBLE,
        # Nothing of ours is under way here, so the error is about something else.
        _I.TRANSPORT_ERROR: IGNORED,
        _I.ABANDON: _OVER,
    },
    _S.COMPLETED: {
        _I.PROVISIONAL: IGNORED,
        _I.SUCCESS: IGNORED,
        _I.FAILURE: ClientStep(None, (_A.RESEND_ACK,)),
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: _OVER,
        # The user has had its final response; the lost ACK is the other end's business (its timer H).
        _I.TRANSPORT_ERROR: _OVER,
        _I.ABANDON: IGNORED,
    },
    _S.ACCEPTED: {
        _I.PROVISIONAL: IGNORED,
        _I.SUCCESS: ClientStep(None, (_A.PASS_UP,)),
        _I.FAILURE: IGNORED,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: _OVER,
        # ACKs to 2xx are the user's; later copies of the 2xx must still be answered (RFC 6026 7.2).
        _I.TRANSPORT_ERROR: IGNORED,
        _I.ABANDON: IGNORED,
    },
    _S.TERMINATED: _GONE,
}

_ANSWERED: Final = ClientStep(_S.COMPLETED, (_A.STOP_TIMERS, _A.LINGER_K, _A.PASS_UP))

NON_INVITE: Final[ClientTable] = {
    _S.STARTED: {
        _I.PROVISIONAL: ClientStep(_S.PROCEEDING, (_A.SLOW_DOWN, _A.PASS_UP)),
        _I.SUCCESS: _ANSWERED,
        _I.FAILURE: _ANSWERED,
        _I.RETRANSMIT: ClientStep(None, (_A.RESEND,)),
        _I.GIVE_UP: _TIMEOUT,
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: _TRANSPORT,
        _I.ABANDON: _OVER,
    },
    _S.PROCEEDING: {
        _I.PROVISIONAL: ClientStep(None, (_A.PASS_UP,)),
        _I.SUCCESS: _ANSWERED,
        _I.FAILURE: _ANSWERED,
        _I.RETRANSMIT: ClientStep(None, (_A.RESEND,)),
        _I.GIVE_UP: _TIMEOUT,
        _I.LINGERED: IMPOSSIBLE,
        _I.TRANSPORT_ERROR: _TRANSPORT,
        _I.ABANDON: _OVER,
    },
    _S.COMPLETED: {
        _I.PROVISIONAL: IGNORED,
        _I.SUCCESS: IGNORED,
        _I.FAILURE: IGNORED,
        _I.RETRANSMIT: IMPOSSIBLE,
        _I.GIVE_UP: IMPOSSIBLE,
        _I.LINGERED: _OVER,
        _I.TRANSPORT_ERROR: IGNORED,
        _I.ABANDON: IGNORED,
    },
    _S.ACCEPTED: dict.fromkeys(_I, IMPOSSIBLE),
    _S.TERMINATED: _GONE,
}
