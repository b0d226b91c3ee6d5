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
    """Find a way to that phone and write the INVITE; answered by `LegPrepared`, for each INVITE that it takes."""

    role: Role


class SendInvite(Value, frozen=True, gc=False):
    """What is known of the newest INVITE of that leg is durable: let it go out."""

    role: Role


class Acknowledge(Value, frozen=True, gc=False):
    """That the phone answered, and with what it can be hung up, is durable: let the ACK go out."""

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


Effect = Dial | SendInvite | Acknowledge | Release | Ringback | PassEarlyMedia | Bridge | ArmTimer | DisarmTimer
"""The timers are the conductor's; all others are the engine's."""
