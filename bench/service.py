"""The real service as a user starts it: `twoleg serve` with a configuration file, a tenant, an app and a token."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from bench.http_client import TOKEN_PATH, Access
from bench.processes import MEASURED_CORE, OTHER_CORE, on_core, pin, stop

ACCESS_CODE = "640003"
SERVE = ("-m", "twoleg", "serve")
SIP = '[sip]\nlisten = "udp:127.0.0.1:0"'
_READY = re.compile(r"^twoleg ready +http://(?P<host>[\d.]+):(?P<port>\d+)", re.MULTILINE)
_PATIENCE = 30.0
_POLL = 0.02


class NotStartedError(Exception):
    """The service did not come up; the text is its log."""


@dataclass(slots=True)
class Service:
    """A running service: its engine alone on one core, its API beside phones and load on the other.

    Use it in a `with`: leaving the block stops it.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    access: Access
    engine: int
    """Process id."""
    api: int

    @classmethod
    def start(
        cls, folder: Path, *, trunks: dict[str, int], program: tuple[str, ...] = SERVE, sip: str = SIP, way: str = "udp"
    ) -> Self:
        """Serve with a fresh store in `folder`. `trunks`: loopback ports by the prefix of the numbers that go there.

        `program`: arguments of Python that run the service, for one that is put together differently; `sip`: the
        tables [sip] of its configuration; `way`: the transport to the trunks.
        """
        config = _write_config(folder, trunks, sip=sip, way=way)
        with on_core(OTHER_CORE):
            process = _spawn(config, program)
        try:
            access = _access(config, _wait_until_ready(process, folder))
            engine, api = (_pid_of(child, folder) or process.pid for child in ("engine", "api"))
            pin(engine, MEASURED_CORE)
        except BaseException:
            stop(process)
            raise
        return cls(process, folder, access, engine, api)

    def share_core(self) -> None:
        """Let the API run on the engine's core too."""
        pin(self.api, MEASURED_CORE)

    def troubles(self) -> list[str]:
        """The lines of its log that tell of a fault of its own: none, in a sound service."""
        lines = (self.folder / "log.jsonl").read_text(errors="replace").splitlines()
        return [line for line in lines if '"level":"error"' in line or '"level":"critical"' in line]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process, patience=15)


def _write_config(folder: Path, trunks: dict[str, int], *, sip: str, way: str) -> Path:
    path = folder / "twoleg.toml"
    over = "" if way == "udp" else f";transport={way}"
    tables = [
        f'[[trunk]]\nname = "trunk{number}"\nuri = "sip:127.0.0.1:{port}{over}"\nprefixes = ["{prefix}"]'
        for number, (prefix, port) in enumerate(trunks.items())
    ]
    url = f'[store]\nurl = "sqlite:///{folder}/twoleg.db"'
    listen = '[http]\nlisten = "127.0.0.1:0"'
    stop = "[service]\ndrain = 0"
    media = '[media]\nmode = "direct"'  # what relays cost is measured by itself: bench/media.py
    path.write_text("\n\n".join([listen, sip, url, stop, media, *tables]) + "\n")
    return path


def _spawn(config: Path, program: tuple[str, ...]) -> subprocess.Popen[bytes]:
    folder = config.parent
    with (folder / "said.txt").open("wb") as stdout, (folder / "log.jsonl").open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, *program, "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> re.Match[str]:
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up and process.poll() is None:
        ready = _READY.search((folder / "said.txt").read_text())
        if ready:
            return ready
        time.sleep(_POLL)
    raise NotStartedError((folder / "log.jsonl").read_text(errors="replace")[-3000:])


def _pid_of(child: str, folder: Path) -> int | None:
    """As its supervisor logged it; None where there is no such child."""
    for line in (folder / "log.jsonl").read_text().splitlines():
        if f'"child":"{child}"' in line and '"pid"' in line:
            return int(json.loads(line)["pid"])
    return None


def _access(config: Path, ready: re.Match[str]) -> Access:
    """As an operator and an integrator get it."""
    tenant = command(config, "tenant", "create", "Bench", "--access-code", ACCESS_CODE)["tenant_id"]
    app = command(config, "app", "create", "--tenant", tenant)
    host, port = ready["host"], int(ready["port"])
    answer = httpx.post(
        f"http://{host}:{port}{TOKEN_PATH}", json={"app_key": app["app_key"], "app_secret": app["app_secret"]}
    )
    return Access(host, port, answer.raise_for_status().json()["AccessToken"])


def command(config: Path, *arguments: str) -> Any:
    """What that command prints with `--json`."""
    done = subprocess.run(
        [sys.executable, "-m", "twoleg", *arguments, "--json"],
        env={**os.environ, "TWOLEG_CONFIG": str(config)},
        stdout=subprocess.PIPE,
        timeout=_PATIENCE,
        check=True,
    )
    return json.loads(done.stdout)
