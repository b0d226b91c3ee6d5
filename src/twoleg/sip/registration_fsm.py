"""The life of a registration as a table: every state and input decided, a test proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto, unique
from typing import Final


@unique
class RegistrationState(IntEnum):
    """Where a registration is."""

    REGISTERING = auto()
    """REGISTER sent, nothing granted yet."""
    REGISTERED = auto()
    """Granted; the refresh is armed."""
    REFRESHING = auto()
    """Granted, and the refresh is sent."""
    WAITING = auto()
    """Not granted; the next try is armed."""
    FINISHING = auto()
    """Not wanted any more, but a REGISTER is under way: no other may be sent before its answer (RFC 3261 10.2)."""
    LEAVING = auto()
    """REGISTER with Expires 0 sent (10.2.2)."""
    GONE = auto()


@unique
class RegistrationInput(IntEnum):
    """What can happen to it."""

    ACCEPTED = auto()
    """2xx."""
    CHALLENGED = auto()
    """401 or 407 that we can answer."""
    TOO_BRIEF = auto()
    """423 with a longer Min-Expires (10.2.8)."""
    REFUSED = auto()
    """Another 300-699."""
    SILENT = auto()
    """Timer F, or the transport failed."""
    DUE = auto()
    """The armed refresh or try."""
    STOP = auto()
    """The owner wants it no more."""


@unique
class RegistrationAction(IntEnum):
    """What is done about it; `RegistrationStep.next` is in force already."""

    IGNORE = auto()
    RAISE = auto()
    """A fault of ours."""
    SEND = auto()
    """REGISTER, with the credentials and expiry known by now."""
    SETTLE = auto()
    """Tell Registered, arm the refresh."""
    BACK_OFF = auto()
    """Tell NotRegistered, arm the next try."""
    LEAVE = auto()
    """REGISTER with Expires 0."""
    REPORT_GONE = auto()
    """Tell NotRegistered, for good."""


@dataclass(frozen=True, slots=True)
class RegistrationStep:
    """One cell: `next` None stays."""

    next: RegistrationState | None
    do: RegistrationAction


_S = RegistrationState
_I = RegistrationInput
_A = RegistrationAction

IMPOSSIBLE: Final = RegistrationStep(None, _A.RAISE)
_IGNORED: Final = RegistrationStep(None, _A.IGNORE)
_AGAIN: Final = RegistrationStep(None, _A.SEND)
_SETTLED: Final = RegistrationStep(_S.REGISTERED, _A.SETTLE)
_FAILED: Final = RegistrationStep(_S.WAITING, _A.BACK_OFF)
_LEAVING: Final = RegistrationStep(_S.LEAVING, _A.LEAVE)
_GONE: Final = RegistrationStep(_S.GONE, _A.REPORT_GONE)
_UNDER_WAY: Final = {
    _I.ACCEPTED: _SETTLED,
    _I.CHALLENGED: _AGAIN,
    _I.TOO_BRIEF: _AGAIN,
    _I.REFUSED: _FAILED,
    _I.SILENT: _FAILED,
    _I.DUE: IMPOSSIBLE,
    _I.STOP: RegistrationStep(_S.FINISHING, _A.IGNORE),
}

REGISTRATION: Final[Mapping[RegistrationState, Mapping[RegistrationInput, RegistrationStep]]] = {
    _S.REGISTERING: _UNDER_WAY,
    _S.REFRESHING: _UNDER_WAY,
    _S.REGISTERED: dict.fromkeys(_I, IMPOSSIBLE)
    | {_I.DUE: RegistrationStep(_S.REFRESHING, _A.SEND), _I.STOP: _LEAVING},
    _S.WAITING: dict.fromkeys(_I, IMPOSSIBLE) | {_I.DUE: RegistrationStep(_S.REGISTERING, _A.SEND), _I.STOP: _GONE},
    _S.FINISHING: {
        _I.ACCEPTED: _LEAVING,
        _I.CHALLENGED: _LEAVING,
        _I.TOO_BRIEF: _LEAVING,
        _I.REFUSED: _GONE,
        _I.SILENT: _GONE,
        _I.DUE: IMPOSSIBLE,
        _I.STOP: _IGNORED,
    },
    _S.LEAVING: {
        _I.ACCEPTED: _GONE,
        _I.CHALLENGED: RegistrationStep(None, _A.LEAVE),
        _I.TOO_BRIEF: _GONE,
        _I.REFUSED: _GONE,
        _I.SILENT: _GONE,
        _I.DUE: IMPOSSIBLE,
        _I.STOP: _IGNORED,
    },
    _S.GONE: dict.fromkeys(_I, _IGNORED),
}
