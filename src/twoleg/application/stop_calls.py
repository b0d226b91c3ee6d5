"""Stopping: tell every call that still lives that the service does not wait for it any longer."""

from __future__ import annotations

from twoleg.application.conductor import Conductor
from twoleg.application.ports import CallJournal
from twoleg.domain.signals import ServiceStopped


def stop_calls(*, journal: CallJournal, conductor: Conductor) -> int:
    """Feed `ServiceStopped` to each call that was dialled and has not ended; answers how many there were.

    Queued calls are not touched: the next start dials them.
    """
    living = list(journal.live())
    for call in living:
        conductor.adopt(call, ServiceStopped())
    return len(living)
