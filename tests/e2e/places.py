"""What the end-to-end tests share: a service with the carrier in the box, and its coming back after a kill."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import httpx

from patience import eventually
from service import Client, Service, write_config

if TYPE_CHECKING:
    from pathlib import Path

SANDBOX = '[sandbox]\nenabled = true\nlisten = "udp:127.0.0.1:0"'
"""With no trunk beside it, every number goes to the sandbox."""

ANSWERS = "1155500200"
NEVER_ANSWERS = "2255500408"
BUSY = "3355500486"
HANGS_UP = "4455500002"


def sandbox_config(folder: Path, **timers: float) -> Path:
    """A configuration for a service that needs nobody else."""
    return write_config(folder, timers=timers, more=SANDBOX)


def is_running(pid: int) -> bool:
    """Whether there is such a process (a zombie is none)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - one line of the kernel's
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def kill_everything(service: Service) -> None:
    """As a power cut does: the supervisor at once, and with it, shortly, every child."""
    children = [service.child(name) for name in ("api", "engine", "sandbox")]
    service.kill()
    assert eventually(lambda: not any(is_running(pid) for pid in children)), "a child outlived its supervisor"


def come_back(service: Service, client: Client) -> tuple[Service, Client]:
    """The service started anew over the same store, and the same client, with its old token, at the new address."""
    again = Service.serve(service.config)
    return again, connected(again, client)


def connected(service: Service, client: Client) -> Client:
    """The same client, with its old token, over a connection of its own."""
    authorization = client.connection.headers["Authorization"]
    return Client(httpx.Client(base_url=f"http://{service.http}", timeout=30, headers={"Authorization": authorization}))


def stop_engine_in_its_tracks(service: Service) -> int:
    """Let the engine do nothing more, without dying; answers its process id."""
    pid = service.child("engine")
    os.kill(pid, signal.SIGSTOP)
    return pid
