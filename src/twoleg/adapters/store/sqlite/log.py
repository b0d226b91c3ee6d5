"""The log as the store needs it: structlog's way of calling, so any bound logger fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class StoreLog(Protocol):
    """An event in plain words, with facts beside it."""

    def info(self, event: str, /, **facts: Any) -> Any:
        """Worth knowing: migrated, in order again."""

    def warning(self, event: str, /, **facts: Any) -> Any:
        """Worth a look: the store cannot be written just now."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """A fault of ours: somebody must look."""


class UnfailingLog:
    """A log that never raises: with the disk full the log's own file may be, and the store must go on regardless."""

    def __init__(self, log: StoreLog) -> None:
        self._log = log
        self.lost = 0
        """Lines that could not be written."""

    def info(self, event: str, /, **facts: Any) -> None:
        """See `StoreLog`."""
        self._say(self._log.info, event, facts)

    def warning(self, event: str, /, **facts: Any) -> None:
        """See `StoreLog`."""
        self._say(self._log.warning, event, facts)

    def error(self, event: str, /, **facts: Any) -> None:
        """See `StoreLog`."""
        self._say(self._log.error, event, facts)

    def _say(self, say: Callable[..., Any], event: str, facts: dict[str, Any]) -> None:
        try:
            say(event, **facts)
        except Exception:  # noqa: BLE001 - whatever a log's sink raises; there is nowhere left to tell it
            self.lost += 1
