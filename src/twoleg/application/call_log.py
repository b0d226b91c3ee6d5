"""The port through which the conductor says what people at night need to know."""

from __future__ import annotations

from typing import Protocol

from twoleg.domain.call import Call
from twoleg.domain.effects import Effect
from twoleg.domain.machine import Step
from twoleg.domain.signals import Signal


class CallLog(Protocol):
    """Where the conductor says what people at night need to know."""

    def stepped(self, step: Step, signal: Signal) -> None:
        """A signal changed a call."""

    def faulted(self, call: Call, at: Signal | Effect, error: Exception) -> None:
        """Handling that signal or effect raised; the call is being ended for it."""

    def unknown_call(self, serial: int, signal: Signal) -> None:
        """A signal for a call that this engine does not hold (any more)."""
