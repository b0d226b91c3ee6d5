"""The courier of one endpoint: plans its deliveries from the event log, has them carried, notes how each went.

Everything it knows is in the store: killed between any two lines, the next one goes on, and what was not noted as
delivered is delivered again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from twoleg.application.errors import ApplicationError, StoreUnavailable
from twoleg.application.event_feed import EventFeed, Recorded
from twoleg.application.ports import Clock, Entropy
from twoleg.application.webhook_ports import Attempted, Carrier, Outbox, Parcel, SecretBox, Subject
from twoleg.application.webhook_secrets import new_credentials
from twoleg.domain.delivery import Outcome, Schedule, judge
from twoleg.domain.events import EventType
from twoleg.domain.webhooks import Credentials, Endpoint, Format, Planned, lane_of, target

BATCH = 500
"""Events looked at in one go: some milliseconds."""
LOOK_AHEAD = 200_000
"""Open deliveries of an endpoint (some 30 MB), beyond which it is planned nothing more until some are over.

What is not planned waits in the event log: it is late, not lost.
"""
SKIPPED = 5_000
"""Events that nobody wanted, after which a cursor is made durable all the same: a restart looks at them again."""
TROUBLE_REST = 0.5
"""Seconds to the next try of what the store refused."""
GONE = "it answered 410 Gone"

_CHANCE_BITS = 53
"""As many as a float holds."""


class WebhookLog(Protocol):
    """What people at night need to know of webhooks."""

    def warning(self, event: str, /, **facts: object) -> object:
        """Worth a look."""

    def error(self, event: str, /, **facts: object) -> object:
        """Somebody must do something."""

    def exception(self, event: str, /, **facts: object) -> object:
        """The same, with the traceback of what is being handled: it is ours to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What all couriers of a process share."""

    outbox: Outbox
    feed: EventFeed
    carrier: Carrier
    box: SecretBox
    clock: Clock
    entropy: Entropy
    schedule: Schedule
    width: int
    """Deliveries of one endpoint that may be under way at once, each of another call."""
    log: WebhookLog


class Courier:
    """Serves one endpoint until it is disabled or removed. Others are served by others: nobody waits for a slow one."""

    def __init__(self, endpoint_id: str, post: Post) -> None:
        self._id = endpoint_id
        self._post = post
        self._wake = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._looked_at = (0, 0)
        """The durable cursor, and how far was looked beyond it without finding anything that is wanted."""
        self._open = 0
        """Open deliveries, no fewer than there are."""
        self._is_closing = False
        self._not_before = 0
        """The receiver asked to be left alone until then (ms since the epoch)."""

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Serve; returns when the endpoint is served no more. A store in trouble delays it, and ends nothing."""
        try:
            while True:
                try:
                    endpoint = self._post.outbox.endpoint(self._id)
                    if endpoint is None and not self._under_way:
                        return
                    rest = None if endpoint is None else await self._serve(endpoint)
                except StoreUnavailable as error:
                    self._post.log.warning("a webhook endpoint is not served now", endpoint=self._id, why=str(error))
                    rest = TROUBLE_REST
                await self._sleep(rest)
        finally:
            for task in tuple(self._under_way.values()):
                task.cancel()

    async def finish(self, seconds: float) -> None:
        """Start nothing more, and wait that long for what is under way; what takes longer is delivered again later."""
        self._is_closing = True
        if self._under_way:
            await asyncio.wait(tuple(self._under_way.values()), timeout=seconds)

    async def _serve(self, endpoint: Endpoint) -> float | None:
        """Plan and start what there is; answers the seconds after which to look again, None: when woken."""
        if self._is_closing:
            return None
        is_behind = await self._plan(endpoint)
        self._start(endpoint)
        return 0.0 if is_behind else self._seconds_to_next()

    # ------------------------------------------------------------------------ planning

    async def _plan(self, endpoint: Endpoint) -> bool:
        """One batch; answers whether there is more to plan now."""
        events = self._post.feed.of_tenant(endpoint.tenant_id, after=self._position(endpoint), limit=BATCH)
        if not events or not self._has_room():
            return False
        wanted = [planned for each in events if (planned := self._wanted(endpoint, each)) is not None]
        cursor = events[-1].position
        if wanted or cursor - endpoint.cursor > SKIPPED:
            await self._post.outbox.plan(endpoint, wanted, cursor=cursor, at=self._post.clock.now_ms())
            self._open += len(wanted)
        else:
            self._looked_at = (endpoint.cursor, cursor)
        return len(events) == BATCH

    def _position(self, endpoint: Endpoint) -> int:
        durable, looked_at = self._looked_at
        return looked_at if durable == endpoint.cursor else endpoint.cursor

    def _has_room(self) -> bool:
        if self._open >= LOOK_AHEAD:
            self._open = self._post.outbox.open_deliveries(self._id)
        return self._open < LOOK_AHEAD

    def _wanted(self, endpoint: Endpoint, recorded: Recorded) -> Planned | None:
        event = recorded.event
        is_end = endpoint.format is Format.AICC and event.type is EventType.CALL_ENDED
        subject = self._post.outbox.subject(event.serial) if is_end else None
        url = target(endpoint, event.type, None if subject is None else subject.callback_url)
        if url is None:
            return None
        return Planned(recorded.position, event.serial, event.seq, url, lane_of(endpoint, url))

    # ------------------------------------------------------------------------ delivering

    def _start(self, endpoint: Endpoint) -> None:
        now = self._post.clock.now_ms()
        free = self._post.width - len(self._under_way)
        if free <= 0 or now < self._not_before:
            return
        for parcel in self._post.outbox.due(self._id, now=now, limit=free, besides=self._under_way.keys()):
            task = asyncio.get_running_loop().create_task(self._deliver(endpoint, parcel))
            self._under_way[parcel.delivery.delivery_id] = task

    async def _deliver(self, endpoint: Endpoint, parcel: Parcel) -> None:
        try:
            subject = self._post.outbox.subject(parcel.delivery.serial)
            if subject is None:  # the call was purged, and its deliveries with it
                return
            began = self._post.clock.now_ms()
            outcome = await self._carried(endpoint, parcel, subject)
            await self._note(endpoint, parcel, outcome, began=began)
        except StoreUnavailable as error:
            self._post.log.warning("a webhook is late", endpoint=self._id, why=str(error))
            await _pause(self._post.clock, TROUBLE_REST)
        finally:
            self._under_way.pop(parcel.delivery.delivery_id, None)
            self.wake()

    async def _carried(self, endpoint: Endpoint, parcel: Parcel, subject: Subject) -> Outcome:
        try:
            credentials = await self._credentials()
            return await self._post.carrier.carry(endpoint, credentials, parcel, subject)
        except StoreUnavailable:
            raise
        except ApplicationError as error:  # its secrets cannot be opened: an operator must act
            why = str(error)
            self._post.log.warning("cannot open a webhook endpoint's secrets", endpoint=self._id, why=why)
            return Outcome(accepted=False, said="its secrets cannot be opened: ask the operator, or rotate them")
        except Exception:
            self._post.log.exception("a webhook could not be sent", endpoint=self._id)
            return Outcome(accepted=False, said="we failed to send it")

    async def _credentials(self) -> Credentials:
        while (sealed := self._post.outbox.sealed(self._id)) is None:
            fresh = new_credentials(self._post.entropy)
            if not await self._post.outbox.seal(self._id, self._post.box.seal(fresh, label=self._id)):
                break
        if sealed is None:
            raise StoreUnavailable("the endpoint was removed")
        return self._post.box.open(sealed, label=self._id)

    async def _note(self, endpoint: Endpoint, parcel: Parcel, outcome: Outcome, *, began: int) -> None:
        """Until the store takes it: what was delivered shall not be delivered again for a full disk."""
        delivery, number = parcel.delivery, parcel.delivery.attempts + 1
        now = self._post.clock.now_ms()
        ruling = judge(
            outcome,
            attempts=number,
            planned_at=delivery.planned_at,
            now=now,
            schedule=self._post.schedule,
            fraction=self._post.entropy.bits(_CHANCE_BITS) / (1 << _CHANCE_BITS),
        )
        attempted = Attempted(
            number=number, at=began, took_ms=max(outcome.took_ms, now - began), status=outcome.status, said=outcome.said
        )
        is_native = endpoint.format is Format.CLOUDEVENTS
        if is_native and outcome.retry_after is not None:
            seconds = min(outcome.retry_after, self._post.schedule.window)
            self._not_before = max(self._not_before, now + round(seconds * 1000))
        disable = GONE if is_native and outcome.gone else None
        while True:
            try:
                return await self._post.outbox.note(delivery, attempted, ruling, disable=disable)
            except StoreUnavailable as error:
                self._post.log.warning("a webhook's outcome cannot be noted yet", endpoint=self._id, why=str(error))
                await _pause(self._post.clock, TROUBLE_REST)

    # ------------------------------------------------------------------------ waiting

    def _seconds_to_next(self) -> float | None:
        if len(self._under_way) >= self._post.width:
            return None  # whoever comes back wakes us
        due = self._post.outbox.next_due(self._id, besides=self._under_way.keys())
        if due is None:
            return None
        return max(0.001, (max(due, self._not_before) - self._post.clock.now_ms()) / 1000)

    async def _sleep(self, seconds: float | None) -> None:
        """Until woken, or that many seconds."""
        timer = None if seconds is None else self._post.clock.call_later(seconds, self._wake.set)
        await self._wake.wait()
        self._wake.clear()
        if timer is not None:
            timer.cancel()


async def _pause(clock: Clock, seconds: float) -> None:
    over = asyncio.Event()
    clock.call_later(seconds, over.set)
    await over.wait()
