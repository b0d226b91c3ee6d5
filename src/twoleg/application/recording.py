"""Ports between the media of a call and its recording: who tells whom to record, and where the raw captures lie.

A media adapter that can record implements `CallRecorder` and is given a `RecordingDesk`. While a call is recorded the
relay writes captures (pcap, or RTPProxy's own files) and the adapter keeps a `CaptureNote` in the call's spool folder.
Everything after that, from raw packets to a WAV file, is the recorder process's; it needs no live engine for it.
"""

from __future__ import annotations

from enum import Enum, unique
from pathlib import Path
from typing import Protocol

import msgspec

from twoleg.domain.recording import Command

NOTE_FILE = "capture.json"
"""The name of the note in the call's spool folder."""


@unique
class CaptureKind(Enum):
    """How packets lie in a file."""

    PCAP = "pcap"
    """libpcap's format (not pcapng), micro- or nanoseconds; Ethernet, raw IP or Linux cooked; IPv4 and IPv6; UDP."""
    RTPPROXY = "rtpproxy"
    """RTPProxy's ad-hoc records: source address, time, length, packet."""


class CapturedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or several that a pattern names (for relays that choose names by themselves)."""

    path: str
    """Absolute, or relative to the folder of the note; `*` and `?` as in a shell. No match: nothing was captured."""
    kind: CaptureKind
    agent_ports: tuple[int, ...] = ()
    """UDP ports of the relay at which the agent's audio arrives (destination port of what it sends). All files of the
    call share the port space; ports of earlier negotiations stay in the list."""
    customer_ports: tuple[int, ...] = ()
    role: str | None = None
    """`agent` or `customer` for a file that holds one side only; then no ports are needed."""


class CaptureNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the spool folder of a call: written when the capture begins, again when ports or codecs change."""

    serial: int
    files: tuple[CapturedFile, ...]
    payload_types: dict[int, str] = {}
    """Dynamic RTP payload types as negotiated: `{101: "telephone-event"}`. 0 PCMU and 8 PCMA are known (RFC 3551)."""

    def encode(self) -> bytes:
        """JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, text: bytes) -> CaptureNote:
        """The reverse. Raises `msgspec.DecodeError` for what is no note."""
        return msgspec.json.decode(text, type=cls)


class CallRecorder(Protocol):
    """What a media adapter that can record offers. Called by the engine, on its loop; nothing blocks or raises."""

    def record(self, serial: int, command: Command) -> None:
        """START or STOP, PAUSE or RESUME the capture of a living call; repeats and unknown serials are harmless.

        Answered at the desk: `began` when the relay writes (for START), or `failed`. PAUSE needs no answer: what is
        captured meanwhile is silenced.
        """


class RecordingDesk(Protocol):
    """What a media adapter asks and tells. On the engine's loop; nothing blocks or raises."""

    def is_wanted(self, serial: int) -> bool:
        """Whether the call is to be recorded as soon as both talk.

        Ask when its path opens (only G.711 may be offered then) and when it bridges; a START may still come later.
        """

    def spool(self, serial: int) -> Path:
        """The folder for the call's captures and its note; it is there, mode 0700, after this call.

        Raises `OSError` when it cannot be made (disk full): tell `failed`.
        """

    def began(self, serial: int) -> None:
        """The relay writes from now on. The note is in the folder already."""

    def failed(self, serial: int, why: str) -> None:
        """The relay cannot record (any more); the call goes on. `why`: a plain sentence."""

    def captured(self, serial: int) -> None:
        """The call's media is closed and the relay has written its last packet."""


class NoRecording:
    """The desk of a service, or a test, in which nothing is recorded."""

    def is_wanted(self, serial: int) -> bool:
        """No."""
        return serial < 0

    def spool(self, serial: int) -> Path:
        """There is none."""
        raise FileNotFoundError(f"call {serial} is not recorded")

    def began(self, serial: int) -> None:
        """Nothing to note."""

    def failed(self, serial: int, why: str) -> None:
        """Nothing to note."""

    def captured(self, serial: int) -> None:
        """Nothing to note."""
