"""Where the addresses of a trunk come from, and which of them are better left for last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol, TypeVar

from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri
from twoleg.sip_transport.resolver import ResolveError, Resolver

Then = Callable[[Sequence[Peer], str], None]
"""Told the addresses, best first; with none comes the reason why."""

Item = TypeVar("Item", bound=Hashable)

LEFT_ALONE = "every address of it asked to be left alone for now (503 with Retry-After)"


class Targets(Protocol):
    """Finds addresses."""

    def find(self, uri: SipUri, then: Then) -> None:
        """Call `then` once: at once where nothing needs to be looked up, else later on the loop. Never raises."""

    def penalise(self, peer: Peer, *, until: float) -> None:
        """Leave that address out before `until` (seconds, monotonic): it asked for it."""


class ResolvedTargets:
    """`Targets` by RFC 3263."""

    def __init__(self, resolver: Resolver) -> None:
        """Needs a running loop for names."""
        self._resolver = resolver
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, uri: SipUri, then: Then) -> None:
        """See `Targets.find`."""
        try:
            known = self._resolver.at_once(uri)
        except ResolveError as error:
            then((), str(error))
            return
        if known is not None:
            then(known, LEFT_ALONE)
            return
        task = asyncio.get_running_loop().create_task(self._look_up(uri, then))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def penalise(self, peer: Peer, *, until: float) -> None:
        """See `Targets.penalise`."""
        self._resolver.penalise(peer, until=until)

    async def _look_up(self, uri: SipUri, then: Then) -> None:
        try:
            found = await self._resolver.resolve(uri)
        except ResolveError as error:
            then((), str(error))
        except Exception as error:
            then((), f"{type(error).__name__} while its name was looked up")
            raise  # to the loop, which logs it
        else:
            then(found, LEFT_ALONE)


class Avoided:
    """What did not answer a short while ago: not refused, but tried last, so that not every call waits for it."""

    SECONDS = 30.0
    _MOST = 1024

    def __init__(self) -> None:
        self._until: dict[Hashable, float] = {}

    def add(self, what: Hashable, now: float) -> None:
        """Avoid it from now on, for `SECONDS`."""
        self._until.pop(what, None)
        if len(self._until) >= self._MOST:
            self._until.pop(next(iter(self._until)))
        self._until[what] = now + self.SECONDS

    def remove(self, what: Hashable) -> None:
        """It answered."""
        if self._until:
            self._until.pop(what, None)

    def holds(self, what: Hashable, now: float) -> bool:
        """Whether it is to be avoided now."""
        return self._until.get(what, now) > now

    def last(self, items: Iterable[Item], now: float) -> list[Item]:
        """The same items, those to be avoided behind the others; otherwise in the same order."""
        if not self._until:
            return list(items)
        return sorted(items, key=lambda item: self.holds(item, now))
