"""What a phone of the sandbox can be told to do, and when.  Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from twoleg.sip.headers import Reason


@dataclass(frozen=True, slots=True)
class Ring:
    """Send a provisional response, with a session description when `is_early_media`."""

    status: int = 180
    is_early_media: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Send 200 with a session description."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Send a final response 300-699, with a Reason (RFC 3326) when there is one."""

    status: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """Send BYE, with a Reason when there is one."""

    reason: Reason | None = None


Act: TypeAlias = Ring | Answer | Refuse | HangUp


@dataclass(frozen=True, slots=True)
class Cue:
    """An act, and when: seconds after the INVITE came."""

    at: float
    act: Act


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one kind of phone does with a call; the first cue that answers or refuses decides it.

    `cues` are in order of time.  `says` is one line for people.
    """

    says: str
    cues: tuple[Cue, ...] = ()
    is_deaf: bool = False
    """No SIP message to this number is heard at all."""
    answers_cancel: bool = False
    """A CANCEL while it rings makes it answer; on the wire it looks as if that 200 had been sent before."""
    wants_password: bool = False
    """The INVITE is challenged (`doorkeeper`) before anything else happens."""
