"""What the conductor keeps in memory of a call that has not ended, or not been forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field

from twoleg.application.ports import Cancellable
from twoleg.domain.call import Call, Role
from twoleg.domain.effects import Dial, Effect, SendInvite, Timer
from twoleg.domain.machine import Step
from twoleg.domain.signals import Faulted, LegPrepared, LegRefused, LegReleased, RingTimeout, Signal


@dataclass(slots=True)
class LivingCall:
    """One call, and what runs for it."""

    call: Call
    timers: dict[Timer, Cancellable] = field(default_factory=dict)
    on_wire: set[Role] = field(default_factory=set)
    """Legs that were dialled and have not said their last word."""
    unsent: Role | None = None
    """The leg whose INVITE is written and has not been let go."""
    undurable: int = 0
    """Steps handed to the journal and not yet durable."""
    linger: Cancellable | None = None

    def hears(self, signal: Signal) -> Signal:
        """The signal as it is to be taken: nobody left a phone unanswered that was never rung."""
        match signal:
            case LegReleased(role=role) | LegRefused(role=role):
                self.on_wire.discard(role)
            case LegPrepared(role=role):
                self.unsent = role
            case RingTimeout(role=role) if role not in self.on_wire or role is self.unsent:
                return Faulted("the store could not be written, so the phone was not rung")
            case _:
                pass
        return signal


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a call that is on its way to the disk."""

    live: LivingCall
    step: Step

    @property
    def ringing(self) -> list[Effect]:
        """The effects that ring a phone, and so wait for the disk however long that takes."""
        return [effect for effect in self.step.effects if isinstance(effect, Dial | SendInvite)]

    @property
    def others(self) -> list[Effect]:
        """All others: what a call does without waiting for a store in trouble."""
        return [effect for effect in self.step.effects if not isinstance(effect, Dial | SendInvite)]
