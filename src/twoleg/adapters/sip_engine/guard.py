"""What a call's timers and look-ups begin: a fault in it ends that call, as one in an effect or an event does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twoleg.adapters.sip_engine.legs import EngineCall
from twoleg.application.ports import Cancellable, Clock


class Guard:
    """One for all calls."""

    def __init__(self, *, clock: Clock, fault: Callable[[EngineCall, Exception], None]) -> None:
        """`fault` logs what was raised and ends the call."""
        self._clock = clock
        self._fault = fault

    def do(self, entry: EngineCall, work: Callable[[], None]) -> None:
        """Do it now."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this call's alone
            self._fault(entry, error)

    def later(self, seconds: float, entry: EngineCall, work: Callable[[], None]) -> Cancellable:
        """Do it then."""
        return self._clock.call_later(seconds, partial(self.do, entry, work))
