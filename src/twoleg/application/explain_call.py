"""Use case: why did this call go as it did?"""

from __future__ import annotations

from twoleg.application.event_feed import EventFeed
from twoleg.domain.call import Call
from twoleg.domain.explain.explain import explain
from twoleg.domain.explain.verdict import Verdict

MOST_EVENTS = 500
"""Of a call, looked through for what the service noted: a call has some ten, one that is tried or held often more."""


def explain_call(call: Call, *, events: EventFeed, now: int) -> Verdict:
    """The verdict, with the service's own notes among its evidence. `now`: ms. Raises `StoreUnavailable`."""
    recorded = events.of_call(call.serial, after=0, limit=MOST_EVENTS)
    return explain(call, events=[each.event for each in recorded], now=now)
