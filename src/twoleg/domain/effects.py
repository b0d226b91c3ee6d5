"""What the machine asks of the world: performed once the step is durable; a failure comes back as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from twoleg.domain.call import Role


@unique
class Timer(Enum):
    """The hard timer of each living phase: whatever else fails to come, one of these does."""

    QUEUE = "queue"
    RING_AGENT = "ring_agent"
    RING_CUSTOMER = "ring_customer"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Dial:
    """Send the INVITE of that leg."""

    role: Role


@dataclass(frozen=True, slots=True)
class Release:
    """End that leg in the way its dialog needs (CANCEL, BYE, ACK then BYE); idempotent."""

    role: Role
    cause: int
    """Q.850 cause for the Reason header (RFC 3326) that the phone is told."""


@dataclass(frozen=True, slots=True)
class Ringback:
    """Let the agent hear that the customer's phone rings."""


@dataclass(frozen=True, slots=True)
class PassEarlyMedia:
    """Let the agent hear what the customer's network sends before the answer."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """Connect the media of both legs; answered by `Bridged` or `BridgeFailed`."""


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Start that timer of the call; its length is the service's setting."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class DisarmTimer:
    """Stop that timer; harmless when it is not running."""

    timer: Timer


Effect = Dial | Release | Ringback | PassEarlyMedia | Bridge | ArmTimer | DisarmTimer
"""Dial, Release, Ringback, PassEarlyMedia and Bridge are the engine's; the timers are the conductor's."""
