"""Where the SDK gets time, chance and rest: it runs in other people's programs, which have no ports of ours."""

from __future__ import annotations

import threading
import time
import uuid

_never = threading.Event()


def now() -> float:
    """Seconds, monotonic."""
    return time.monotonic()  # noqa: TID251 - see the module


def wall_clock() -> float:
    """Seconds since the epoch."""
    return time.time()  # noqa: TID251 - see the module


def pause(seconds: float) -> None:
    """Let this thread rest."""
    _never.wait(seconds)


def new_key() -> str:
    """A key that nobody used before."""
    return str(uuid.uuid4())  # noqa: TID251 - see the module
