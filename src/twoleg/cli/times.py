"""Times and lengths as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def clock_time(milliseconds: int) -> str:
    """A moment, in local time, to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def length(milliseconds: int) -> str:
    """A length of time: `0.8 s`, `12.3 s`, `2 min 05 s`."""
    seconds = max(0, milliseconds) / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
