"""A bucket of permits that fills at a steady rate. Pure: `now` is seconds of a clock that only runs forward."""

from __future__ import annotations


class Pace:
    """Lets through so many a second, and a burst of so many at once."""

    def __init__(self, *, per_second: float, burst: float) -> None:
        """The bucket begins full. `burst`: 1 or more."""
        self._per_second = per_second
        self._burst = burst
        self._permits = burst
        self._since: float | None = None

    def change(self, *, per_second: float, burst: float) -> None:
        """From now on at this rate; what has been saved up beyond the new burst is lost."""
        self._per_second = per_second
        self._burst = burst
        self._permits = min(self._permits, burst)

    def takes(self, now: float) -> bool:
        """Whether there is a permit, which is used up by that."""
        if self._since is not None and now > self._since:
            self._permits = min(self._burst, self._permits + (now - self._since) * self._per_second)
        self._since = now if self._since is None else max(now, self._since)
        if self._permits < 1:
            return False
        self._permits -= 1
        return True
