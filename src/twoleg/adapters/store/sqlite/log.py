"""The log as the store needs it: structlog's way of calling, so any bound logger fits."""

from __future__ import annotations

from typing import Any, Protocol


class StoreLog(Protocol):
    """An event in plain words, with facts beside it."""

    def info(self, event: str, /, **facts: Any) -> Any:
        """Worth knowing: migrated, in order again."""

    def warning(self, event: str, /, **facts: Any) -> Any:
        """Worth a look: the store cannot be written just now."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """A fault of ours: somebody must look."""
