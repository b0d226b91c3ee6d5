"""Following the event log: one look at the store for all readers of a process, and a place in line for each of them.

The policy for slow readers is on the page `docs/native-api.md`: nobody waits for a reader, no reader loses anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from twoleg.application.errors import StoreUnavailable
from twoleg.application.event_feed import EventFeed, Recorded
from twoleg.application.ports import Cancellable, Clock

LOOK_EVERY = 0.002
"""Seconds between two looks at the log's end while anybody follows: each reads one row, some ten microseconds."""
LOOK_AGAIN = 0.25
"""Seconds to the next look after one that the store refused."""
BATCH = 500
"""Events dealt out at a time: a few milliseconds of the loop."""
CATCH_UP = 100
"""Events that one reader takes from the store at a time: a millisecond of the loop, and of its memory some 50 kB."""
LONGEST_LINE = 256
"""Events kept for a reader that is busy, by reference to the one copy that all share; beyond, it reads the store."""


@dataclass(frozen=True, slots=True)
class OfCall:
    """The events of one call. Cursor: the `seq` last seen, 0 before the first."""

    serial: int


@dataclass(frozen=True, slots=True)
class OfTenant:
    """The events of one tenant. Cursor: the position last seen."""

    tenant_id: str


@dataclass(frozen=True, slots=True)
class OfAll:
    """The events of all tenants. Cursor: the position last seen."""


Scope = OfCall | OfTenant | OfAll
_ALL = OfAll()


class TailLog(Protocol):
    """Where it is said that the store cannot be read."""

    def error(self, event: str, /, **facts: object) -> object:
        """Somebody must look."""


class EventTail:
    """One for each process that follows events; runs on the loop of its callers, and only while somebody follows."""

    def __init__(self, *, feed: EventFeed, clock: Clock, log: TailLog) -> None:
        self._feed = feed
        self._clock = clock
        self._log = log
        self._position = 0
        """Up to which everything was dealt out."""
        self._lines: dict[Scope, set[Follower]] = {}
        self._timer: Cancellable | None = None
        self._is_well = True
        self.is_closed = False
        """Whether the process stops: nobody is handed anything any more, and nobody need wait."""

    def follow(self, scope: Scope, *, after: int) -> Follower:
        """A reader that goes on from that cursor, from the store first and then as things happen."""
        return Follower(self, self._feed, scope, after=after)

    def put_in_line(self, follower: Follower) -> None:
        """From now on it is handed what is committed beyond what was dealt out so far. Raises `StoreUnavailable`."""
        if self._timer is None:
            self._position = self._feed.newest()
            self._timer = self._clock.call_later(LOOK_EVERY, self._look)
        self._lines.setdefault(follower.scope, set()).add(follower)

    def take_out(self, follower: Follower) -> None:
        """It is handed nothing any more; harmless when it was not in line."""
        line = self._lines.get(follower.scope)
        if line is not None:
            line.discard(follower)
            if not line:
                del self._lines[follower.scope]

    def close(self) -> None:
        """The process stops: whoever waits is woken."""
        self.is_closed = True
        for line in self._lines.values():
            for follower in line:
                follower.wake()
        self._lines.clear()

    @property
    def followers(self) -> int:
        """How many are in line."""
        return sum(len(line) for line in self._lines.values())

    def _look(self) -> None:
        self._timer = None
        if not self._lines:
            return
        pause = LOOK_EVERY
        try:
            if self._feed.newest() > self._position:
                pause = self._deal_out(self._feed.after(self._position, limit=BATCH))
        except StoreUnavailable as error:
            self._say(error)
            pause = LOOK_AGAIN
        else:
            self._is_well = True
        self._timer = self._clock.call_later(pause, self._look)

    def _deal_out(self, batch: Sequence[Recorded]) -> float:
        """Answers the seconds to the next look: at once when there may be more."""
        for each in batch:
            for scope in (OfCall(each.event.serial), OfTenant(each.tenant_id), _ALL):
                for follower in tuple(self._lines.get(scope, ())):
                    follower.hand(each)
            self._position = each.position
        return 0.0 if len(batch) == BATCH else LOOK_EVERY

    def _say(self, error: StoreUnavailable) -> None:
        if self._is_well:
            self._log.error("cannot follow events", why=str(error))
        self._is_well = False


class Follower:
    """One reader of a scope: sees every event of it at least once, in order, none missing, however slowly it reads."""

    def __init__(self, tail: EventTail, feed: EventFeed, scope: Scope, *, after: int) -> None:
        self.scope = scope
        self.cursor = after
        """What was last handed out by `next`: a `seq` for one call, else a position."""
        self._tail = tail
        self._feed = feed
        self._line: deque[Recorded] | None = None
        """What came since it stood in line; None: it does not, and reads the store."""
        self._wake: asyncio.Future[None] | None = None

    async def next(self, seconds: float | None) -> Sequence[Recorded]:
        """The next events, `LONGEST_LINE` at most; none after that many seconds without any, or when all stops.

        None: without end, until there is something or somebody calls `wake`. One caller at a time. Raises
        `StoreUnavailable`, and can be asked again then.
        """
        ready = self.ready()
        if ready or self._tail.is_closed or (seconds is not None and seconds <= 0):
            return ready
        await self._sleep(seconds)
        return self.ready()

    def ready(self) -> Sequence[Recorded]:
        """The next events as far as they are there already. Raises `StoreUnavailable`."""
        if self._line is None:
            return self._catch_up()
        taken, self._line = self._line, deque()
        return self._past(taken)

    def _catch_up(self) -> Sequence[Recorded]:
        """From the store; once nothing is left there, in line.

        It stands in line before it looks: what the look does not see any more will be dealt out.
        """
        self._tail.put_in_line(self)
        found = self._past(self._stored())
        if found:
            self._tail.take_out(self)
        else:
            self._line = deque()
        return found

    def close(self) -> None:
        """Leave; harmless when repeated."""
        self._tail.take_out(self)
        self._line = None

    def hand(self, recorded: Recorded) -> None:
        """Called by the tail: an event of the scope, in order."""
        if self._line is None or self._place(recorded) <= self.cursor:  # the store had told it: no reason to wake up
            return
        if len(self._line) >= LONGEST_LINE:
            self.close()  # it reads on from the store when it comes back
            return
        self._line.append(recorded)
        self.wake()

    def wake(self) -> None:
        """There is something to see, or to do: who sleeps in `next` goes on. Others are not touched by it."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _stored(self) -> Sequence[Recorded]:
        match self.scope:
            case OfCall(serial=serial):
                return self._feed.of_call(serial, after=self.cursor, limit=CATCH_UP)
            case OfTenant(tenant_id=tenant_id):
                return self._feed.of_tenant(tenant_id, after=self.cursor, limit=CATCH_UP)
            case OfAll():
                return self._feed.after(self.cursor, limit=CATCH_UP)

    def _past(self, events: Iterable[Recorded]) -> Sequence[Recorded]:
        """Those beyond the cursor, which moves: the tail may hand out what the store had told already."""
        new = [each for each in events if self._place(each) > self.cursor]
        if new:
            self.cursor = self._place(new[-1])
        return new

    def _place(self, recorded: Recorded) -> int:
        return recorded.event.seq if isinstance(self.scope, OfCall) else recorded.position

    async def _sleep(self, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._wake = wake = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, self.wake)
        try:
            await wake
        finally:
            if timer is not None:
                timer.cancel()
            self._wake = None
