"""Several daemons: which of them answer, and which carries least."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from twoleg.adapters.media.relay import RelayTrouble
from twoleg.adapters.media.rtpengine.anchor import LegTransports, RtpengineAnchor
from twoleg.adapters.media.rtpengine.bencode import Heard
from twoleg.adapters.media.rtpengine.ng import NgClient

ASK_EVERY = 2.0
"""Seconds between two looks at a daemon's health: how long new calls may still try one that is gone."""


class RtpengineDaemon:
    """`relay.Relay`: one daemon. It counts as up until it does not answer."""

    def __init__(
        self,
        *,
        ng: NgClient,
        transports: LegTransports,
        captures: Path | None,
        changed: Callable[[str, bool, str], None],
    ) -> None:
        """`changed(name, is_up, why)` is told when it goes down or comes back."""
        self._ng = ng
        self._transports = transports
        self._captures = captures
        self._changed = changed
        self._sessions = 0
        self._placed = 0
        """Calls sent there since it was last asked how many it has."""
        self._is_up = True
        self._has_forgotten = asyncio.Event()

    @property
    def name(self) -> str:
        """See `Relay`."""
        return f"rtpengine {self._ng.host}:{self._ng.port}"

    @property
    def is_up(self) -> bool:
        """See `Relay`."""
        return self._is_up

    @property
    def load(self) -> float:
        """See `Relay`. In calls, whoever placed them."""
        return self._sessions + self._placed

    def anchor(self, serial: int) -> RtpengineAnchor:
        """See `Relay`."""
        self._placed += 1
        return RtpengineAnchor(serial=serial, ng=self._ng, transports=self._transports, captures=self._captures)

    async def forget(self, serials: Sequence[int]) -> None:
        """End calls that a dead engine left there, if they were there at all."""
        for serial in serials:
            await self.anchor(serial).close()

    async def settled(self) -> None:
        """Wait until it has been told to end what a dead engine left behind."""
        await self._has_forgotten.wait()

    async def look(self) -> None:
        """Ask how it is."""
        try:
            answer = await self._ng.ask("statistics")
        except RelayTrouble as trouble:
            self._set_up(is_up=False, why=str(trouble))
        else:
            self._sessions, self._placed = sessions_of(answer.get("statistics")), 0
            self._set_up(is_up=True, why="answers")

    async def watch(self, left_behind: Sequence[int]) -> None:
        """Connect, and look now and then, until cancelled; end what a dead engine left behind as soon as it answers."""
        try:
            await self._ng.connect()
            while True:
                await self.look()
                if self.is_up and not self._has_forgotten.is_set():
                    await self.forget(left_behind)
                    self._has_forgotten.set()
                await asyncio.sleep(ASK_EVERY)
        finally:
            self._ng.close()

    def _set_up(self, *, is_up: bool, why: str) -> None:
        if is_up is not self._is_up:
            self._is_up = is_up
            self._changed(self.name, is_up, why)


def sessions_of(statistics: Heard | None) -> int:
    """How many calls a daemon has, by its answer to `statistics`."""
    current = statistics.get("currentstatistics") if isinstance(statistics, dict) else None
    total = current.get("sessionstotal") if isinstance(current, dict) else None
    return total if isinstance(total, int) else 0


async def watch_all(daemons: Sequence[RtpengineDaemon], left_behind: Sequence[int]) -> None:
    """Watch them side by side, until cancelled."""
    async with asyncio.TaskGroup() as group:
        for daemon in daemons:
            group.create_task(daemon.watch(left_behind))
