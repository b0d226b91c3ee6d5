"""A log that notes what it is told."""

from __future__ import annotations

from typing import Any


class NotedLog:
    """Called like structlog's bound loggers; `lines` holds level, event and facts of each."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, event: str, /, **facts: Any) -> None:
        self.lines.append(("info", event, facts))

    def warning(self, event: str, /, **facts: Any) -> None:
        self.lines.append(("warning", event, facts))

    def error(self, event: str, /, **facts: Any) -> None:
        self.lines.append(("error", event, facts))

    def exception(self, event: str, /, **facts: Any) -> None:
        self.error(event, **facts)

    def events(self, level: str) -> list[str]:
        """What was said at that level, in order."""
        return [event for said, event, _ in self.lines if said == level]
