"""What has to outlive the engine: of each leg that may be on the wire, enough for another engine to end it."""

from __future__ import annotations

from twoleg.domain import signals as s
from twoleg.domain.call import Call, Role
from twoleg.domain.values import Value


class LegOnWire(Value, frozen=True, gc=False):
    """One try to reach a phone that may be on the wire: ringing, answered, or lost on its way."""

    role: Role
    number: int
    """The attempt's: 1, 2, 3 ... within the leg. What is told later of the same one replaces what was told before."""
    record: bytes
    """The engine's own note; nobody else reads it."""


def kept(call: Call, signal: s.Signal) -> tuple[LegOnWire, ...]:
    """What the signal says of a leg that is on the wire, or is about to be."""
    match signal:
        case s.LegPrepared(role=role, attempt=attempt, record=record):
            return (LegOnWire(role, attempt.number, record),)
        case s.LegAnswered(role=role, record=bytes() as record):
            tries = call.leg(role).attempts
            return (LegOnWire(role, tries[-1].number if tries else 1, record),)
        case _:
            return ()


def over(call: Call, signal: s.Signal) -> tuple[Role, ...]:
    """Whose leg, that was on the wire, has said its last word."""
    if isinstance(signal, s.LegReleased) and call.leg(signal.role).attempts:
        return (signal.role,)
    return ()
