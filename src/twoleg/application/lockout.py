"""Against guessing of secrets: who fails too often for an app has to wait, longer each time, where it failed from.

What is counted is a pair of app key and source, so nobody locks out an app from elsewhere. What is remembered is
bounded, and forgotten with time. It spares the cores that verify secrets, and makes guessing visible as 429; what makes
it hopeless is that secrets are 256 random bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from twoleg.application.errors import ApplicationError
from twoleg.application.ports import Clock

FREE_TRIES = 5
"""Failures in a row that cost nothing: a program that was set up wrong finds out in peace."""
FIRST_MS = 1_000
LONGEST_MS = 60_000
"""The first wait, which doubles with each failure after it up to this."""
FORGET_MS = 15 * 60_000
"""After so long without a failure all is as before."""
MOST_REMEMBERED = 10_000
"""Pairs; beyond, the one that failed longest ago is forgotten: about 2 MB."""

_SITE_BITS = 64
"""Of an IPv6 address: the rest belongs to one customer (RFC 6177)."""


class LockedOut(ApplicationError):
    """Too many wrong secrets for this app from there. The client's fault."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many wrong secrets for this app key from your address")
        self.seconds = seconds
        """When it may try again: 1 at least."""


@dataclass(slots=True)
class _Failures:
    count: int
    last_at: int
    locked_until: int


class Lockout:
    """One for each process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[bytes, _Failures] = {}

    def check(self, app_key: str, source: str) -> None:
        """Raises `LockedOut` while it has to wait."""
        failures = self._failures.get(_pair(app_key, source))
        if failures is None:
            return
        left = failures.locked_until - self._clock.now_ms()
        if 0 < left <= LONGEST_MS:  # more is left only when the clock was set back
            raise LockedOut(-(-left // 1000))

    def failed(self, app_key: str, source: str) -> None:
        """A wrong secret, an unknown key or a disabled app: not told apart."""
        pair, now = _pair(app_key, source), self._clock.now_ms()
        before = self._failures.pop(pair, None)
        is_new = before is None or not 0 <= now - before.last_at < FORGET_MS
        count = 1 if before is None or is_new else before.count + 1
        over = count - FREE_TRIES
        wait = 0 if over < 0 else min(FIRST_MS << min(over, 16), LONGEST_MS)
        if len(self._failures) >= MOST_REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[pair] = _Failures(count, now, now + wait)

    def succeeded(self, app_key: str, source: str) -> None:
        """All is as before."""
        self._failures.pop(_pair(app_key, source), None)


def _pair(app_key: str, source: str) -> bytes:
    """Of one size, however long a key was sent."""
    return blake2b(f"{_site(source)}\0{app_key}".encode("utf-8", "replace"), digest_size=16).digest()


def _site(source: str) -> str:
    """An address that one guesser can change at will counts as one."""
    try:
        address = ip_address(source)
    except ValueError:  # a socket of the file system has none
        return source
    if not isinstance(address, IPv6Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(int(address) >> (128 - _SITE_BITS))
