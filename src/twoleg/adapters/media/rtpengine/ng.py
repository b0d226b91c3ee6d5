"""The ng protocol: one datagram asks, one answers; a cookie tells which belongs to which, and lets us ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from twoleg.adapters.media.relay import RelayForgot, RelayRefused, RelaySilent
from twoleg.adapters.media.rtpengine.bencode import BencodeError, Heard, Value, decode, encode

TRIES = (0.25, 0.5, 1.0)
"""Seconds to wait for an answer, each time the question is sent: in all, how long a silent daemon can hold up a call.
A daemon keeps its answers for a while and repeats them to a cookie it knows: asking again does nothing twice."""
_LARGEST = 65_507
"""What a UDP datagram over IPv4 can hold."""
_FORGOTTEN = b"Unknown call"


class NgClient(asyncio.DatagramProtocol):
    """One daemon's control port. Needs a running loop; `connect` before the first question."""

    def __init__(self, *, host: str, port: int, tag: str) -> None:
        """`tag` begins our cookies: what no other asker of the daemon uses."""
        self.host, self.port = host, port
        self._tag = tag
        self._count = 0
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    async def connect(self) -> None:
        """Open the socket. Raises `OSError` for an address that cannot be used."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=(self.host, self.port))

    def close(self) -> None:
        """Harmless when repeated. Whoever still waits is told that nobody answers."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(RelaySilent(f"rtpengine {self.host}:{self.port}: no longer asked"))

    async def ask(self, command: str, **arguments: Value) -> Mapping[str, Heard]:
        """The answer to a command; underscores in names stand for hyphens.

        Raises `RelaySilent` when none comes in time, `RelayForgot` for an unknown call, `RelayRefused` for all else.
        """
        spoken = {name.replace("_", "-"): value for name, value in arguments.items()}
        said = await self._exchange(encode({"command": command, **spoken}), command)
        try:
            answer = decode(said)
        except BencodeError as error:
            raise RelayRefused(f"rtpengine answers {command} with what cannot be read: {error}") from error
        if not isinstance(answer, dict) or answer.get("result") not in (b"ok", b"pong"):
            raise _refusal(command, answer)
        return answer

    async def _exchange(self, question: bytes, command: str) -> bytes:
        self._count += 1
        cookie = f"{self._tag}{self._count}".encode()
        datagram = cookie + b" " + question
        if len(datagram) > _LARGEST:
            raise RelayRefused(f"{command} does not fit a datagram")
        answer = self._waiting[cookie] = asyncio.get_running_loop().create_future()
        try:
            for patience in TRIES:
                self._send(datagram)
                await asyncio.wait((answer,), timeout=patience)
                if answer.done():
                    said: bytes = answer.result()
                    return said
        finally:
            del self._waiting[cookie]
        raise RelaySilent(f"rtpengine {self.host}:{self.port} does not answer")

    def _send(self, datagram: bytes) -> None:
        if self._transport is None:
            raise RelaySilent(f"rtpengine {self.host}:{self.port}: not connected")
        self._transport.sendto(datagram)

    # ------------------------------------------------------------------ asyncio.DatagramProtocol

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the socket is connected
        """An answer; one that nobody waits for any more is passed over."""
        cookie, _, answer = data.partition(b" ")
        waiting = self._waiting.get(cookie)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (ICMP): the question is asked again all the same, for a daemon may just be starting."""


def _refusal(command: str, answer: Heard) -> RelayRefused | RelayForgot:
    why = answer.get("error-reason", answer.get("result")) if isinstance(answer, dict) else answer
    text = why.decode("utf-8", "replace") if isinstance(why, bytes) else repr(why)
    if isinstance(why, bytes) and why.startswith(_FORGOTTEN):
        return RelayForgot(f"rtpengine on {command}: {text}")
    return RelayRefused(f"rtpengine on {command}: {text}")
