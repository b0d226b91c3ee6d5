"""A phone that speaks RTP and RTCP (RFC 3550): sends, and reports of what it hears whatever a test wants."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import Self

from patience import wall_clock_ms
from twoleg.sip.sdp import SessionDescription, audio_description

HOST = "127.0.0.1"
SENDER_REPORT = 200
_NTP_EPOCH = 2_208_988_800
_VOICE = b"\xd5" * 160


@dataclass(slots=True)
class ReportingPhone:
    """Two sockets, of an even port and the one above it. `far`: seconds that its answers seem to travel longer."""

    rtp: socket.socket
    rtcp: socket.socket
    ssrc: int
    loss: int
    """What it reports: of 256 packets so many were lost."""
    jitter: int
    """In samples."""
    far: float
    port: int = 0
    """The relay's, for it."""
    heard: list[int] = field(default_factory=list)
    """SSRCs."""
    _sent: int = 0
    _report: tuple[int, float] | None = None
    """Middle bits of the last sender report's time, and when it came."""

    @classmethod
    def new(cls, *, ssrc: int, loss: int, jitter: int, far: float) -> Self:
        while True:
            rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            rtp.bind((HOST, 0))
            port = rtp.getsockname()[1]
            try:
                rtcp.bind((HOST, port + 1))
            except OSError:
                rtcp.close()
            if port % 2 == 0 and rtcp.fileno() != -1:
                for each in (rtp, rtcp):
                    each.setblocking(False)  # noqa: FBT003 - the library's own way
                return cls(rtp, rtcp, ssrc, loss, jitter, far)
            rtp.close()
            rtcp.close()

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()

    @property
    def sdp(self) -> bytes:
        port: int = self.rtp.getsockname()[1]
        return audio_description(address=HOST, port=port, session_id=2, version=1).encode()

    def aim(self, told: bytes) -> None:
        audio = SessionDescription.parse(told).audio
        assert audio is not None
        self.port = audio.port

    def say(self) -> None:
        """One packet."""
        head = struct.pack("!BBHII", 0x80, 8, self._sent & 0xFFFF, self._sent * 160, self.ssrc)
        self.rtp.sendto(head + _VOICE, (HOST, self.port))
        self._sent += 1

    def report(self) -> None:
        """A sender report with a report block on what it hears, once there is something."""
        now = wall_clock_ms() / 1000
        seconds, fraction = int(now) + _NTP_EPOCH, int(now % 1 * 2**32)
        block = b""
        if self.heard:
            last, since = self._report or (0, now)
            delay = max(1, int((now - since - self.far) * 65536)) if last else 0
            block = struct.pack(
                "!IBBHIIII", self.heard[-1], self.loss, 0, 0, self._sent & 0xFFFF, self.jitter, last, delay
            )
        words = 6 + len(block) // 4
        head = struct.pack("!BBHI", 0x80 | bool(block), SENDER_REPORT, words, self.ssrc)
        told = struct.pack("!IIIII", seconds, fraction, self._sent * 160, self._sent, self._sent * 160)
        self.rtcp.sendto(head + told + block, (HOST, self.port + 1))

    def listen(self) -> None:
        """Take what came."""
        for packet in all_of(self.rtp):
            self.heard.append(int.from_bytes(packet[8:12], "big"))
        for packet in all_of(self.rtcp):
            if packet[1] == SENDER_REPORT:
                self._report = (int.from_bytes(packet[10:14], "big"), wall_clock_ms() / 1000)


def all_of(opened: socket.socket) -> list[bytes]:
    """The datagrams that wait at a socket that does not block."""
    found = []
    try:
        while True:
            found.append(opened.recv(2048))
    except BlockingIOError:
        return found
