"""The raw capture of one recorded call: begun, paused and ended at its relay, and noted in the call's spool folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from twoleg.adapters.media.codecs import dynamic_types
from twoleg.adapters.media.relay import Anchor, RelayTrouble
from twoleg.adapters.media.side import Side
from twoleg.application.recording import NOTE_FILE, CapturedFile, CaptureNote, RecordingDesk
from twoleg.domain.call import Role
from twoleg.domain.recording import Command


class Capture:
    """For one call. A relay or a disk that cannot: the desk is told, the call goes on."""

    def __init__(self, *, serial: int, desk: RecordingDesk) -> None:
        self._serial = serial
        self._desk = desk
        self._anchor: Anchor | None = None
        self._sides: Mapping[Role, Side] = {}
        self._files: tuple[CapturedFile, ...] = ()
        self._is_wanted = False
        self._is_running = False

    async def bridged(self, anchor: Anchor, sides: Mapping[Role, Side]) -> None:
        """Both talk: what is wanted begins now."""
        self._anchor, self._sides = anchor, sides
        if self._is_wanted or self._desk.is_wanted(self._serial):
            await self._start()

    async def obey(self, command: Command) -> None:
        """START and RESUME before both talk wait until they do; repeats are harmless."""
        self._is_wanted = command in (Command.START, Command.RESUME)
        if self._is_wanted:
            await self._start()
        else:
            await self._stop()

    async def renegotiated(self, sides: Mapping[Role, Side]) -> None:
        """Ports or codecs may have changed: the note says so."""
        self._sides = sides
        if self._is_running:
            await self._note()

    async def closed(self) -> None:
        """The relay has written its last packet."""
        self._anchor = None
        if self._files:
            self._desk.captured(self._serial)
            self._files = ()

    async def _start(self) -> None:
        if self._anchor is None or self._is_running:
            return
        try:
            self._files = await self._anchor.start_capture(self._desk.spool(self._serial))
            self._is_running = True
            await self._note()
        except (RelayTrouble, OSError) as trouble:
            self._desk.failed(self._serial, str(trouble))
        else:
            self._desk.began(self._serial)

    async def _stop(self) -> None:
        if self._anchor is None or not self._is_running:
            return
        self._is_running = False
        try:
            await self._anchor.stop_capture()
        except RelayTrouble as trouble:
            self._desk.failed(self._serial, str(trouble))

    async def _note(self) -> None:
        types: dict[int, str] = {}
        for side in self._sides.values():
            types |= {} if side.heard is None else dynamic_types(side.heard)
        note = CaptureNote(serial=self._serial, files=self._files, payload_types=types)
        await asyncio.to_thread(_write, self._desk.spool(self._serial) / NOTE_FILE, note.encode())


def _write(file: Path, content: bytes) -> None:
    """A reader finds the old note or the new one, never half of one."""
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(file)
