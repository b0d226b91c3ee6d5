"""Use case: deliver webhooks. Watches the event log and the endpoints, and keeps a courier for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from twoleg.application.errors import StoreUnavailable
from twoleg.application.webhook_courier import BATCH, TROUBLE_REST, Courier, Post

LOOK_EVERY = 0.05
"""Seconds between two looks at the end of the event log: one row each, some ten microseconds."""
LOOKS_A_ROUND = 10
"""Every so many looks, at the endpoints too: new, rewound or enabled ones are served after half a second at most."""


@dataclass(slots=True)
class _Served:
    courier: Courier
    task: asyncio.Task[None]
    cursor: int
    """Of the endpoint when it was last looked at: a change by others wakes its courier."""


class DeliverWebhooks:
    """One for each store: two would deliver everything twice."""

    def __init__(self, post: Post, *, look_every: float = LOOK_EVERY) -> None:
        self._post = post
        self._look_every = look_every
        self._served: dict[str, _Served] = {}
        self._of_tenant: dict[str, set[str]] = {}
        self._position = 0
        self._is_well = True

    async def run(self, stop: asyncio.Event, *, parting: float) -> None:
        """Deliver until `stop`; then give what is under way that many seconds."""
        looks = 0
        try:
            while not stop.is_set():
                self._look(endpoints_too=looks % LOOKS_A_ROUND == 0)
                looks += 1
                await self._rest(stop, self._look_every if self._is_well else TROUBLE_REST)
        finally:
            await self._part(parting)

    def _look(self, *, endpoints_too: bool) -> None:
        try:
            if endpoints_too or not self._is_well:
                self._look_at_endpoints()
            self._look_at_events()
        except StoreUnavailable as error:
            if self._is_well:
                self._post.log.error(  # noqa: TRY400 - the line says it all
                    "cannot look for webhooks to deliver", why=str(error)
                )
            self._is_well = False
        else:
            self._is_well = True

    def _look_at_events(self) -> None:
        """Wake the couriers of tenants of whom something was heard; after a flood, all."""
        newest = self._post.feed.newest()
        if newest <= self._position:
            return
        events = self._post.feed.after(self._position, limit=BATCH)
        self._position = max(newest, events[-1].position if events else 0)
        is_flood = len(events) == BATCH
        self._wake_for(self._of_tenant if is_flood else {each.tenant_id for each in events})

    def _look_at_endpoints(self) -> None:
        enabled = {each.endpoint_id: each for each in self._post.outbox.endpoints()}
        self._of_tenant.clear()
        for endpoint in enabled.values():
            self._of_tenant.setdefault(endpoint.tenant_id, set()).add(endpoint.endpoint_id)
        for endpoint_id, served in tuple(self._served.items()):
            now = enabled.get(endpoint_id)
            if served.task.done():
                del self._served[endpoint_id]
            elif now is None or now.cursor != served.cursor:
                served.cursor = -1 if now is None else now.cursor
                served.courier.wake()
        for endpoint_id in enabled.keys() - self._served.keys():
            self._served[endpoint_id] = self._start(endpoint_id, enabled[endpoint_id].cursor)

    def _start(self, endpoint_id: str, cursor: int) -> _Served:
        courier = Courier(endpoint_id, self._post)
        courier.wake()
        task = asyncio.get_running_loop().create_task(self._serve(courier, endpoint_id))
        return _Served(courier, task, cursor)

    async def _serve(self, courier: Courier, endpoint_id: str) -> None:
        """A courier that fails is missed at the next look, and another one takes its place."""
        try:
            await courier.run()
        except Exception:
            self._post.log.exception("a webhook courier died of a fault", endpoint=endpoint_id)

    def _wake_for(self, tenant_ids: Iterable[str]) -> None:
        for tenant_id in tenant_ids:
            for endpoint_id in self._of_tenant.get(tenant_id, ()):
                served = self._served.get(endpoint_id)
                if served is not None:
                    served.courier.wake()

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        """That long, or until `stop`."""
        over = asyncio.Event()
        timer = self._post.clock.call_later(seconds, over.set)
        waits = [asyncio.ensure_future(each.wait()) for each in (stop, over)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        timer.cancel()

    async def _part(self, seconds: float) -> None:
        couriers = [each.courier for each in self._served.values()]
        await asyncio.gather(*(each.finish(seconds) for each in couriers))
        tasks = [each.task for each in self._served.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
