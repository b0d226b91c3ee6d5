"""The relay's own process: RTPProxy in it, its commands on a socket from the supervisor. A fault in it ends only it.

A datagram on the socket is `COOKIE COMMAND`; the answer is `COOKIE REPLY`. One command at a time; each takes well under
a millisecond.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
from dataclasses import dataclass
from typing import Any

_PATIENCE = 5.0
"""Seconds for one command: beyond it RTPProxy is stuck, and the process ends, to be started anew. Its threads take
their turns with everything else on the machine: beside four busy processes on two cores one answer took more than 2 s.
The engine waits less, and ends the calls of a relay that stays silent by itself (`supervision.py`, 14 s)."""
_LARGEST = 8192
_FOREVER = 7 * 86_400
"""Seconds without packets after which RTPProxy forgets a session by itself. Longer than any call: on hold nobody sends.
What a dead engine leaves is deleted by the next one."""


class RelayUnavailable(Exception):
    """rtp-io is not installed, or there is none for this machine, or it does not start."""


@dataclass(frozen=True, slots=True)
class RtpioPlan:
    """How RTPProxy is started."""

    address: str
    """IPv4 address at which phones reach us: what descriptions name."""
    port_min: int
    port_max: int


class EmbeddedRelay:
    """RTPProxy, running in this process; needs a running loop to serve."""

    def __init__(self, plan: RtpioPlan) -> None:
        """Raises `RelayUnavailable`."""
        try:
            rtp_io: Any = importlib.import_module("rtp.io")
        except ImportError as error:
            raise RelayUnavailable(f"rtp-io cannot be loaded: {error}") from error
        try:
            self._proxy = rtp_io.rtpproxy(
                ttl=_FOREVER,
                setup_ttl=_FOREVER,
                debug_level="err",
                port_min=plan.port_min,
                port_max=plan.port_max,
                # Commands name files by absolute paths, which RTPProxy appends to these.
                rec_spool_dir="/",
                rec_final_dir="/",
                modules=[],
                extra_args=["-f", "-F", "-l", plan.address],
            )
        except (RuntimeError, ValueError) as error:
            raise RelayUnavailable(f"rtp-io does not start: {error}") from error
        self._commands: socket.socket = self._proxy.rtpp_sock
        self._commands.settimeout(_PATIENCE)

    def ask(self, command: bytes) -> bytes:
        """The reply to one command. Raises `TimeoutError`."""
        self._commands.sendall(command + b"\n")
        reply = b""
        while not reply.endswith(b"\n"):
            reply += self._commands.recv(_LARGEST)
        return reply.strip()

    async def serve(self, control: socket.socket) -> None:
        """Obey the commands that come on that datagram socket, until cancelled. Raises `TimeoutError`.

        Commands that came before we were there were meant for another relay: nobody waits for their answers.
        """
        loop = asyncio.get_running_loop()
        stuck: asyncio.Future[None] = loop.create_future()
        _drain(control)
        loop.add_reader(control, self._obey, control, stuck)
        try:
            await stuck
        finally:
            loop.remove_reader(control)

    def _obey(self, control: socket.socket, stuck: asyncio.Future[None]) -> None:
        with contextlib.suppress(BlockingIOError):
            cookie, _, command = control.recv(_LARGEST).partition(b" ")
            try:
                reply = self.ask(command)
            except TimeoutError as error:
                if not stuck.done():
                    stuck.set_exception(error)
                return
            control.send(cookie + b" " + reply)


def _drain(control: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while control.recv(_LARGEST):
            pass
