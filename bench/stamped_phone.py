"""A phone that knows when things were on the wire: it sends at stamped times, and the kernel stamps what arrives.

It plays every agent (numbers that begin with 1) and every customer (2) on one socket: rings, answers after a moment,
and as customer hangs up after talking. It shares no code with the service, and it repeats nothing: loopback loses
nothing at the rates it is used for.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from collections.abc import Callable
from typing import Final, Self

RING: Final = 0.05
"""Seconds from INVITE to answer."""

_SO_TIMESTAMPNS: Final = 35  # socket(7), <asm/socket.h>; the socket module does not name it
_TIMESPEC: Final = struct.Struct("@ll")
_HEADERS: Final = re.compile(rb"^(Via|From|To|Call-ID|CSeq|Contact): *(.*?)\r$", re.MULTILINE)
_NUMBER: Final = re.compile(rb"sip:([0-9]+)@")
_SDP: Final = (
    b"v=0\r\no=phone 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=%s\r\n"
)

Seconds = float
"""Since the Unix epoch: the clock that the kernel stamps with."""


class StampedPhone:
    """All phones of a bench. Use it in a `with`, inside a running loop."""

    def __init__(self, *, talk: float) -> None:
        """The customer hangs up `talk` seconds after its answer."""
        self.on_customer_answer: Callable[[str, Seconds], None] | None = None
        """Told the number and when its 200 left."""
        self.answered: dict[str, Seconds] = {}
        """When the 200 of the phone with that number left."""
        self.invited: dict[str, Seconds] = {}
        """When the first INVITE for that number arrived."""
        self.hung_up: set[str] = set()
        """Numbers whose call is over for them."""
        self._talk = talk
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.settimeout(0)
        self.port: int = self._socket.getsockname()[1]
        """Where it listens."""
        self._timers: list[asyncio.TimerHandle] = []
        self._loop.add_reader(self._socket, self._ready)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _ready(self) -> None:
        try:
            while True:
                message, ancillary, _, source = self._socket.recvmsg(65535, 128)
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2][: _TIMESPEC.size])
                self._take(message, seconds + nanoseconds / 1e9, source)
        except BlockingIOError:
            return

    def _take(self, message: bytes, at: Seconds, source: tuple[str, int]) -> None:
        headers = dict(_HEADERS.findall(message.partition(b"\r\n\r\n")[0] + b"\r"))
        method = message.partition(b" ")[0]
        if method == b"INVITE" and b"tag=" not in headers[b"To"]:
            self._ring(headers, at, source)
        elif method == b"INVITE":
            self._send(self._answer(headers, b"200 OK", body=_SDP % (2, b"sendrecv")), source)
        elif method == b"BYE":
            self._send(self._answer(headers, b"200 OK"), source)
            self.hung_up.add(_number(headers))

    def _ring(self, headers: dict[bytes, bytes], at: Seconds, source: tuple[str, int]) -> None:
        number = _number(headers)
        if number in self.invited:
            return
        self.invited[number] = at
        self._send(self._answer(headers, b"100 Trying"), source)
        self._send(self._answer(headers, b"180 Ringing", tag=_tag(number)), source)
        self._timers.append(self._loop.call_later(RING, self._accept, number, headers, source))

    def _accept(self, number: str, headers: dict[bytes, bytes], source: tuple[str, int]) -> None:
        is_agent = number.startswith("1")
        body = _SDP % (1, b"inactive" if is_agent else b"sendrecv")
        answer = self._answer(headers, b"200 OK", tag=_tag(number), body=body)
        at = self.answered[number] = time.time()
        self._send(answer, source)
        if not is_agent:
            self._timers.append(self._loop.call_later(self._talk, self._hang_up, number, headers, source))
            if self.on_customer_answer is not None:
                self.on_customer_answer(number, at)

    def _hang_up(self, number: str, headers: dict[bytes, bytes], source: tuple[str, int]) -> None:
        target = re.search(rb"<([^>]+)>", headers[b"Contact"])
        bye = (
            b"BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-bye-%s\r\nMax-Forwards: 70\r\n"
            b"From: %s%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
        ) % (
            target[1] if target else b"sip:twoleg@127.0.0.1",
            self.port,
            number.encode(),
            headers[b"To"],
            _tag(number),
            headers[b"From"],
            headers[b"Call-ID"],
        )
        self._send(bye, source)
        self.hung_up.add(number)

    def _answer(self, headers: dict[bytes, bytes], status: bytes, *, tag: bytes = b"", body: bytes = b"") -> bytes:
        return (
            b"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
            b"Contact: <sip:phone@127.0.0.1:%d>\r\n%sContent-Length: %d\r\n\r\n%s"
        ) % (
            status,
            headers[b"Via"],
            headers[b"From"],
            headers[b"To"],
            tag,
            headers[b"Call-ID"],
            headers[b"CSeq"],
            self.port,
            b"Content-Type: application/sdp\r\n" if body else b"",
            len(body),
            body,
        )

    def _send(self, message: bytes, target: tuple[str, int]) -> None:
        self._socket.sendto(message, target)


def _number(headers: dict[bytes, bytes]) -> str:
    found = _NUMBER.search(headers[b"To"])
    return found[1].decode() if found else ""


def _tag(number: str) -> bytes:
    return b";tag=" + number.encode()
