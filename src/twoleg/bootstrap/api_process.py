"""An API process: HTTP over the shared store, with a nudge to the engine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from twoleg.adapters.numbering import WorldNumbering
from twoleg.adapters.secrets import Argon2Hasher
from twoleg.adapters.service_page import PageGate, PageSigns, SharedPage
from twoleg.adapters.store.sqlite import SqliteStore, open_store
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.api.app import create_app
from twoleg.api.metrics import Metrics
from twoleg.api.server import serve_api
from twoleg.bootstrap.garbage import collect_in_quiet_moments
from twoleg.bootstrap.key_rotation import keys_kept_fresh
from twoleg.bootstrap.ladders import read_ladder_of
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.open_files import allow_many_files
from twoleg.bootstrap.orders import Orders, inherited
from twoleg.bootstrap.recordings import storage_of
from twoleg.bootstrap.sweeping import overdue_swept
from twoleg.bootstrap.timers import limits_of
from twoleg.bootstrap.trunks import trunks_of
from twoleg.bootstrap.webhooks import desk_of, secret_box_of
from twoleg.domain.media import MediaMode

_FEW = 100
"""Streams and long polls. A search through what ten thousand hold takes 0.4 s, in which nobody is answered."""


async def run_api_process(orders: Orders, log: Log, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Answer HTTP until `stop`; then finish the requests under way."""
    allow_many_files()
    clock = SystemClock()
    store = open_store(orders.settings.store.url, clock=clock, logger=log, sealer=secret_box_of(orders.settings))
    try:
        app = create_app(
            directory=store.directory(),
            reader=store.reader(),
            quality=store.quality_book(),
            intake=store.intake(),
            clock=clock,
            entropy=SystemEntropy(),
            hasher=Argon2Hasher(),
            nudge=DatagramNudge(inherited(orders.nudge)),
            call_records=store.call_records(),
            event_feed=store.event_feed(),
            call_search=store.call_search(),
            trunk_board=store.trunk_board(),
            read_ladder=read_ladder_of(orders.settings, store),
            trunks=trunks_of(orders.settings, sandbox=orders.sandbox_trunk),
            numbering=WorldNumbering(),
            call_reports=store.call_reports(),
            webhook_desk=desk_of(orders.settings, store),
            recordings=store.recordings(),
            recording_storage=storage_of(orders.settings.recording),
            public_url=orders.settings.http.public_url,
            node_id=orders.settings.node.id,
            limits=limits_of(orders.settings),
            media=frozenset(MediaMode(mode) for mode in orders.settings.media.modes),
            log=log,
            gate=_gate(orders),
            metrics=_metrics(orders, store),
        )
        chore = asyncio.create_task(collect_in_quiet_moments(is_quiet=lambda: app.tail.followers < _FEW))
        keys = keys_kept_fresh(store, days=orders.settings.http.key_days, log=log)
        async with keys, overdue_swept(store, log=log):
            await serve_api(sockets=[inherited(orders.http)], app=app, on_ready=on_ready, stop=stop)
        chore.cancel()
    finally:
        store.close()


def _gate(orders: Orders) -> PageGate:
    now = SystemClock().monotonic
    return PageGate(SharedPage.of(orders.page, now), now, share=1 / orders.settings.http.workers)


def _metrics(orders: Orders, store: SqliteStore) -> Metrics | None:
    token = orders.settings.http.metrics_token
    if token is None:
        return None
    return Metrics(
        token=token,
        figures=store.figure_book(),
        trunks=store.trunk_board(),
        signs=PageSigns(SharedPage.of(orders.page, SystemClock().monotonic)),
        clock=SystemClock(),
    )


class DatagramNudge:
    """The `Nudge` over a datagram socket to the engine process."""

    def __init__(self, engine: socket.socket) -> None:
        self._engine = engine

    def __call__(self) -> None:
        """A full buffer means that the engine has nudges enough to read; a restarted engine looks by itself."""
        with contextlib.suppress(OSError):
            self._engine.send(b"!")
