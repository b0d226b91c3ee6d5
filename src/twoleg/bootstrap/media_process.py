"""The process of the embedded media relay: nothing in it but RTPProxy and the socket by which the engine asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twoleg.adapters.media.rtpio.process import EmbeddedRelay, RelayUnavailable, RtpioPlan
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.orders import Orders, inherited


async def run_media_process(orders: Orders, log: Log, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Relay until `stop`."""
    media = orders.settings.media
    hosts = [each.host for each in orders.settings.sip.listen if ":" not in each.host]
    if not hosts:
        raise ServiceError("media: rtpio relays IPv4 only, and sip.listen has no IPv4 address")
    try:
        relay = EmbeddedRelay(RtpioPlan(hosts[0], media.rtpio_port_min, media.rtpio_port_max))
    except RelayUnavailable as error:
        raise ServiceError(f"media: {error}") from error
    serving = asyncio.create_task(relay.serve(inherited(orders.media)))
    stopping = asyncio.create_task(stop.wait())
    log.info("relay is up", address=hosts[0], ports=f"{media.rtpio_port_min}-{media.rtpio_port_max}")
    on_ready()
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if serving.done():
        serving.result()
    serving.cancel()
