"""The service, and what systemd does for it: whenever it ends it is started again, at the same addresses."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.phones import Habit
from forks import Fork
from patience import now, wall_clock_ms

_RESTART = 0.1
"""Seconds; RestartSec= of systemd.service(5)."""
_LOOK = 0.02
_START = 60.0
"""Seconds that a start may take at most, all others of this machine's business considered."""
_TICK, _STANDSTILL_MS = 0.5, 10_000
_PORTS = range(20_000, 32_000)
"""Below those that the system hands out: between two lives of the service nobody else is given its port."""

TIMERS = {"queue": 15, "ring_agent": 2.5, "ring_customer": 2, "max_talk": 3}
"""Seconds; short, so that the last `mustEndBy` comes soon."""

_CONFIG = """
[http]
listen = "127.0.0.1:{http}"
workers = 2
[store]
url = "sqlite:///{folder}/twoleg.db"
[sip]
listen = "udp:127.0.0.1:{sip}"
[service]
drain = 0
setup_delay = 0
[timers]
{timers}
[media]
mode = "auto"
calls = ["direct"]
[webhooks]
allow_private = ["127.0.0.0/8"]
timeout = 5
retry_first = 0.2
retry_longest = 2
[log]
level = "info"
"""


class Addresses:
    """Loopback ports for everybody, free when asked for."""

    def __init__(self, habits: tuple[Habit, ...], chance: random.Random) -> None:
        taken: set[int] = set()
        self.http = _free(socket.SOCK_STREAM, taken, chance)
        self.sip = _free(socket.SOCK_DGRAM, taken, chance)
        self.phones: Mapping[Habit, int] = {each: _free(socket.SOCK_DGRAM, taken, chance) for each in habits}


def write_config(folder: Path, addresses: Addresses) -> Path:
    """The service's configuration: a trunk for each habit."""
    timers = "\n".join(f"{name} = {seconds}" for name, seconds in TIMERS.items())
    text = _CONFIG.format(http=addresses.http, sip=addresses.sip, folder=folder, timers=timers)
    for habit, port in addresses.phones.items():
        prefixes = ", ".join(f'"{prefix}"' for prefix in habit.prefixes)
        text += f'[[trunk]]\nname = "phones{habit.digit}"\nuri = "sip:127.0.0.1:{port}"\nprefixes = [{prefixes}]\n'
    path = folder / "twoleg.toml"
    path.write_text(text)
    return path


class Upkeep:
    """Keeps the service there. Use `kept`."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.lock = config.with_name("twoleg.db.lock")
        self.log = config.with_name("log.jsonl")
        self._said = config.with_name("said.txt")
        self.starts = 0
        self.process: Fork
        self._over = False

    async def keep(self) -> None:
        """Until `stop`."""
        while not self._over:
            process = self.process = await asyncio.to_thread(self._start)
            await until(_ended(process), seconds=math.inf, every=_LOOK)
            await asyncio.sleep(_RESTART)

    async def ready(self) -> None:
        """Raises `TimeoutError` when it does not come up."""
        if not await until(lambda: self._said.exists() and b"twoleg ready" in self._said.read_bytes(), seconds=_START):
            raise TimeoutError(self.log.read_text()[-3000:])

    async def stop(self) -> int:
        """Its exit status, after SIGTERM."""
        self._over = True
        process = self.process
        process.send_signal(signal.SIGTERM)
        await until(_ended(process), seconds=_START, every=_LOOK)
        process.kill()
        return process.wait(_START)

    def _start(self) -> Fork:
        self.starts += 1
        with self._said.open("wb") as stdout, self.log.open("ab") as stderr:
            return Fork.start("serve", "--config", str(self.config), stdout=stdout, stderr=stderr)


@contextlib.asynccontextmanager
async def kept(config: Path) -> AsyncIterator[Upkeep]:
    """The service, working when the block begins, stopped in order when it ends."""
    upkeep = Upkeep(config)
    keeping = asyncio.create_task(upkeep.keep())
    try:
        await upkeep.ready()
        yield upkeep
    finally:
        await upkeep.stop()
        await keeping


async def until(holds: Callable[[], bool], *, seconds: float, every: float = 0.2) -> bool:
    """Whether it came true in that time."""
    give_up = now() + seconds
    while not holds():
        if now() > give_up:
            return False
        await asyncio.sleep(every)
    return True


@dataclass(frozen=True, slots=True)
class Standstill:
    """A time in which nothing ran here: neither the service nor we. Times are ms since the epoch."""

    since: int
    until: int

    def within(self, start: int, end: int) -> int:
        """Ms of it between these two."""
        return max(0, min(end, self.until) - max(start, self.since))


async def notice_standstills(noticed: list[Standstill]) -> None:
    """Until cancelled: a suspended machine is no service that dawdles, and has to be told from one."""
    while True:
        before = wall_clock_ms()
        await asyncio.sleep(_TICK)
        after = wall_clock_ms()
        if after - before > _STANDSTILL_MS:
            noticed.append(Standstill(before, after))


def _ended(process: Fork) -> Callable[[], bool]:
    return lambda: process.poll() is not None


def _free(kind: socket.SocketKind, taken: set[int], chance: random.Random) -> int:
    for port in chance.sample(_PORTS, len(_PORTS)):
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in taken:
                taken.add(port)
                return port
    raise OSError("no port is free")
