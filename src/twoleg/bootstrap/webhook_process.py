"""The webhook process: delivers events to receivers, so that a slow or dead one costs calls and queries nothing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from twoleg.adapters.store.sqlite import SqliteStore, open_store
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.adapters.webhooks.addresses import AddressGuard
from twoleg.adapters.webhooks.carrier import HttpCarrier
from twoleg.adapters.webhooks.http import Poster
from twoleg.application.deliver_webhooks import DeliverWebhooks
from twoleg.application.webhook_courier import Post
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.orders import Orders
from twoleg.bootstrap.webhooks import secret_box_of
from twoleg.config import Settings, WebhookSettings
from twoleg.domain.delivery import Schedule

_PARTING = 3.0
"""Seconds that deliveries under way get when the service stops; what takes longer is delivered again."""


async def run_webhook_process(orders: Orders, log: Log, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Deliver until `stop`."""
    settings = orders.settings
    store = open_store(settings.store.url, clock=SystemClock(), logger=log)
    try:
        poster = Poster(guard=AddressGuard(settings.webhooks.allow_private), tls=tls_for_receivers(settings.webhooks))
        try:
            delivering = DeliverWebhooks(_post(settings, store, poster, log))
            on_ready()
            await delivering.run(stop, parting=_PARTING)
        finally:
            await poster.close()
    finally:
        store.close()


def tls_for_receivers(settings: WebhookSettings) -> ssl.SSLContext:
    """At least TLS 1.2, certificates checked. Raises `ServiceError` for a file that cannot be used."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ca is not None:
        try:
            context.load_verify_locations(settings.ca)
        except (OSError, ssl.SSLError) as error:
            raise ServiceError(f"webhooks.ca = {settings.ca}: {error}") from error
    return context


def _post(settings: Settings, store: SqliteStore, poster: Poster, log: Log) -> Post:
    clock, wanted = SystemClock(), settings.webhooks
    carrier = HttpCarrier(
        poster=poster, clock=clock, monotonic=clock.monotonic, entropy=SystemEntropy(), seconds=wanted.timeout
    )
    return Post(
        outbox=store.outbox(),
        feed=store.event_feed(),
        carrier=carrier,
        box=secret_box_of(settings),
        clock=clock,
        entropy=SystemEntropy(),
        schedule=Schedule(first=wanted.retry_first, longest=wanted.retry_longest, window=wanted.retry_window),
        width=wanted.concurrency,
        log=log,
    )
