"""Which child processes a service has, and what each of them is given."""

from __future__ import annotations

import sys

from twoleg.adapters.service_page import SharedPage
from twoleg.bootstrap import child
from twoleg.bootstrap.lock import ServiceLock
from twoleg.bootstrap.orders import Orders
from twoleg.bootstrap.recordings import storage_of
from twoleg.bootstrap.sockets import Sockets, address_of, descriptors
from twoleg.bootstrap.supervisor import ChildPlan
from twoleg.bootstrap.webhook_process import tls_for_receivers
from twoleg.config import Settings


def plans_of(
    settings: Settings, sockets: Sockets, lock: ServiceLock, page: SharedPage, *, records: bool
) -> list[ChildPlan]:
    """In the order in which they are stopped: the calls, then the phones, and last the API, which tells of their end.

    `records`: whether there are recordings, or may be. Raises `ServiceError` for what a child could not work with.
    """
    plans = [_engine(settings, sockets, lock, page)]
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
    return plans + _apis(settings, sockets, lock, page)


def _engine(settings: Settings, sockets: Sockets, lock: ServiceLock, page: SharedPage) -> ChildPlan:
    sip, nudge = descriptors(sockets.sip), sockets.nudge_in.fileno()
    media = None if sockets.media is None else sockets.media[0].fileno()
    orders = Orders(
        settings=settings,
        sip=sip,
        nudge=nudge,
        sandbox_trunk=_sandbox_trunk(sockets),
        media=media,
        page=page.descriptor,
    )
    given = (*sip, nudge, page.descriptor, *(() if media is None else (media,)))
    return _plan(child.ENGINE, "engine", orders, given, lock)


def _apis(settings: Settings, sockets: Sockets, lock: ServiceLock, page: SharedPage) -> list[ChildPlan]:
    http, nudge = sockets.http.fileno(), sockets.nudge_out.fileno()
    orders = Orders(
        settings=settings, http=http, nudge=nudge, sandbox_trunk=_sandbox_trunk(sockets), page=page.descriptor
    )
    workers = settings.http.workers
    names = [f"api {number}" for number in range(1, workers + 1)] if workers > 1 else ["api"]
    return [_plan(child.API, name, orders, (http, nudge, page.descriptor), lock) for name in names]


def _plan(role: str, name: str, orders: Orders, descriptors: tuple[int, ...], lock: ServiceLock) -> ChildPlan:
    command = (sys.executable, "-P", "-m", "twoleg", f"_{role}")
    return ChildPlan(name, command, orders.encode(), (*descriptors, lock.descriptor), word=role)


def _sandbox_trunk(sockets: Sockets) -> str | None:
    return None if sockets.sandbox is None else f"sip:{address_of(sockets.sandbox).host_port}"
