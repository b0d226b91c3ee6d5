"""The gate of an API process: what it lets through is written on the page that it shares with supervisor and engine."""

from __future__ import annotations

import math
from collections.abc import Callable

from twoleg.adapters.service_page.page import Mode, SharedPage
from twoleg.application.admission import Closed, NotAdmitted
from twoleg.application.pace import Pace

_OVERLOAD_RETRY = 1
"""Seconds after which it is worth asking again; the limit is found anew several times a second."""
_LONGEST_RETRY = 60
_SILENCE = 5.0
"""Seconds without a sign of life after which the engine counts as gone; it gives one ten times a second."""
_LEAST_BURST = 5.0
_BURST_SECONDS = 0.1
"""So many calls, or so many seconds' worth, are let through at once: less would refuse who merely comes in pairs."""


class PageGate:
    """One for each API process; `share` of what all of them may let through is for this one."""

    def __init__(self, page: SharedPage, now: Callable[[], float], *, share: float) -> None:
        """`now`: as the page's. `share`: above 0, at most 1."""
        self._page = page
        self._share = share
        self._limit: float | None = None
        self._pace = Pace(per_second=1, burst=_LEAST_BURST)
        self._now = now

    def refusal(self) -> NotAdmitted | None:
        """See `Gate`."""
        mode = self._page.mode
        if mode is Mode.STOPPING:
            seconds = min(_LONGEST_RETRY, max(1, math.ceil(self._page.seconds_left)))
            return NotAdmitted(Closed.STOPPING, retry_after=seconds)
        if mode is Mode.HANDING_OVER or self._is_within_limit():
            return None
        return NotAdmitted(Closed.OVERLOADED, retry_after=_OVERLOAD_RETRY)

    def trouble(self) -> str | None:
        """See `Gate`. A service that hands over is ready: it takes calls, and its follower dials them."""
        if self._page.mode is Mode.STOPPING:
            return "the service is being stopped"
        silence = self._page.silence
        if silence is None:
            return "the engine is not up yet"
        if silence > _SILENCE and self._page.mode is Mode.SERVING:
            return "the engine does not answer"
        return None

    def is_leaving(self) -> bool:
        """See `Gate`."""
        return self._page.mode is not Mode.SERVING

    def _is_within_limit(self) -> bool:
        total = self._page.calls_per_second
        if total is None:
            self._limit = None
            return True
        limit = total * self._share
        if limit != self._limit:
            self._limit = limit
            self._pace.change(per_second=limit, burst=max(_LEAST_BURST, limit * _BURST_SECONDS))
        return self._pace.takes(self._now())
