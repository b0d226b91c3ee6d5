"""The counter-example: engine and API in one process and one event loop. `python -m bench.one_process --config FILE`.

Put together from the same parts as `twoleg serve`; only the boundary between the two processes is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path

import uvloop

from twoleg.bootstrap import serve as service
from twoleg.bootstrap.api_process import run_api_process
from twoleg.bootstrap.engine_process import run_engine
from twoleg.bootstrap.logs import open_log
from twoleg.bootstrap.orders import Orders
from twoleg.bootstrap.sockets import bind_all
from twoleg.config import Settings, load


async def _run(settings: Settings) -> None:
    log = open_log(settings.log.level, process="all")
    service._prepare_store(settings, log)  # noqa: SLF001 - the very same start
    sockets = bind_all(settings)
    line = service.ready_line(sockets)
    engine = Orders(
        settings=settings, sip=tuple(each.detach() for each in sockets.sip), nudge=sockets.nudge_in.detach()
    )
    api = Orders(settings=settings, http=sockets.http.detach(), nudge=sockets.nudge_out.detach())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    work = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(run_engine(engine, log, work.set, stop))
        await work.wait()
        group.create_task(run_api_process(api, log, lambda: print(line, flush=True), stop))


def main() -> None:
    """Serve until SIGTERM."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--config", type=Path, required=True)
    path = arguments.parse_args().config
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(load(path, os.environ)))


if __name__ == "__main__":
    main()
