"""A softphone as it is in a browser, without the browser: SIP over a secure WebSocket, audio by aiortc's WebRTC.

async with WebrtcPhone.registered(edge.address("wss"), ca, ("88889050", "secret"), hz=440, codec="opus") as agent:
    await agent.hear_for(1.0, seconds=20)
    await agent.is_hung_up(seconds=20)
    assert agent.heard(tmp_path / "agent.wav", seconds=0.5) == pytest.approx(1000, abs=10)
"""

from __future__ import annotations

import asyncio
import math
import socket
from array import array
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Self
from unittest.mock import patch

import aioice.ice
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

import witness
from interop.sipp import LOOPBACK
from interop.tones import RATE, is_audible, last_frequency, write_samples
from interop.websocket_phone import WebsocketPhone, accepted, in_dialog, response
from patience import eventually_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_FRAME = RATE // 50
"""Samples in 20 ms."""


class _Voice(MediaStreamTrack):
    """A tone, in real time."""

    kind = "audio"

    def __init__(self, hz: float) -> None:
        super().__init__()
        self._hz = hz
        self._said = 0
        self._began_at: float | None = None

    async def recv(self) -> AudioFrame:
        """The next 20 ms of it, when they are due."""
        loop = asyncio.get_running_loop()
        if self._began_at is None:
            self._began_at = loop.time()
        await asyncio.sleep(max(0.0, self._began_at + self._said / RATE - loop.time()))
        turns = (2 * math.pi * self._hz * (self._said + each) / RATE for each in range(_FRAME))
        frame = AudioFrame(format="s16", layout="mono", samples=_FRAME)
        frame.planes[0].update(array("h", (round(10_000 * math.sin(turn)) for turn in turns)).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._said, Fraction(1, RATE)
        self._said += _FRAME
        return frame


@dataclass(slots=True)
class WebrtcPhone:
    """A registered phone. It takes one call, and whatever is changed in it, until the other end hangs up."""

    line: WebsocketPhone
    connection: RTCPeerConnection
    offers: list[str] = field(default_factory=list)
    """The session descriptions that it was offered."""
    answers: list[str] = field(default_factory=list)
    """What it answered to each."""
    _invite: str = ""
    """The first one: it made the dialog."""
    _number: int = 0
    """Of its last request."""
    _lived: list[str] = field(default_factory=list)
    _heard: array[int] = field(default_factory=lambda: array("h"))
    _sound: float = 0.0
    _call: asyncio.Task[None] | None = None
    _ears: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def registered(
        cls, address: tuple[str, int], ca: Path, login: tuple[str, str], *, hz: float, codec: str
    ) -> AsyncIterator[Self]:
        """Connect and register; gone when the block ends.

        Args:
            address: of the edge's secure WebSocket.
            ca: whom it trusts.
            login: its number, and its password.
            hz: what it says.
            codec: the one that it prefers, as a MIME subtype: "PCMU", "PCMA", "G722", "opus". It has them all.
        """
        line = await asyncio.to_thread(WebsocketPhone.registered, address, ca, *login)
        line.connection.settimeout(None)
        phone = cls(line, RTCPeerConnection(RTCConfiguration(iceServers=[])))
        phone.connection.addTrack(_Voice(hz))
        (voice,) = phone.connection.getTransceivers()
        has = RTCRtpSender.getCapabilities("audio").codecs
        voice.setCodecPreferences(sorted(has, key=lambda each: each.mimeType.lower() != f"audio/{codec}".lower()))
        phone.connection.on("track", phone._listen)
        phone._call = asyncio.create_task(phone._take_call())
        witness.phone("agent", phone.story)
        try:
            yield phone
        finally:
            await phone.connection.close()
            phone._call.cancel()
            with suppress(OSError):  # it may be down already; this wakes a thread that still listens
                line.connection.shutdown(socket.SHUT_RDWR)
            await asyncio.gather(phone._call, *phone._ears, return_exceptions=True)
            line.connection.close()

    def story(self) -> str:
        """The requests that it heard, each once, and the tone."""
        return ", ".join(dict.fromkeys(self._lived))

    async def is_hung_up(self, *, seconds: float) -> None:
        """Wait until the other end hung up; fails with whatever went wrong in the call."""
        assert self._call is not None
        await asyncio.wait_for(self._call, seconds)

    async def offers_anew(self, direction: str, *, seconds: float) -> None:
        """Offer that direction ("sendonly": hold, "sendrecv": resume) by a re-INVITE; returns once it was accepted."""
        (voice,) = self.connection.getTransceivers()
        voice.direction = direction
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self._number += 1
        self.line.says(self._request("INVITE", self.connection.localDescription.sdp))
        assert await eventually_async(lambda: self.connection.signalingState == "stable", seconds=seconds), self._lived

    def _request(self, method: str, body: str = "") -> str:
        return in_dialog(method, self._invite, self.line.user, number=self._number, body=body)

    async def _take_call(self) -> None:
        while not (message := await self._next()).startswith("BYE "):
            if message.startswith("INVITE "):
                await self._take_offer(message)
            elif message.startswith("SIP/2.0 2"):
                await self._take_answer(message)
        self.line.says(response(message, "200 OK"))

    async def _take_answer(self, success: str) -> None:
        self.line.says(self._request("ACK"))
        answer = RTCSessionDescription(sdp=success.partition("\r\n\r\n")[2], type="answer")
        await self.connection.setRemoteDescription(answer)

    async def _next(self) -> str:
        message = await asyncio.to_thread(self.line.hears)
        if not message.startswith("SIP/2.0"):
            self._lived.append(message.partition(" ")[0])
        return message

    async def _take_offer(self, invite: str) -> None:
        head, _, offer = invite.partition("\r\n\r\n")
        self._invite = self._invite or head
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        # It leaves loopback out of its candidates, as browsers do; here there is nothing else.
        with patch.object(aioice.ice, "get_host_addresses", return_value=[LOOPBACK]):
            await self.connection.setLocalDescription(await self.connection.createAnswer())
        answer = self.connection.localDescription.sdp
        self.line.says(accepted(head, self.line.user, answer))
        self.offers.append(offer)
        self.answers.append(answer)

    async def is_offered(self, attribute: str, *, seconds: float) -> None:
        """Wait until the last description that it was offered has that line."""
        assert await eventually_async(lambda: attribute in self.offers[-1].splitlines(), seconds=seconds), self.offers

    async def hear_for(self, sound: float, *, seconds: float) -> None:
        """Wait until that many seconds of anything but silence came in, from now on."""
        enough = self._sound + sound
        call = self._call
        assert await eventually_async(
            lambda: self._sound >= enough, unless=lambda: call is not None and call.done(), seconds=seconds
        ), f"heard {self._sound} s, wanted {enough} s; media: {self.connection.connectionState}"

    def heard(self, path: Path, *, seconds: float) -> float:
        """The frequency of the last so many seconds that it heard, in Hz; leaves all that it heard at `path`."""
        write_samples(path, self._heard)
        hz = last_frequency(path, seconds=seconds)
        self._lived.append(f"heard {hz:.0f} Hz")
        return hz

    def _listen(self, track: MediaStreamTrack) -> None:
        self._ears.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        narrow = AudioResampler(format="s16", layout="mono", rate=RATE)
        with suppress(MediaStreamError):  # the end of the track
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                for piece in narrow.resample(frame):
                    samples = array("h", bytes(piece.planes[0])[: 2 * piece.samples])
                    self._heard.extend(samples)
                    self._sound += len(samples) / RATE if is_audible(samples) else 0.0
