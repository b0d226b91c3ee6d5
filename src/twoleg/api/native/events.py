"""Events of one call and of the tenant: as a page by cursor, or as a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import encode

from twoleg.api.http import Answer, Request, Stream, one_header
from twoleg.api.native.calls import call_of
from twoleg.api.native.door import Door
from twoleg.api.native.problems import bad_member, over_limit
from twoleg.api.native.query import Query
from twoleg.api.native.sse import EventStreams, wants_stream
from twoleg.application.cloud_event import CloudEvent, cloud_event, event_id
from twoleg.application.event_cursor import (
    FROM_BEGINNING,
    FROM_NOW,
    CursorAhead,
    CursorRefused,
    newest_cursor,
    position_of,
    read_event_id,
)
from twoleg.application.event_feed import EventFeed, Recorded
from twoleg.application.event_tail import OfCall, OfTenant
from twoleg.application.ports import CallReader, Clock
from twoleg.domain.call import Call, Phase

LONGEST_PAGE = 1000
PAGE = 100
"""Events on a page when no limit was asked for."""
_LONGEST_CURSOR = 40

NOTHING_MORE = Answer(b"", 204)
"""By the specification of Server-Sent Events this tells a client to come back no more."""


class EventPage(Struct, frozen=True):
    """A page of events, oldest first."""

    events: list[CloudEvent]
    next: Annotated[str, Meta(description="The cursor behind this page: the next one's `after`.")]
    more: Annotated[bool, Meta(description="Whether there were more events than the page holds.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCallEvents:
    """`GET /v1/calls/{serial}/events`."""

    door: Door
    reader: CallReader
    feed: EventFeed
    streams: EventStreams

    async def __call__(self, request: Request) -> Answer | Stream:
        """Answer one request."""
        login = await self.door(request.headers)
        query = Query(request.query, known=("after", "limit"))
        limit = query.number("limit", least=1, most=LONGEST_PAGE) or PAGE
        call = call_of(self.reader, request, login.tenant.tenant_id)
        member, cursor = _cursor(request, query, default=FROM_BEGINNING)
        after = _seq_of(call, member, cursor)
        if wants_stream(request.headers):
            return self._stream(request, call, after)
        found = self.feed.of_call(call.serial, after=after, limit=limit + 1)
        return _page(found[:limit], cursor=_written(call, after), more=len(found) > limit)

    def _stream(self, request: Request, call: Call, after: int) -> Answer | Stream:
        if call.phase is Phase.ENDED and after >= call.seq:
            return NOTHING_MORE
        follower = self.streams.tail.follow(OfCall(call.serial), after=after)
        is_welcome = partial(self.door, request.headers)
        return self.streams.of(follower, cursor=_written(call, after), is_welcome=is_welcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetEvents:
    """`GET /v1/events`."""

    door: Door
    feed: EventFeed
    streams: EventStreams
    clock: Clock

    async def __call__(self, request: Request) -> Answer | Stream:
        """Answer one request."""
        login = await self.door(request.headers)
        query = Query(request.query, known=("after", "limit"))
        limit = query.number("limit", least=1, most=LONGEST_PAGE) or PAGE
        is_stream = wants_stream(request.headers)
        member, cursor = _cursor(request, query, default=FROM_NOW if is_stream else FROM_BEGINNING)
        if cursor == FROM_NOW:
            cursor = newest_cursor(self.feed, login.tenant.tenant_id)
        try:
            after = position_of(self.feed, login.tenant, cursor, now=self.clock.now_ms())
        except CursorAhead as ahead:
            raise over_limit(member, ahead.newest, str(ahead)) from ahead
        except CursorRefused as refused:
            raise bad_member(member, str(refused)) from refused
        if is_stream:
            follower = self.streams.tail.follow(OfTenant(login.tenant.tenant_id), after=after)
            return self.streams.of(follower, cursor=cursor, is_welcome=partial(self.door, request.headers))
        found = self.feed.of_tenant(login.tenant.tenant_id, after=after, limit=limit + 1)
        return _page(found[:limit], cursor=cursor, more=len(found) > limit)


def _cursor(request: Request, query: Query, *, default: str) -> tuple[str, str]:
    """Which member names the cursor, and the cursor: a client that comes back goes on where it was cut off."""
    after = query.text("after", longest=_LONGEST_CURSOR)
    last = one_header(request.headers, b"last-event-id")
    if last is not None:
        return "Last-Event-ID", last.decode("latin-1")
    return "after", after or default


def _seq_of(call: Call, member: str, cursor: str) -> int:
    """The `seq` behind which to go on: the cursor may be that number, or the id of an event of the call."""
    if cursor == FROM_NOW:
        return call.seq
    if cursor.isascii() and cursor.isdigit() and len(cursor) <= 9:
        seq = int(cursor)
    else:
        try:
            serial, seq = read_event_id(cursor)
        except CursorRefused as refused:
            raise bad_member(member, str(refused)) from refused
        if serial != call.serial:
            raise bad_member(member, "that is the id of an event of another call")
    if seq > call.seq:
        raise over_limit(member, call.seq, f"that lies in the future: the call has {call.seq} events so far")
    return seq


def _written(call: Call, seq: int) -> str:
    return event_id(call.serial, seq) if seq else FROM_BEGINNING


def _page(found: Sequence[Recorded], *, cursor: str, more: bool) -> Answer:
    following = event_id(found[-1].event.serial, found[-1].event.seq) if found else cursor
    return Answer(encode(EventPage([cloud_event(each) for each in found], following, more)))
