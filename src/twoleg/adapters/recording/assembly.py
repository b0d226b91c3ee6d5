"""The captures of one call become one WAV file."""

from __future__ import annotations

from typing import BinaryIO

from twoleg.adapters.recording.captures import Spool
from twoleg.adapters.recording.g711 import RATE
from twoleg.adapters.recording.pcap import NotACapture
from twoleg.adapters.recording.render import Heard, Renderer, render
from twoleg.adapters.recording.wav import head, most_frames
from twoleg.application.finish_recordings import Assembled, CaptureUnusable, Order

_MOST_UNKNOWN = 50
"""Packets of a codec that cannot be decoded, before the recording is no true one: a second of a voice."""


class SpoolCaptures:
    """The `Captures` of the application, over the spool folder."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def is_there(self, serial: int) -> bool:
        """See `Captures.is_there`."""
        try:
            return self._spool.note_of(serial) is not None
        except (NotACapture, OSError):
            return True

    def assemble(self, order: Order, file: BinaryIO) -> Assembled:
        """See `Captures.assemble`."""
        try:
            heard = self._render(order, file)
        except NotACapture as fault:
            raise CaptureUnusable(f"the capture cannot be read: {fault}") from fault
        _check(heard)
        file.seek(0)
        file.write(head(order.audio_format, heard.frames))
        return Assembled(
            duration_ms=heard.frames * 1000 // RATE,
            silent=tuple(role for role, packets in heard.voices.items() if not packets),
            is_cut=heard.is_cut,
        )

    def remove(self, serial: int) -> None:
        """See `Captures.remove`."""
        self._spool.remove(serial)

    def serials(self) -> list[int]:
        """See `Captures.serials`."""
        return self._spool.serials()

    def _render(self, order: Order, file: BinaryIO) -> Heard:
        note = self._spool.note_of(order.serial)
        if note is None:
            raise CaptureUnusable("the relay has captured nothing")
        file.write(head(order.audio_format, 0))
        renderer = Renderer(
            pieces=order.pieces,
            audio_format=order.audio_format,
            payload_types=note.payload_types,
            most_frames=most_frames(order.audio_format),
            write=file.write,
        )
        return render(self._spool.packets(note), renderer)


def _check(heard: Heard) -> None:
    """Raises `CaptureUnusable` for what would not be a true recording of what was said."""
    unknown = sum(heard.unknown.values())
    if unknown > _MOST_UNKNOWN:
        raise CaptureUnusable(f"{unknown} packets are in a codec that cannot be recorded: {', '.join(heard.unknown)}")
    if not any(heard.voices.values()) or not heard.frames:
        raise CaptureUnusable("not one packet of audio was captured")
