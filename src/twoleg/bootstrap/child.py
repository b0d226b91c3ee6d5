"""What every child process does: take its orders, open its log, watch its supervisor, run, say why it died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from twoleg.application.errors import ApplicationError
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.garbage import settle
from twoleg.bootstrap.logs import Log, open_log
from twoleg.bootstrap.orders import Orders
from twoleg.bootstrap.relay import PatientPipe
from twoleg.bootstrap.supervisor import READY

Stop = asyncio.Event
Runner = Callable[[Orders, Log, Callable[[], None], Stop], Awaitable[None]]
"""Runs one kind of process: calls the third argument once it works, and returns soon after the event is set."""

ENGINE, API, SANDBOX, MEDIA, RECORDER, WEBHOOKS = "engine", "api", "sandbox", "media", "recorder", "webhooks"
COMMANDS = {f"_{role}": role for role in (ENGINE, API, SANDBOX, MEDIA, RECORDER, WEBHOOKS)}
"""The hidden commands by which the supervisor starts its children."""


def warm(role: str) -> None:
    """Import what that child will need: in the nursery, once for all that are forked there."""
    _runner_of(role)
    settle()


def main(role: str) -> int:
    """Be that child until told to stop, or until the supervisor is gone. Answers the exit code."""
    with contextlib.suppress(OSError):  # only what `ps` and `top` call it
        Path("/proc/self/comm").write_text(f"twoleg {role}")
    orders = Orders.decode(sys.stdin.buffer.readline())
    pipe = PatientPipe(sys.stderr.fileno())
    log = open_log(orders.settings.log.level, process=role, onto=pipe)
    threading.Thread(target=_die_with_supervisor, daemon=True, name="lifeline").start()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(_runner_of(role), orders, log, pipe))
    except (ApplicationError, ServiceError) as error:
        log.error("cannot go on", why=str(error))  # noqa: TRY400 - the line says it all; a traceback would hide it
        return 1
    except Exception:
        log.exception("died of a fault")
        return 1
    return 0


async def _run(runner: Runner, orders: Orders, log: Log, pipe: PatientPipe) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    pipe.gather(loop)
    try:
        await runner(orders, log, _say_ready, stop)
    finally:
        pipe.ungather()


def _say_ready() -> None:
    settle()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


def _die_with_supervisor() -> None:
    """The supervisor never writes a second line: whatever comes here is its end, however it ended.

    Read below Python's buffer, whose lock this thread would still hold when the process ends by itself.
    """
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def _runner_of(role: str) -> Runner:
    """Imported late: the API needs nothing of the engine, and the other way round."""
    if role == ENGINE:
        from twoleg.bootstrap.engine_process import run_engine  # noqa: PLC0415 - see the docstring

        return run_engine
    if role == API:
        from twoleg.bootstrap.api_process import run_api_process  # noqa: PLC0415 - see the docstring

        return run_api_process
    if role == MEDIA:
        from twoleg.bootstrap.media_process import run_media_process  # noqa: PLC0415 - see the docstring

        return run_media_process
    if role == RECORDER:
        from twoleg.bootstrap.recorder_process import run_recorder  # noqa: PLC0415 - see the docstring

        return run_recorder
    if role == WEBHOOKS:
        from twoleg.bootstrap.webhook_process import run_webhook_process  # noqa: PLC0415 - see the docstring

        return run_webhook_process
    from twoleg.bootstrap.sandbox_process import run_sandbox_process  # noqa: PLC0415 - see the docstring

    return run_sandbox_process
