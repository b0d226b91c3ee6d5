"""Events as a stream (Server-Sent Events, html.spec.whatwg.org section 9.2): frames, heartbeats, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from twoleg.api.asgi import Headers
from twoleg.api.http import Stream
from twoleg.api.native.heartbeats import Heartbeats
from twoleg.api.native.preferences import liked
from twoleg.api.native.problems import Problem
from twoleg.application.cloud_event import TYPE_PREFIX, encoded, event_id
from twoleg.application.errors import StoreUnavailable
from twoleg.application.event_feed import Recorded
from twoleg.application.event_tail import EventTail, Follower, OfCall
from twoleg.application.ports import Clock
from twoleg.domain.events import EventType

EVENT_STREAM = b"text/event-stream"
HEARTBEAT = 15.0
"""Seconds from one comment to the next, and after which credentials are checked again."""
RETRY_MS = 1000
"""After which a client comes back."""
EVENTS_A_PIECE = 64
"""Written at once: some 40 kB. More waits until these are taken."""
_REMEMBERED = 2048
_BEAT = b": heartbeat\n\n"
_HEADERS = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))
"""The second one is for nginx, which else holds a stream back until its buffer is full."""


def wants_stream(headers: Headers) -> bool:
    """Whether the client asks for a stream by its name, and does not like a page better."""
    weights = {media: weight for weight, media in liked(headers, b"accept")}
    stream = weights.get(EVENT_STREAM.decode(), 0.0)
    return stream > 0 and stream >= weights.get("application/json", 0.0)


class Frames:
    """Renders each event once, however many readers it has."""

    def __init__(self) -> None:
        self._rendered: dict[int, bytes] = {}

    def __call__(self, recorded: Recorded) -> bytes:
        """The event as one message of a stream."""
        frame = self._rendered.get(recorded.position)
        if frame is None:
            if len(self._rendered) >= _REMEMBERED:
                del self._rendered[next(iter(self._rendered))]
            frame = self._rendered[recorded.position] = _frame(recorded)
        return frame


def _frame(recorded: Recorded) -> bytes:
    event = recorded.event
    name = TYPE_PREFIX + event.type.value
    head = f"id: {event_id(event.serial, event.seq)}\nevent: {name}\ndata: "
    return head.encode() + encoded(recorded) + b"\n\n"


class EventStreams:
    """Makes streams; one per process."""

    def __init__(self, *, tail: EventTail, clock: Clock) -> None:
        self.tail = tail
        self._clock = clock
        self._frames = Frames()
        self._heartbeats = Heartbeats(HEARTBEAT)

    def of(self, follower: Follower, *, cursor: str, is_welcome: Callable[[], Awaitable[object]]) -> Stream:
        """What the follower sees from `cursor` on. `is_welcome` is asked now and then, and raises `Problem` if not."""
        return Stream(self._pieces(follower, cursor, is_welcome), EVENT_STREAM, _HEADERS)

    async def _pieces(
        self, follower: Follower, cursor: str, is_welcome: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[bytes, None]:
        # An id without a message: who loses the connection before the first event still comes back with a cursor.
        yield f"retry: {RETRY_MS}\nid: {cursor}\n\n".encode()
        checked_at = self._clock.now_ms()
        beat = follower.wake
        place = self._heartbeats.join(beat)
        try:
            while True:
                events = await follower.next(None)
                if self.tail.is_closed and not events:
                    return
                if not events or not 0 <= self._clock.now_ms() - checked_at < HEARTBEAT * 1000:
                    await is_welcome()
                    checked_at = self._clock.now_ms()
                for begin in range(0, len(events), EVENTS_A_PIECE):
                    yield b"".join(map(self._frames, events[begin : begin + EVENTS_A_PIECE]))
                if _is_over(follower, events):
                    return
                if not events:
                    yield _BEAT
        except (Problem, StoreUnavailable):
            return  # the client comes back with its cursor, and is told then what is wrong
        finally:
            self._heartbeats.leave(place, beat)
            follower.close()


def _is_over(follower: Follower, events: Sequence[Recorded]) -> bool:
    """Nothing of a call's own progress comes after its end."""
    return isinstance(follower.scope, OfCall) and any(each.event.type is EventType.CALL_ENDED for each in events)
