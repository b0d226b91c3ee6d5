"""What the machine asks of the world: performed once the step is durable; a failure comes back as a signal."""

from __future__ import annotations

from enum import unique

from twoleg.domain.call import Role
from twoleg.domain.values import Value, Word


@unique
class Timer(Word):
    """The hard timer of each living phase: whatever else fails to come, one of these does."""

    QUEUE = "queue"
    RING_AGENT = "ring_agent"
    RING_CUSTOMER = "ring_customer"
    TALK = "talk"


class Dial(Value, frozen=True, gc=False):
    """Send the INVITE of that leg."""

    role: Role


class Release(Value, frozen=True, gc=False):
    """End that leg in the way its dialog needs (CANCEL, BYE, ACK then BYE); idempotent."""

    role: Role
    cause: int
    """Q.850 cause for the Reason header (RFC 3326) that the phone is told."""


class Ringback(Value, frozen=True, gc=False):
    """Let the agent hear that the customer's phone rings."""


class PassEarlyMedia(Value, frozen=True, gc=False):
    """Let the agent hear what the customer's network sends before the answer."""


class Bridge(Value, frozen=True, gc=False):
    """Connect the media of both legs; answered by `Bridged` or `BridgeFailed`."""


class ArmTimer(Value, frozen=True, gc=False):
    """Start that timer of the call, anew where it runs; its length is the service's setting."""

    timer: Timer
    plus: float = 0.0
    """Seconds more than that."""


class DisarmTimer(Value, frozen=True, gc=False):
    """Stop that timer; harmless when it is not running."""

    timer: Timer


Effect = Dial | Release | Ringback | PassEarlyMedia | Bridge | ArmTimer | DisarmTimer
"""Dial, Release, Ringback, PassEarlyMedia and Bridge are the engine's; the timers are the conductor's."""
