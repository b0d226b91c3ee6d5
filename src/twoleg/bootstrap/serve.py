"""Starts a service: lock, store, sockets, then one supervisor over the child processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from twoleg.adapters.store.sqlite import open_store
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.application.ensure_signing_key import ensure_signing_key
from twoleg.application.errors import ApplicationError
from twoleg.bootstrap import child
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.lock import ServiceLock
from twoleg.bootstrap.logs import Log, open_log
from twoleg.bootstrap.media import check_sounds
from twoleg.bootstrap.media_choice import choose_media, settled
from twoleg.bootstrap.orders import Orders
from twoleg.bootstrap.recordings import storage_of
from twoleg.bootstrap.relay import PatientPipe, Relay
from twoleg.bootstrap.signalling import tls_of
from twoleg.bootstrap.sockets import Sockets, address_of, bind_all, descriptors
from twoleg.bootstrap.store_file import file_of
from twoleg.bootstrap.supervisor import ChildPlan, Supervisor
from twoleg.bootstrap.webhook_process import tls_for_receivers
from twoleg.config import Settings


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run the service in the foreground until SIGTERM or SIGINT; `announce` gets one line once all of it works.

    Raises `ServiceError` when it cannot start. Logs go to stderr.
    """
    relay = Relay(sys.stderr.fileno())
    own = relay.open("supervisor")
    log = open_log(settings.log.level, process="supervisor", onto=PatientPipe(own.descriptor))
    try:
        asyncio.run(_serve(settings, announce, log, relay))
    finally:
        own.finish()


async def _serve(settings: Settings, announce: Callable[[str], None], log: Log, relay: Relay) -> None:
    lock = await ServiceLock.take(file_of(settings.store.url))
    media = choose_media(settings)
    settings = settled(settings)
    try:
        has_recordings = _prepare_store(settings, log)
        sockets = bind_all(settings)
        try:
            log.info("media of calls", mode=media.mode, why=media.why)
            for warning in sockets.warnings:
                log.warning(warning)
            plans = _plans(settings, sockets, lock, records=has_recordings or settings.media.modes != {"direct"})
            await _supervise(Supervisor(plans, log=log, relay=relay), lambda: announce(ready_line(sockets)))
            log.info("stopped", pid=os.getpid())
        finally:
            sockets.close()
    finally:
        lock.release()


def _prepare_store(settings: Settings, log: Log) -> bool:
    """Migrate before any child looks, and make sure that tokens can be signed. Answers whether there are recordings."""
    clock = SystemClock()
    try:
        store = open_store(settings.store.url, clock=clock, logger=log)
        try:
            ensure_signing_key(
                directory=store.directory(), registry=store.registry(), entropy=SystemEntropy(), clock=clock
            )
            return not store.recordings().is_empty()
        finally:
            store.close()
    except ApplicationError as error:
        raise ServiceError(f"store.url = {settings.store.url}: {error}") from error


def _plans(settings: Settings, sockets: Sockets, lock: ServiceLock, *, records: bool) -> list[ChildPlan]:
    """In the order in which they are stopped: no new calls first, then the calls, then the phones."""
    http, sip = sockets.http.fileno(), descriptors(sockets.sip)
    tls_of(settings)  # files that cannot be used are told here, in one line
    check_sounds(settings)
    nudge_in, nudge_out = sockets.nudge_in.fileno(), sockets.nudge_out.fileno()
    sandbox_trunk = _sandbox_trunk(sockets)
    api = Orders(settings=settings, http=http, nudge=nudge_out, sandbox_trunk=sandbox_trunk)
    media = () if sockets.media is None else (sockets.media[0].fileno(),)
    engine = Orders(
        settings=settings, sip=sip, nudge=nudge_in, sandbox_trunk=sandbox_trunk, media=media[0] if media else None
    )
    plans = [
        _plan(child.API, f"api {number}" if settings.http.workers > 1 else "api", api, (http, nudge_out), lock)
        for number in range(1, settings.http.workers + 1)
    ]
    plans.append(_plan(child.ENGINE, "engine", engine, (*sip, nudge_in, *media), lock))
    if sockets.media is not None:
        relay = sockets.media[1].fileno()
        plans.append(_plan(child.MEDIA, "media", Orders(settings=settings, media=relay), (relay,), lock))
    if records:
        storage_of(settings.recording)  # what is missing for it is told here, in one line
        plans.append(_plan(child.RECORDER, "recorder", Orders(settings=settings), (), lock))
    if settings.webhooks.enabled:
        tls_for_receivers(settings.webhooks)  # a file that cannot be used is told here, in one line
        plans.append(_plan(child.WEBHOOKS, "webhooks", Orders(settings=settings), (), lock))
    if sockets.sandbox is not None:
        phones = sockets.sandbox.fileno()
        plans.append(_plan(child.SANDBOX, "sandbox", Orders(settings=settings, sandbox=phones), (phones,), lock))
    return plans


def _plan(role: str, name: str, orders: Orders, descriptors: tuple[int, ...], lock: ServiceLock) -> ChildPlan:
    command = (sys.executable, "-P", "-m", "twoleg", f"_{role}")
    return ChildPlan(name, command, orders.encode(), (*descriptors, lock.descriptor))


def _sandbox_trunk(sockets: Sockets) -> str | None:
    return None if sockets.sandbox is None else f"sip:{address_of(sockets.sandbox).host_port}"


async def _supervise(supervisor: Supervisor, on_ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, supervisor.stop)
    await supervisor.run(on_ready)


def ready_line(sockets: Sockets) -> str:
    """`twoleg ready  http://...  sip udp:...  sandbox udp:...`: where everything really listens."""
    sip = [f"{each.transport}:{each.host_port}" for each in sockets.sip_addresses]
    line = f"twoleg ready  http://{address_of(sockets.http)}  sip {' '.join(sip)}"
    return line if sockets.sandbox is None else f"{line}  sandbox {address_of(sockets.sandbox)}"
