"""Kept ladders in a dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twoleg.application.ladder.values import Capture


class MemoryLadders:
    """The `LadderArchive` port."""

    def __init__(self) -> None:
        self._kept: dict[int, Capture] = {}

    def put(self, captures: Iterable[Capture]) -> None:
        """What the writer of the real archive does."""
        self._kept |= {each.serial: each for each in captures}

    def find(self, serial: int) -> Capture | None:
        return self._kept.get(serial)
