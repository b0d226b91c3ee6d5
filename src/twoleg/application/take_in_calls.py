"""The engine's way in: looks into the store for queued calls and wished hang-ups, and hands them to the conductor."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.application.conductor import Conductor
from twoleg.application.pace import Pace
from twoleg.application.ports import CallJournal, Clock
from twoleg.application.recording_desk import RecordingCommands
from twoleg.domain.call import Call
from twoleg.domain.signals import Faulted, HangUpRequested

_FRESH_MS = 1000
"""A call that waited for less is live traffic, of which the API takes no more than the engine can do."""
_BACKLOG_PACE = 200
"""Calls a second of those that waited for longer: what gathered while no engine ran must not come all at once."""


class Intake:
    """Run on every nudge, and now and then without one: a lost nudge delays a call, it never loses it."""

    def __init__(
        self,
        *,
        journal: CallJournal,
        conductor: Conductor,
        recordings: RecordingCommands | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`recordings`: what hands on the commands for recordings; None: nothing is recorded.

        `clock`: by which calls that have waited for long come in at `_BACKLOG_PACE`; None: at once.
        """
        self._clock = clock
        self._backlog = Pace(per_second=_BACKLOG_PACE, burst=_BACKLOG_PACE / 4)
        self._journal = journal
        self._conductor = conductor
        self._recordings = recordings

    def look(self) -> None:
        """Admit what is queued, pass on what is wished. Repeats are harmless."""
        self.take(self.find())

    def find(self) -> Sequence[Call]:
        """The first half of a look: what is queued. It costs time for each call that waits, be it news or not."""
        return list(self._journal.queued(self._conductor))

    def take(self, found: Sequence[Call]) -> None:
        """The second half, which costs time for what is new."""
        for call in found:
            if self._is_its_turn(call):
                self._conductor.admit(call)
        for serial in self._journal.hangup_requests():
            if serial in self._conductor:
                self._conductor.signal(serial, HangUpRequested())
        for serial in self._journal.overdue():
            if serial in self._conductor:
                self._conductor.signal(serial, Faulted("it outlived its timers"))
        if self._recordings is not None:
            self._recordings.look()

    def _is_its_turn(self, call: Call) -> bool:
        if self._clock is None:
            return True
        now = self._clock.now_ms()
        return now - call.created_at < _FRESH_MS or self._backlog.takes(now / 1000)
