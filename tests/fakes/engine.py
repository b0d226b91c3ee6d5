"""An engine that notes what it is asked, with phones played by the test."""

from __future__ import annotations

from twoleg.application.ports import EngineEffect, Full
from twoleg.domain.call import Call
from twoleg.domain.signals import Signal


class NotingEngine:
    """The `CallEngine` port. `broken` effects raise; `refusal` is what `reserve` answers."""

    def __init__(self) -> None:
        self.performed: list[EngineEffect] = []
        self.forgotten: list[int] = []
        self.refusal: Signal | Full | None = None
        self.asked: list[int] = []
        self.broken: type[EngineEffect] | None = None

    def reserve(self, call: Call) -> Signal | Full | None:
        self.asked.append(call.serial)
        return self.refusal

    def perform(self, call: Call, effect: EngineEffect) -> None:
        if self.broken is not None and isinstance(effect, self.broken):
            raise RuntimeError("planted fault")
        self.performed.append(effect)

    def forget(self, call: Call) -> None:
        self.forgotten.append(call.serial)

    def take(self) -> list[EngineEffect]:
        taken, self.performed = self.performed, []
        return taken
