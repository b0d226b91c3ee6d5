"""The engine's end of the relay's socket: commands out, replies in, each found by its cookie."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from twoleg.adapters.media.relay import RelayForgot, RelayRefused, RelaySilent

PATIENCE = 1.5
"""Seconds for a reply. The socket loses nothing, so nothing is asked twice."""
_LARGEST = 8192
_UNKNOWN_SESSION = "E50"


class RtpioControl:
    """Asks the relay's process. Needs a running loop."""

    def __init__(self, control: socket.socket) -> None:
        """`control`: our end, a datagram socket that does not block."""
        self._control = control
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._count = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(control, self._heard)

    def close(self) -> None:
        """Ask no more; harmless when repeated."""
        self._loop.remove_reader(self._control)

    async def ask(self, command: str) -> str:
        """The reply to a command.

        Raises `RelaySilent` when none comes in time, `RelayForgot` for an unknown session, `RelayRefused` for all else.
        """
        self._count += 1
        cookie = b"%d" % self._count
        answer = self._waiting[cookie] = self._loop.create_future()
        try:
            self._control.send(cookie + b" " + command.encode())
            await asyncio.wait((answer,), timeout=PATIENCE)
        except OSError as error:  # full, for nobody reads it
            raise RelaySilent(f"rtp-io cannot be asked: {error}") from error
        finally:
            del self._waiting[cookie]
        if not answer.done():
            raise RelaySilent("rtp-io does not answer")
        return _checked(command, answer.result().decode("ascii", "replace"))

    def say(self, command: str) -> None:
        """Send a command whose reply nobody waits for; it is obeyed before all that is asked later."""
        self._count += 1
        with contextlib.suppress(OSError):  # full, for nobody reads it: then there is no relay that could obey
            self._control.send(b"%d %b" % (self._count, command.encode()))

    def _heard(self) -> None:
        with contextlib.suppress(BlockingIOError):
            cookie, _, reply = self._control.recv(_LARGEST).partition(b" ")
            waiting = self._waiting.get(cookie)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)


def _checked(command: str, reply: str) -> str:
    if not reply.startswith("E"):
        return reply
    if reply == _UNKNOWN_SESSION:
        raise RelayForgot(f"rtp-io does not know the call: {reply} to {command[:1]}")
    raise RelayRefused(f"rtp-io: {reply} to {command[:1]}")
