"""Where media says what people need to know."""

from __future__ import annotations

from typing import Protocol


class MediaLog(Protocol):
    """A structlog logger is one."""

    def info(self, event: str, /, **fields: object) -> object:
        """Good to know."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Somebody else's trouble: a relay's, or a network's."""

    def error(self, event: str, /, **fields: object) -> object:
        """Ours to mend."""
