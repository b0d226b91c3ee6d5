"""Keeps child processes running: starts them, restarts what dies, stops them in order. Knows nothing of calls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.nursery import Forked, NurseryGoneError
from twoleg.bootstrap.relay import Relay, RelayedPipe

READY = b"ready\n"
"""What a child writes to its standard output when it works."""

_START_PATIENCE = 30.0
_STOP_PATIENCE = 10.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_STEADY = 10.0
"""Seconds. A child that ran this long has recovered: its next restart is immediate again."""


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """How to start one child."""

    name: str
    command: tuple[str, ...]
    orders: bytes
    """The first line of its standard input, which then stays open: its end tells the child that we are gone."""
    descriptors: tuple[int, ...] = ()
    """Inherited under the same numbers."""
    word: str | None = None
    """What the nursery is asked for to have the same forked; None: it can only be started by its command."""


class _Process(Protocol):
    """What is asked of a child however it was started."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Supervisor:
    """Runs the plans' processes until `stop`. Plans stand in the order in which they are stopped."""

    def __init__(
        self, plans: Sequence[ChildPlan], *, log: Log, relay: Relay, nursery: socket.socket | None = None
    ) -> None:
        """`relay` passes on what the children write to their stderr; `nursery` is asked first to start one."""
        self._keepers = [_Keeper(plan, log, relay, nursery) for plan in plans]
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop; a second time: no more patience."""
        if self._stopping.is_set():
            for keeper in self._keepers:
                keeper.kill()
        self._stopping.set()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Start all, call `on_ready` once all work, keep them working until `stop`, then stop them one by one.

        Raises `ServiceError` when a child does not come up at the first start. Later a dead child is started again,
        after 0.1 s, doubling to 5 s.
        """
        tasks = [asyncio.create_task(keeper.keep()) for keeper in self._keepers]
        started = asyncio.create_task(self._all_started())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((started, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                started.result()
                on_ready()
                await stopping
        finally:
            stopping.cancel()
            started.cancel()
            for keeper in self._keepers:
                await keeper.stop()
            await asyncio.gather(*tasks)

    async def _all_started(self) -> None:
        await asyncio.gather(*(keeper.started for keeper in self._keepers))


class _Keeper:
    """Keeps one child alive."""

    def __init__(self, plan: ChildPlan, log: Log, relay: Relay, nursery: socket.socket | None) -> None:
        self._plan = plan
        self._relay = relay
        self._nursery = nursery
        self._log = log.bind(child=plan.name)
        self._process: _Process | None = None
        self._stop = asyncio.Event()
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def keep(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            status, lasted = await self._run_once()
            if self._stop.is_set():
                break
            if not self.started.done():
                self.started.set_exception(
                    ServiceError(f"the {self._plan.name} process did not start ({_said(status)}): see the log above")
                )
                break
            pause = _FIRST_PAUSE if lasted > _STEADY else pause
            self._log.error("child died", status=_said(status), restart_in=pause)
            await _first(self._stop.wait(), seconds=pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not care."""
        self._stop.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        if not await _first(process.wait(), seconds=_STOP_PATIENCE):
            self._log.error("child did not stop in time", patience=_STOP_PATIENCE)
            self.kill()
            await process.wait()

    def kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _run_once(self) -> tuple[int, float]:
        """Its exit status (negative: the signal), and for how many seconds it worked."""
        loop = asyncio.get_running_loop()
        with _Pipes(self._relay.open(self._plan.name)) as pipes:
            process = self._process = await self._start(pipes)
            if self._stop.is_set():
                self.kill()
            since = loop.time()
            watch = loop.call_later(_START_PATIENCE, self._too_slow, process)
            try:
                async for line in pipes.talk(self._plan.orders):
                    if line == READY:
                        watch.cancel()
                        since = loop.time()
                        self._up(process)
                    else:
                        self._log.warning("unexpected output of a child", line=line.decode(errors="replace").strip())
                status = await process.wait()
                lasted = loop.time() - since
                await asyncio.to_thread(pipes.log.finish)
                return status, lasted
            finally:
                watch.cancel()

    async def _start(self, pipes: _Pipes) -> _Process:
        """Forked by the nursery where there is one; slowly by its command otherwise."""
        if self._nursery is not None and self._plan.word is not None:
            gifts = {number: number for number in self._plan.descriptors} | dict(enumerate(pipes.theirs))
            try:
                return await Forked.start(self._nursery, self._plan.word, gifts)
            except NurseryGoneError as error:
                self._log.warning("no nursery: the child is started cold", why=str(error))
        stdin, stdout, stderr = pipes.theirs
        return await asyncio.create_subprocess_exec(
            *self._plan.command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=self._plan.descriptors,
            # A group of its own: Ctrl-C in a terminal is ours to pass on, in order.
            process_group=0,
        )

    def _up(self, process: _Process) -> None:
        self._log.info("child ready", pid=process.pid)
        if not self.started.done():
            self.started.set_result(None)

    def _too_slow(self, process: _Process) -> None:
        self._log.error("child not ready in time", patience=_START_PATIENCE)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


class _Pipes:
    """A child's standard input and output, and its log."""

    def __init__(self, log: RelayedPipe) -> None:
        self.log = log
        (stdin, self._to), (self._from, stdout) = os.pipe(), os.pipe()
        self.theirs = (stdin, stdout, log.descriptor)
        self._transports: list[asyncio.BaseTransport] = []

    async def talk(self, orders: bytes) -> AsyncIterator[bytes]:
        """Give the orders, once the child has its ends; its lines, to the end. Its input stays open until we close."""
        loop = asyncio.get_running_loop()
        self._close_theirs()
        writing, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(self._to, "wb", buffering=0))
        self._to = -1
        self._transports.append(writing)
        writing.write(orders)
        said = asyncio.StreamReader()
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(said), os.fdopen(self._from, "rb", buffering=0)
        )
        self._from = -1
        self._transports.append(reading)
        async for line in said:
            yield line

    def _close_theirs(self) -> None:
        for descriptor in self.theirs[:2]:
            os.close(descriptor)
        self.theirs = (-1, -1, -1)
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.theirs[0] >= 0:
            self._close_theirs()
        for transport in self._transports:
            transport.close()
        for descriptor in (self._to, self._from):
            if descriptor >= 0:
                os.close(descriptor)


def _said(status: int) -> str:
    if status >= 0:
        return f"exit code {status}"
    return f"ended by {signal.Signals(-status).name}"


async def _first(awaited: Awaitable[object], *, seconds: float) -> bool:
    """Whether it happened within that time; it is cancelled otherwise."""
    try:
        await asyncio.wait_for(awaited, seconds)
    except TimeoutError:
        return False
    return True
