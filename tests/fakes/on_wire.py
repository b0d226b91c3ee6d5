"""What is on the wire, as a store without a file remembers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from twoleg.application.recover_calls import LeftBehind
from twoleg.domain.call import Call, Phase
from twoleg.domain.machine import Step
from twoleg.domain.on_wire import LegOnWire


@dataclass
class WireNotes:
    """By serial."""

    legs: dict[int, list[LegOnWire]] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """What the step says of it."""
        known = self.legs.pop(step.call.serial, [])
        told = {(leg.role, leg.number): leg for leg in [*known, *step.kept] if leg.role not in step.over}
        if told:
            self.legs[step.call.serial] = sorted(told.values(), key=lambda leg: (leg.role.value, leg.number))

    def left_behind(self, calls: Iterable[Call]) -> list[LeftBehind]:
        """The living, then the ended."""
        dialled = [call for call in calls if call.phase is not Phase.QUEUED]
        living = [call for call in dialled if call.phase is not Phase.ENDED]
        ended = [call for call in dialled if call.phase is Phase.ENDED and call.serial in self.legs]
        return [LeftBehind(call, tuple(self.legs.get(call.serial, ()))) for call in [*living, *ended]]
