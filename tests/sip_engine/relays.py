"""Relays in the same loop: rtpengine behind its own client and RTPProxy behind its own socket, without any audio.

What they answer is what the real ones answer; `tests/media` asks those. They note which calls they have, so that a
test sees a call that nobody ended there, and a test may bend an answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any

from media.relay import ADDRESS
from twoleg.adapters.media.rtpengine.anchor import LegTransports
from twoleg.adapters.media.rtpengine.bencode import Heard, Value, decode, encode
from twoleg.adapters.media.rtpengine.daemons import RtpengineDaemon
from twoleg.adapters.media.rtpengine.ng import NgClient
from twoleg.adapters.media.rtpio.anchor import RtpioRelay
from twoleg.adapters.media.rtpio.control import RtpioControl
from twoleg.adapters.media.rtpio.descriptions import moved_to
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.sip.sdp import SessionDescription

LATE = 0.01
"""Seconds until they answer."""
Bend = Callable[[str, bytes], bytes]
"""From a command and its proper answer to the one that is given."""


def straight(_command: str, answer: bytes) -> bytes:
    return answer


class FakeDaemon:
    """An rtpengine: a call is there from its first offer until `delete`."""

    def __init__(self, bend: Bend = straight) -> None:
        self.bend = bend
        self.calls: dict[str, int] = {}
        """By Call-ID, how often it was asked how the call is."""
        self._ports = 30_000
        self.client = NgClient(host="rtpengine.example", port=2223, tag="t-")
        self.client._transport = self  # type: ignore[assignment]  # all that it asks of a transport
        self.relay = RtpengineDaemon(ng=self.client, transports=LegTransports(), captures=None, changed=lambda *_: None)

    def sendto(self, datagram: bytes) -> None:
        cookie, _, question = datagram.partition(b" ")
        heard = decode(question)
        assert isinstance(heard, dict)
        command, call = _text(heard["command"]), _text(heard["call-id"])
        answer = self.bend(command, encode(self._answer(command, call, heard)))
        loop = asyncio.get_running_loop()
        loop.call_later(LATE, self.client.datagram_received, cookie + b" " + answer, None)

    def _answer(self, command: str, call: str, heard: Mapping[str, Heard]) -> Mapping[str, Value]:
        if command == "offer":
            self.calls.setdefault(call, 0)
        if call not in self.calls:
            return {"result": "error", "error-reason": "Unknown call-id"}
        if command == "delete":
            del self.calls[call]
        elif command == "query":
            self.calls[call] += 1
            return {"result": "ok", "tags": {role: self._party(call) for role in ("agent", "customer")}}
        elif command in ("offer", "answer"):
            return {"result": "ok", "sdp": self._moved(heard["sdp"])}
        return {"result": "ok"}

    def _party(self, call: str) -> Mapping[str, Value]:
        """Whose packets stop between the third and the sixth look."""
        looks = self.calls[call]
        packets = 100 * (looks if looks < 3 or looks > 6 else 3)
        return {"medias": [{"streams": [{"SSRC": 7, "stats": {"packets": packets}}]}]}

    def _moved(self, body: Heard) -> bytes:
        assert isinstance(body, bytes)
        self._ports += 2
        return moved_to(SessionDescription.parse(body), address=ADDRESS, port=self._ports % 60_000).encode()


class FakeProxy:
    """An RTPProxy at the other end of a socket: a session is there from `U` until `D`."""

    def __init__(self, prompts: Prompts, bend: Bend = straight) -> None:
        self.bend = bend
        self.calls: dict[str, int] = {}
        self._ports = 20_000
        ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for each in (ours, self._theirs):
            each.setblocking(False)  # noqa: FBT003 - the library's own way
        self._ours = ours
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._theirs, self._hear)
        self.control = RtpioControl(ours)
        self.relay = RtpioRelay(control=self.control, prompts=prompts, address=ADDRESS)

    def close(self) -> None:
        self._loop.remove_reader(self._theirs)
        self.control.close()
        self._ours.close()
        self._theirs.close()

    def _hear(self) -> None:
        cookie, _, command = self._theirs.recv(8192).partition(b" ")
        verb, session, *_ = command.decode().split()
        answer = self.bend(verb, self._answer(verb[0], session).encode())
        self._loop.call_later(LATE, self._theirs.send, cookie + b" " + answer)

    def _answer(self, verb: str, session: str) -> str:
        if verb == "U":
            self.calls.setdefault(session, 0)
        if session not in self.calls:
            return "0" if verb == "L" else "E50"
        if verb == "D":
            del self.calls[session]
        elif verb == "Q":
            self.calls[session] += 1
            return f"{100 * self.calls[session]} 0 8.0"
        elif verb in "UL":
            self._ports += 2
            return f"{20_000 + self._ports % 10_000} {ADDRESS}"
        return "0"


def _text(value: Any) -> str:
    assert isinstance(value, bytes)
    return value.decode()
