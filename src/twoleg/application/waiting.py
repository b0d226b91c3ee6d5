"""Who waits for which trunk, in the order in which the calls were placed. Keeps lines, decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import heappop, heappush


class WaitingLines:
    """A line per trunk; a call may stand in several. Serials grow with time, so the lowest is the first."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}
        self._waits_for: dict[int, Collection[str]] = {}

    def put(self, serial: int, trunks: Collection[str]) -> None:
        """From now on the call waits for these trunks, and for no other."""
        before = self._waits_for.get(serial, ())
        self._waits_for[serial] = trunks
        for trunk in trunks:
            if trunk not in before:
                heappush(self._lines.setdefault(trunk, []), serial)

    def leave(self, serial: int) -> None:
        """The call waits no more; harmless when it did not."""
        self._waits_for.pop(serial, None)

    def first(self, trunk: str) -> int | None:
        """The oldest call that waits for that trunk."""
        line = self._lines.get(trunk, [])
        while line and trunk not in self._waits_for.get(line[0], ()):
            heappop(line)  # it left, or waits elsewhere
        if not line:
            self._lines.pop(trunk, None)
            return None
        return line[0]

    def trunks(self) -> Iterator[str]:
        """The trunks that somebody may wait for."""
        return iter(tuple(self._lines))

    def __len__(self) -> int:
        return len(self._waits_for)
