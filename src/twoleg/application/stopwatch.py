"""How long calls wait for nothing but us: from their placing to the engine's first look, and from there to the dial."""

from __future__ import annotations

from twoleg.application.ports import CallEngine, Clock, EngineEffect, Full
from twoleg.domain.call import Call, Role
from twoleg.domain.effects import Dial
from twoleg.domain.signals import Signal


class Stopwatch:
    """A `CallEngine` that takes the time of another one's calls. Waiting for room at a trunk does not count."""

    def __init__(self, engine: CallEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._since = clock.now_ms()
        """Calls that were placed before waited for an engine, not for this one."""
        self._queueing: set[int] = set()
        self._worst = 0
        self._begun = 0

    def take(self) -> tuple[float, int]:
        """The longest wait in seconds, and the calls dialled, since the last time."""
        taken = self._worst / 1000, self._begun
        self._worst = self._begun = 0
        return taken

    def reserve(self, call: Call) -> Signal | Full | None:
        """As the engine does."""
        answer = self._engine.reserve(call)
        if call.serial not in self._queueing:
            self._note(call.created_at, call)
        if isinstance(answer, Full):
            self._queueing.add(call.serial)
        else:
            self._queueing.discard(call.serial)
        return answer

    def perform(self, call: Call, effect: EngineEffect) -> None:
        """As the engine does."""
        if effect.__class__ is Dial and effect.role is Role.AGENT:
            self._begun += 1
            self._note(call.started_at or call.created_at, call)
        self._engine.perform(call, effect)

    def forget(self, call: Call) -> None:
        """As the engine does."""
        self._queueing.discard(call.serial)
        self._engine.forget(call)

    def _note(self, since: int, call: Call) -> None:
        if call.created_at >= self._since:
            self._worst = max(self._worst, self._clock.now_ms() - since)
