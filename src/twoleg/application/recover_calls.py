"""Recovery: at the start of an engine, take over what a dead engine left behind, and end it.

A call that was dialled and has not ended is told `EngineLost`, and ends with 1003 like any other call ends: by a step
that becomes durable, whose effects release its phones. Of a call that had ended only the phones are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twoleg.application.conductor import Conductor
from twoleg.domain.call import Call
from twoleg.domain.on_wire import LegOnWire
from twoleg.domain.signals import EngineLost


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A call of a dead engine."""

    call: Call
    legs: tuple[LegOnWire, ...]
    """Those of which something may still be on the wire, by role, in the order of their attempts."""


class LeftBehindReader(Protocol):
    """The journal, as recovery needs it."""

    def left_behind(self) -> Sequence[LeftBehind]:
        """All calls that were dialled and have not ended, and those that have and whose phones may not know it."""


class Successor(Protocol):
    """The engine, as recovery needs it."""

    def take_over(self, call: Call, legs: Sequence[LegOnWire]) -> None:
        """From now on those legs are this engine's: `Release` ends them, and `LegReleased` tells that it is done.

        Never raises: of a record that cannot be read there is a log line, and `LegReleased` as for all others.
        """


def recover_calls(*, journal: LeftBehindReader, engine: Successor, conductor: Conductor) -> list[int]:
    """Take over and end all that was left behind; answers the serials.

    Queued calls are not touched: nothing was sent for them, so the intake dials them as usual.
    """
    left = journal.left_behind()
    for each in left:
        engine.take_over(each.call, each.legs)
        conductor.adopt(each.call, EngineLost(), on_wire={leg.role for leg in each.legs})
    return [each.call.serial for each in left]
