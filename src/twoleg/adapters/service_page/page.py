"""A page of memory that the processes of one service share: what each must know of the others without asking.

Each cell is an aligned 64-bit word, written by one process only and read by any; no two cells have to agree, so there
is no lock. The page outlives every process that is started again, and is gone with the last of the service.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from enum import IntEnum, unique

_SIZE = mmap.PAGESIZE


@unique
class Mode(IntEnum):
    """What the service is about."""

    SERVING = 0
    STOPPING = 1
    """No new calls; it ends when the living ones have ended, or when patience ends."""
    HANDING_OVER = 2
    """As STOPPING, but another generation follows at once: new calls are stored, and dialled by that."""


@unique
class _Cell(IntEnum):
    """Where each word lies, and who writes it."""

    MODE = 0
    """The supervisor."""
    DEADLINE = 1
    """The supervisor: when the living calls are ended, in ms of the machine's monotonic clock."""
    BEAT = 2
    """The engine: when it last was alive, in ms of that clock; 0: never yet."""
    HEEDED = 3
    """The engine: the mode that it goes by."""
    LIVING = 4
    """The engine: calls that were dialled and have not ended."""
    LIMIT = 5
    """The engine: new calls that may be taken in 1,000 seconds; 0: as many as come."""
    DELAY = 6
    """The engine: how late it is, in microseconds."""


class SharedPage:
    """One page. The supervisor makes it, its children inherit `descriptor`."""

    def __init__(self, descriptor: int, now: Callable[[], float]) -> None:
        """`now`: seconds of the monotonic clock that all processes of a machine share."""
        self.descriptor = descriptor
        self._map = mmap.mmap(descriptor, _SIZE)
        self._words = memoryview(self._map).cast("q")
        self._now = now

    @classmethod
    def make(cls, now: Callable[[], float]) -> SharedPage:
        """A new one, all zero: serving, no engine yet."""
        descriptor = os.memfd_create("twoleg", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, _SIZE)
        return cls(descriptor, now)

    @classmethod
    def of(cls, descriptor: int | None, now: Callable[[], float]) -> SharedPage:
        """The one that this process inherited. Raises `ValueError` when it was given none."""
        if descriptor is None:
            raise ValueError("this process was not given the page that it needs")
        return cls(descriptor, now)

    def close(self) -> None:
        """Let go of it."""
        self._words.release()
        self._map.close()
        os.close(self.descriptor)

    def now_ms(self) -> int:
        """The clock of the page's times."""
        return round(self._now() * 1000)

    # ------------------------------------------------------------------------ the supervisor's

    @property
    def mode(self) -> Mode:
        """What the service is about."""
        return Mode(self._words[_Cell.MODE])

    def begin(self, mode: Mode, *, seconds: float) -> None:
        """From now on the service is about this, for so many seconds at most."""
        self._words[_Cell.DEADLINE] = self.now_ms() + round(seconds * 1000)
        self._words[_Cell.MODE] = mode

    @property
    def seconds_left(self) -> float:
        """Until the living calls are ended; only meaningful in a mode other than SERVING."""
        return max(0.0, (self._words[_Cell.DEADLINE] - self.now_ms()) / 1000)

    # ------------------------------------------------------------------------ the engine's

    def beat(self, *, living: int, heeded: Mode) -> None:
        """The engine lives, has this many calls on the wire, and goes by that mode."""
        self._words[_Cell.LIVING] = living
        self._words[_Cell.HEEDED] = heeded
        self._words[_Cell.BEAT] = self.now_ms()

    @property
    def living(self) -> int:
        """Calls that were dialled and have not ended, as of the last beat."""
        return self._words[_Cell.LIVING]

    @property
    def heeded(self) -> Mode:
        """The mode that the engine goes by."""
        return Mode(self._words[_Cell.HEEDED])

    @property
    def silence(self) -> float | None:
        """Seconds since the engine's last beat; None: there was none yet."""
        beat = self._words[_Cell.BEAT]
        return None if beat == 0 else max(0.0, (self.now_ms() - beat) / 1000)

    def allow(self, *, calls_per_second: float | None, delay: float) -> None:
        """The engine is late by `delay` seconds, and wants no more new calls than these; None: as many as come."""
        limit = 0 if calls_per_second is None else max(1, round(calls_per_second * 1000))
        self._words[_Cell.DELAY] = round(delay * 1_000_000)
        self._words[_Cell.LIMIT] = limit

    @property
    def calls_per_second(self) -> float | None:
        """New calls that may be taken; None: as many as come."""
        limit = self._words[_Cell.LIMIT]
        return limit / 1000 if limit else None

    @property
    def delay(self) -> float:
        """Seconds by which the engine is late."""
        return self._words[_Cell.DELAY] / 1_000_000
