"""What an anchored path asks of a relay, whatever relay it is; and the three ways in which a relay lets it down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from twoleg.adapters.media.sounds import Sound
from twoleg.application.recording import CapturedFile
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics


class RelayTrouble(Exception):
    """A relay did not do what it was asked."""


class RelaySilent(RelayTrouble):
    """No answer in time, or nobody there. Whether it did what it was asked is not known."""


class RelayRefused(RelayTrouble):
    """It answered that it will not: no ports left, a description it cannot read, nothing to play from."""


class RelayForgot(RelayTrouble):
    """It does not know the call (any more): it was started anew, or gave up waiting for packets."""


class Anchor(Protocol):
    """One call at one relay. Verbs come one at a time; each takes bounded time and may raise `RelayTrouble`."""

    @property
    def relay(self) -> str:
        """Which relay it is, for people."""

    async def offer(self, role: Role, body: bytes) -> bytes:
        """That phone offers this. Answers the offer to make to the other: the same, with the relay's address."""

    async def answer(self, role: Role, body: bytes) -> bytes:
        """That phone answered so what the other offered last. Answers what the other is to be told."""

    async def play(self, role: Role, sound: Sound) -> None:
        """Let that phone, which has answered, hear this."""

    async def stop_playing(self, role: Role) -> None:
        """Harmless when nothing is played, or nothing any more."""

    async def start_capture(self, folder: Path) -> tuple[CapturedFile, ...]:
        """Write what both phones send into files. Answers all files of the call so far."""

    async def stop_capture(self) -> None:
        """What is captured stays; another start makes further files."""

    async def statistics(self) -> Mapping[Role, StreamStatistics]:
        """What came from each phone so far; those that have no port yet are left out."""

    async def close(self) -> None:
        """Free everything. Never raises."""


class Relay(Protocol):
    """One relay, or a whole kind of them."""

    @property
    def name(self) -> str:
        """For people: the kind, and where it is."""

    @property
    def is_up(self) -> bool:
        """Whether it answered lately, as far as is known."""

    @property
    def load(self) -> float:
        """How much it carries; the least loaded one of a kind is asked first."""

    def anchor(self, serial: int) -> Anchor:
        """For a new call. Nothing is asked of the relay before the first offer."""
