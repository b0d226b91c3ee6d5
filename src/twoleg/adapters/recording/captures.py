"""The spool folder of a call: its note, and all packets of its files, in order, each with the phone that sent it."""

from __future__ import annotations

import glob
import heapq
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import msgspec

from twoleg.adapters.recording.packets import Captured
from twoleg.adapters.recording.pcap import NotACapture, read_pcap
from twoleg.adapters.recording.rtpproxy_file import read_rtpproxy
from twoleg.application.recording import NOTE_FILE, CapturedFile, CaptureKind, CaptureNote
from twoleg.domain.call import Role

_READ = {CaptureKind.PCAP: read_pcap, CaptureKind.RTPPROXY: read_rtpproxy}
_BUFFER = 1 << 18


class Spool:
    """Where relays leave what they captured, one folder for each call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_of(self, serial: int) -> Path:
        """The call's folder, there or not."""
        return self._folder / str(serial)

    def make(self, serial: int) -> Path:
        """The call's folder, made if need be; for its owner's eyes. Raises `OSError`."""
        folder = self.folder_of(serial)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def note_of(self, serial: int) -> CaptureNote | None:
        """What the relay's adapter noted; None when there is nothing. Raises `NotACapture`, `OSError`."""
        try:
            return CaptureNote.decode((self.folder_of(serial) / NOTE_FILE).read_bytes())
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise NotACapture(f"the note of the capture is damaged: {error}") from error

    def remove(self, serial: int) -> None:
        """Delete the call's captures, wherever its note says they are; harmless when there are none."""
        try:
            note = self.note_of(serial)
        except (NotACapture, OSError):
            note = None
        for file in () if note is None else note.files:
            for path in _paths(file, self.folder_of(serial)):
                path.unlink(missing_ok=True)
        shutil.rmtree(self.folder_of(serial), ignore_errors=True)

    def serials(self) -> list[int]:
        """The calls that left something here."""
        if not self._folder.is_dir():
            return []
        return sorted(int(each.name) for each in self._folder.iterdir() if each.name.isdecimal() and each.is_dir())

    def packets(self, note: CaptureNote) -> Iterator[tuple[Captured, Role]]:
        """All packets of the call by time of arrival. Raises `NotACapture`, `OSError`."""
        with ExitStack() as opened:
            readers = [
                _of_one(opened.enter_context(path.open("rb", buffering=_BUFFER)), file)
                for file in note.files
                for path in _paths(file, self.folder_of(note.serial))
            ]
            yield from heapq.merge(*readers, key=lambda found: found[0].at)


def _paths(file: CapturedFile, folder: Path) -> list[Path]:
    return sorted(Path(found) for found in glob.glob(os.fspath(folder / file.path)))  # noqa: PTH207 - absolute patterns


def _of_one(opened: BinaryIO, file: CapturedFile) -> Iterator[tuple[Captured, Role]]:
    roles = dict.fromkeys(file.agent_ports, Role.AGENT) | dict.fromkeys(file.customer_ports, Role.CUSTOMER)
    only = None if file.role is None else Role(file.role)
    for packet in _READ[file.kind](opened):
        role = only or roles.get(packet.port)
        if role is not None:
            yield packet, role
