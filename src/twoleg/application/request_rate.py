"""How many requests an app may make: a token bucket for each app, where its tenant's guards say so."""

from __future__ import annotations

from math import ceil

from twoleg.application.errors import ApplicationError
from twoleg.application.ports import Clock
from twoleg.domain.tenant import Tenant


class TooManyRequests(ApplicationError):
    """The app is over its rate. The client's fault; nothing was done."""

    def __init__(self, seconds: int) -> None:
        super().__init__("the app makes more requests a second than its tenant may")
        self.seconds = seconds
        """When the next one is let through: 1 at least, for Retry-After has no fractions."""


class RequestRate:
    """One for each process, and each process counts for itself.

    A bucket holds a second's worth of requests, so an idle app may make as many at once. There are no more buckets than
    apps: only requests with valid credentials are counted.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, int]] = {}
        """By app key: what was left in it, and when that was (ms since the epoch)."""

    def admit(self, app_key: str, tenant: Tenant) -> None:
        """Count one request. Raises `TooManyRequests`. Costs one look where there is no limit."""
        rate = tenant.guards.requests_a_second
        if rate is None:
            return
        now = self._clock.now_ms()
        left, at = self._buckets.get(app_key, (float(rate), now))
        left = min(float(rate), left + max(0, now - at) * rate / 1000)
        if left < 1:
            self._buckets[app_key] = (left, now)
            raise TooManyRequests(max(1, ceil((1 - left) / rate)))
        self._buckets[app_key] = (left - 1, now)
