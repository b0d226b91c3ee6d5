"""The engine's way in: looks into the store for queued calls and wished hang-ups, and hands them to the conductor."""

from __future__ import annotations

from twoleg.application.conductor import Conductor
from twoleg.application.ports import CallJournal
from twoleg.application.recording_desk import RecordingCommands
from twoleg.domain.signals import HangUpRequested


class Intake:
    """Run on every nudge, and now and then without one: a lost nudge delays a call, it never loses it."""

    def __init__(
        self, *, journal: CallJournal, conductor: Conductor, recordings: RecordingCommands | None = None
    ) -> None:
        """`recordings`: what hands on the commands for recordings; None: nothing is recorded."""
        self._journal = journal
        self._conductor = conductor
        self._recordings = recordings

    def look(self) -> None:
        """Admit what is queued, pass on what is wished. Repeats are harmless."""
        for call in self._journal.queued(self._conductor):
            self._conductor.admit(call)
        for serial in self._journal.hangup_requests():
            if serial in self._conductor:
                self._conductor.signal(serial, HangUpRequested())
        if self._recordings is not None:
            self._recordings.look()
