"""Starts a service: lock, store, sockets, then one supervisor over the child processes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twoleg.adapters.service_page import SharedPage
from twoleg.adapters.store.sqlite import open_store
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.application.errors import ApplicationError
from twoleg.application.keys import ensure_signing_key
from twoleg.bootstrap import child
from twoleg.bootstrap.control import Control, Wish, asking
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.given import Given, given_by_systemd
from twoleg.bootstrap.lock import ServiceLock, serving_pid
from twoleg.bootstrap.logs import Log, open_log
from twoleg.bootstrap.media import check_sounds
from twoleg.bootstrap.media_choice import choose_media, settled
from twoleg.bootstrap.notify import READY, STOPPING, notify
from twoleg.bootstrap.nursery import open_nursery
from twoleg.bootstrap.plans import plans_of
from twoleg.bootstrap.relay import PatientPipe, Relay
from twoleg.bootstrap.signalling import tls_of
from twoleg.bootstrap.sockets import Sockets, address_of, bind_all
from twoleg.bootstrap.stopping import Stopping
from twoleg.bootstrap.store_file import file_of
from twoleg.bootstrap.supervisor import Supervisor
from twoleg.bootstrap.webhooks import secret_box_of
from twoleg.config import Settings

_LONGEST_STOP = 60.0
"""Seconds after a drain within which even stubborn processes have ended."""
_SHARE_OF_QUEUE = 0.5
"""Of the time that a call may wait to be dialled, the longest that a hand-over may take."""


def serve(settings: Settings, announce: Callable[[str], None], *, take_over: bool = False) -> None:
    """Run the service in the foreground until SIGTERM or SIGINT; `announce` gets one line once all of it works.

    `take_over`: have the sockets and the store of the service that runs on the same store, as soon as its calls have
    ended; requests wait meanwhile. Raises `ServiceError` when it cannot start. Logs go to stderr.
    """
    nursery = open_nursery(child.main, child.warm)  # first of all: it must have no thread, socket or lock of ours
    relay = Relay(sys.stderr.fileno())
    own = relay.open("supervisor")
    log = open_log(settings.log.level, process="supervisor", onto=PatientPipe(own.descriptor))
    try:
        asyncio.run(_serve(settings, _Voice(announce, log, relay), nursery, take_over=take_over))
    finally:
        nursery.close()
        own.finish()


async def _serve(settings: Settings, voice: _Voice, nursery: socket.socket, *, take_over: bool) -> None:
    log = voice.log
    media = choose_media(settings)
    settings = settled(settings)
    tls_of(settings)  # files that cannot be used are told here, in one line
    check_sounds(settings)
    given = given_by_systemd(os.environ)
    lock = await _right_to_serve(file_of(settings.store.url), given, log, take_over=take_over)
    try:
        has_recordings = _prepare_store(settings, log)
        sockets = bind_all(settings, given)
        try:
            given.close()
            log.info("media of calls", mode=media.mode, why=media.why)
            for warning in sockets.warnings:
                log.warning(warning)
            records = has_recordings or settings.media.modes != {"direct"}
            await _run(settings, sockets, lock, voice, nursery, records=records)
        finally:
            sockets.close()
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class _Voice:
    """Where a service says things."""

    announce: Callable[[str], None]
    log: Log
    relay: Relay


async def _right_to_serve(store: Path, given: Given, log: Log, *, take_over: bool) -> ServiceLock:
    """The store's lock, from the service that holds it if it is to be taken over; its sockets are put into `given`."""
    if not take_over or serving_pid(store) is None:
        return await ServiceLock.take(store)
    with asking(store, Wish.SOCKETS) as (sockets, progress):
        first = next(progress)
        given.by_name |= sockets
        log.info("taking over", pid=first.pid, calls=first.calls, seconds=first.seconds_left)
    return await ServiceLock.take(store, patience=first.seconds_left + _LONGEST_STOP)


async def _run(
    settings: Settings, sockets: Sockets, lock: ServiceLock, voice: _Voice, nursery: socket.socket, *, records: bool
) -> None:
    """Run all processes until they are to be stopped."""
    page = SharedPage.make(SystemClock().monotonic)
    try:
        plans = plans_of(settings, sockets, lock, page, records=records)
        supervisor = Supervisor(plans, log=voice.log, relay=voice.relay, nursery=nursery)

        def stop() -> None:
            notify(os.environ, STOPPING)
            supervisor.stop()

        def ready() -> None:
            notify(os.environ, READY)
            voice.announce(ready_line(sockets))

        most = settings.timers.queue * _SHARE_OF_QUEUE
        stopping = Stopping(
            page,
            drain=settings.service.drain,
            hand_over=min(settings.service.hand_over, most),
            stop=stop,
            log=voice.log,
        )
        control = Control(file_of(settings.store.url), page=page, begin=stopping.begin, sockets=sockets.by_name)
        await _supervise(supervisor, stopping, control, ready)
        voice.log.info("stopped", pid=os.getpid())
    finally:
        page.close()


def _prepare_store(settings: Settings, log: Log) -> bool:
    """Migrate before any child looks, and make sure that tokens can be signed. Answers whether there are recordings."""
    clock = SystemClock()
    try:
        store = open_store(settings.store.url, clock=clock, logger=log, sealer=secret_box_of(settings))
        try:
            ensure_signing_key(
                directory=store.directory(), registry=store.registry(), entropy=SystemEntropy(), clock=clock
            )
            return not store.recordings().is_empty()
        finally:
            store.close()
    except ApplicationError as error:
        raise ServiceError(f"store.url = {settings.store.url}: {error}") from error


async def _supervise(
    supervisor: Supervisor, stopping: Stopping, control: Control, on_ready: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.signalled)
    listening = asyncio.create_task(control.run())
    try:
        await supervisor.run(on_ready)
    finally:
        listening.cancel()
        await control.finish()


def ready_line(sockets: Sockets) -> str:
    """`twoleg ready  http://...  sip udp:...  sandbox udp:...`: where everything really listens."""
    sip = [f"{each.transport}:{each.host_port}" for each in sockets.sip_addresses]
    line = f"twoleg ready  http://{address_of(sockets.http)}  sip {' '.join(sip)}"
    return line if sockets.sandbox is None else f"{line}  sandbox {address_of(sockets.sandbox)}"
