"""An engine that notes what it is asked, with phones played by the test."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.application.ports import EngineEffect, Full
from twoleg.domain.call import Call
from twoleg.domain.on_wire import LegOnWire
from twoleg.domain.signals import Signal


class NotingEngine:
    """The `CallEngine` port. `broken` effects raise; `refusal` is what `reserve` answers."""

    def __init__(self) -> None:
        self.performed: list[EngineEffect] = []
        self.forgotten: list[int] = []
        self.refusal: Signal | Full | None = None
        self.asked: list[int] = []
        self.broken: type[EngineEffect] | None = None
        self.taken_over: list[tuple[int, LegOnWire]] = []

    def reserve(self, call: Call) -> Signal | Full | None:
        self.asked.append(call.serial)
        return self.refusal

    def perform(self, call: Call, effect: EngineEffect) -> None:
        if self.broken is not None and isinstance(effect, self.broken):
            raise RuntimeError("planted fault")
        self.performed.append(effect)

    def take_over(self, call: Call, legs: Sequence[LegOnWire]) -> None:
        self.taken_over += [(call.serial, leg) for leg in legs]

    def forget(self, call: Call) -> None:
        self.forgotten.append(call.serial)

    def take(self) -> list[EngineEffect]:
        taken, self.performed = self.performed, []
        return taken
