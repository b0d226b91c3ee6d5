"""Recovery: at the start of an engine, tell every call that a dead engine left behind what happened to it."""

from __future__ import annotations

from twoleg.application.conductor import Conductor
from twoleg.application.ports import CallJournal
from twoleg.domain.signals import EngineLost


def recover_calls(*, journal: CallJournal, conductor: Conductor) -> int:
    """Feed `EngineLost` to each call that was dialled and has not ended; answers how many there were.

    Queued calls are not touched: nothing was sent for them, so the intake dials them as usual.
    """
    left_behind = list(journal.live())
    for call in left_behind:
        conductor.adopt(call, EngineLost())
    return len(left_behind)
