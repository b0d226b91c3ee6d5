"""The face as a whole: its paths and who answers them."""

from __future__ import annotations

from twoleg.api.http import RequestHandler
from twoleg.api.native.calls import GetCall
from twoleg.api.native.door import Door
from twoleg.api.native.events import GetCallEvents, GetEvents
from twoleg.api.native.lists import GetCalls, PostStates
from twoleg.api.native.place import PostCall, PostHangup
from twoleg.api.native.sse import EventStreams
from twoleg.application.call_search import CallSearch
from twoleg.application.event_feed import EventFeed
from twoleg.application.event_tail import EventTail
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import CallReader
from twoleg.application.quality import QualityReader
from twoleg.application.rehearse_call import RehearseCall

NATIVE = "/v1/"
"""What every path of the face begins with; what goes wrong there, and at `/v1`, is told as a problem document."""
CALLS_PATH = "/v1/calls"
STATES_PATH = "/v1/calls/states"
CALL_PATH = "/v1/calls/{serial}"
HANGUP_PATH = "/v1/calls/{serial}/hangup"
CALL_EVENTS_PATH = "/v1/calls/{serial}/events"
EVENTS_PATH = "/v1/events"

NativeRoutes = dict[str, dict[str, RequestHandler]]
"""Pattern -> method -> handler."""


def make_routes(  # noqa: PLR0913 - each port by its name
    *,
    door: Door,
    reader: CallReader,
    quality: QualityReader,
    place_call: PlaceCall,
    rehearse_call: RehearseCall,
    search: CallSearch,
    feed: EventFeed,
    tail: EventTail,
) -> NativeRoutes:
    """The routes of the face."""
    clock = place_call.clock
    streams = EventStreams(tail=tail, clock=clock)
    hang_up = PostHangup(door=door, reader=reader, intake=place_call.intake, clock=clock, nudge=place_call.nudge)
    return {
        CALLS_PATH: {
            "GET": GetCalls(door=door, search=search, reader=reader, clock=clock),
            "POST": PostCall(door=door, place_call=place_call, rehearse_call=rehearse_call),
        },
        STATES_PATH: {"POST": PostStates(door=door, search=search)},
        CALL_PATH: {"GET": GetCall(door=door, reader=reader, quality=quality, tail=tail)},
        HANGUP_PATH: {"POST": hang_up},
        CALL_EVENTS_PATH: {"GET": GetCallEvents(door=door, reader=reader, feed=feed, streams=streams)},
        EVENTS_PATH: {"GET": GetEvents(door=door, feed=feed, streams=streams, clock=clock)},
    }
