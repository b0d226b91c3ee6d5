"""The use case: the ladder of one call."""

from __future__ import annotations

from typing import Final

from twoleg.application.event_feed import EventFeed
from twoleg.application.ladder.keeping import Keeping, fate_of
from twoleg.application.ladder.merging import entries_of
from twoleg.application.ladder.ports import DeliveryReader, LadderArchive
from twoleg.application.ladder.values import Ladder
from twoleg.application.ports import CallReader, Clock

_MOST_STEPS: Final = 1000
"""Far beyond what a call can have: the machine's table has no way round in circles."""


class ReadLadder:
    """Puts together what the store, the archive and the delivery log know."""

    def __init__(
        self,
        *,
        reader: CallReader,
        feed: EventFeed,
        archive: LadderArchive,
        deliveries: DeliveryReader,
        keeping: Keeping,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._feed = feed
        self._archive = archive
        self._deliveries = deliveries
        self._keeping = keeping
        self._clock = clock

    def __call__(self, serial: int, tenant_id: str | None) -> Ladder | None:
        """The ladder; None for an unknown call and for one of another tenant. `tenant_id` None: an operator asks.

        Steps are shown whatever became of the messages. May block for some milliseconds. Raises `StoreUnavailable`.
        """
        call = self._reader.call(serial)
        if call is None or tenant_id not in (None, call.tenant_id):
            return None
        capture = self._archive.find(serial)
        fate, says = fate_of(call, capture, self._keeping, now_ms=self._clock.now_ms())
        entries = entries_of(
            call,
            steps=[each.event for each in self._feed.of_call(serial, after=0, limit=_MOST_STEPS)],
            messages=() if capture is None else capture.messages,
            deliveries=self._deliveries.deliveries(serial),
        )
        return Ladder(
            call=call, entries=entries, fate=fate, says=says, omitted=0 if capture is None else capture.omitted
        )
