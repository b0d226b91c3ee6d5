"""The demo's own service: a child process in a temporary folder, on free ports, with the sandbox on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from twoleg.cli.demo.errors import DemoFailed
from twoleg.cli.demo.script import RING_AGENT

_START_PATIENCE = 20.0
_STOP_PATIENCE = 15.0
_COMMAND_PATIENCE = 10.0
_READY = re.compile(r"twoleg ready +http://(\S+) ")

CONFIG = f"""\
[http]
listen = "127.0.0.1:0"

[store]
url = "sqlite:///twoleg.db"

[sip]
listen = "udp:127.0.0.1:0"

[timers]
ring_agent = {RING_AGENT}

[sandbox]
enabled = true
listen = "udp:127.0.0.1:0"
"""


@dataclass(frozen=True, slots=True)
class Hosted:
    """The running service."""

    config: Path
    ready_line: str
    base_url: str

    async def command(self, *arguments: str) -> str:
        """What `twoleg ARGUMENTS` prints, run as a person would. Raises `DemoFailed` unless it exits with 0."""
        process = await asyncio.create_subprocess_exec(
            *_twoleg(*arguments),
            env=_environment(self.config),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with _bounded(_COMMAND_PATIENCE, f"twoleg {arguments[0]} did not end"):
            printed, complained = await process.communicate()
        if process.returncode != 0:
            raise DemoFailed(f"twoleg {' '.join(arguments)} ended with {process.returncode}: {complained.decode()}")
        return printed.decode().strip()


@contextlib.asynccontextmanager
async def hosted() -> AsyncIterator[Hosted]:
    """Start it, and stop it as an operator would; nothing of it is left. Raises `DemoFailed`."""
    with TemporaryDirectory(prefix="twoleg-demo-") as folder:
        config = Path(folder) / "twoleg.toml"
        config.write_text(CONFIG)
        log = Path(folder) / "log.jsonl"
        process = await _start(config, log)
        try:
            yield await _ready(process, config, log)
            await _stop(process, log)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _twoleg(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "twoleg", *arguments)


def _environment(config: Path) -> dict[str, str]:
    """Ours, without what would change the demo's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TWOLEG_")}
    return {**kept, "TWOLEG_CONFIG": str(config)}


async def _start(config: Path, log: Path) -> asyncio.subprocess.Process:
    with log.open("wb") as stderr:
        return await asyncio.create_subprocess_exec(
            *_twoleg("serve"), env=_environment(config), stdout=asyncio.subprocess.PIPE, stderr=stderr
        )


async def _ready(process: asyncio.subprocess.Process, config: Path, log: Path) -> Hosted:
    async with _bounded(_START_PATIENCE, "the service did not become ready"):
        line = (await process.stdout.readline()).decode().strip() if process.stdout else ""
    found = _READY.match(line)
    if found is None:
        raise DemoFailed(f"the service did not start; the end of its log:\n{_end_of(log)}")
    return Hosted(config, line, f"http://{found[1]}")


async def _stop(process: asyncio.subprocess.Process, log: Path) -> None:
    process.terminate()
    async with _bounded(_STOP_PATIENCE, "the service did not stop"):
        status = await process.wait()
    if status != 0:
        raise DemoFailed(f"the service ended with {status}; the end of its log:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


@contextlib.asynccontextmanager
async def _bounded(seconds: float, otherwise: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise DemoFailed(f"{otherwise} within {seconds:g} s") from error
