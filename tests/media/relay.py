"""A relay for tests of paths: it moves descriptions to a place of its own, notes what it is asked, and may fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twoleg.adapters.media.relay import RelayTrouble
from twoleg.adapters.media.rtpio.descriptions import moved_to
from twoleg.adapters.media.sounds import Sound
from twoleg.application.recording import CapturedFile, CaptureKind
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics
from twoleg.sip.sdp import SessionDescription

ADDRESS = "198.51.100.1"
PORT_FOR = {Role.AGENT: 20_000, Role.CUSTOMER: 20_002}
"""The relay's port that each phone is told."""
_ADDED = b"a=rtpmap:9 G722/8000\r\na=rtpmap:99 opus/48000/2\r\n"


@dataclass(slots=True)
class ScriptedRelay:
    """`Relay` and `Anchor` in one: it has one call."""

    name: str = "scripted"
    is_up: bool = True
    load: float = 0.0
    asked: list[str] = field(default_factory=list)
    failing: dict[str, RelayTrouble] = field(default_factory=dict)
    """By verb: raised instead of being done."""
    translates: bool = False
    """It adds codecs to each offer that it can translate."""
    counts: dict[Role, StreamStatistics] = field(default_factory=dict)

    def anchor(self, serial: int) -> ScriptedRelay:
        assert serial > 0
        return self

    @property
    def relay(self) -> str:
        return self.name

    async def offer(self, role: Role, body: bytes) -> bytes:
        self._note("offer", role)
        moved = self._moved(role, body)
        return re.sub(rb"(m=audio [^\r]*)", rb"\1 9 99", moved) + _ADDED if self.translates else moved

    async def answer(self, role: Role, body: bytes) -> bytes:
        self._note("answer", role)
        return self._moved(role, body)

    async def play(self, role: Role, sound: Sound) -> None:
        self._note("play", role, sound.name)

    async def stop_playing(self, role: Role) -> None:
        self._note("stop", role)

    async def start_capture(self, folder: Path) -> tuple[CapturedFile, ...]:
        self._note("capture")
        return (CapturedFile(path=str(folder / "a.pcap"), kind=CaptureKind.PCAP, agent_ports=(1,)),)

    async def stop_capture(self) -> None:
        self._note("end capture")

    async def statistics(self) -> Mapping[Role, StreamStatistics]:
        self._note("statistics")
        return dict(self.counts)

    async def close(self) -> None:
        self._note("close")

    def take(self) -> list[str]:
        """What it was asked since the last time."""
        asked, self.asked = self.asked, []
        return asked

    def _note(self, verb: str, *details: Role | str) -> None:
        self.asked.append(" ".join([verb, *_words(details)]))
        if verb in self.failing:
            raise self.failing[verb]

    def _moved(self, role: Role, body: bytes) -> bytes:
        return moved_to(SessionDescription.parse(body), address=ADDRESS, port=PORT_FOR[role.other]).encode()


def _words(details: Iterable[Role | str]) -> Iterable[str]:
    return (each.value if isinstance(each, Role) else each for each in details)
