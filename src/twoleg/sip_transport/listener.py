"""Sockets that listen: connections are taken a few at a time, and not at all while descriptors are short."""

from __future__ import annotations

import asyncio
import errno
import socket as sockets_of_python
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twoleg.sip.peers import Peer

_BATCH: Final = 16
"""Connections taken before the rest of the loop gets its turn."""

_PAUSE: Final = 1.0
_SHORT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors that come again at once, for the connection still waits to be taken."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that listens, for "tcp" or "tls"."""

    transport: str
    socket: sockets_of_python.socket

    @property
    def host(self) -> str:
        """The address it is bound to."""
        return str(self.socket.getsockname()[0])


class Accepting:
    """Takes connections from one listener on the running loop."""

    def __init__(self, listener: Listener, take: Callable[[Listener, sockets_of_python.socket, Peer], None]) -> None:
        self._listener = listener
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._is_closed = False

    def start(self) -> None:
        """Begin, or go on."""
        if not self._is_closed:
            self._listener.socket.settimeout(0)
            self._loop.add_reader(self._listener.socket.fileno(), self._ready)

    def close(self) -> None:
        """Take no more."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._listener.socket.fileno())
            self._listener.socket.close()

    def _ready(self) -> None:
        for _ in range(_BATCH):
            try:
                taken, address = self._listener.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORT:
                    self._loop.remove_reader(self._listener.socket.fileno())
                    self._loop.call_later(_PAUSE, self.start)
                    return
                continue  # that one was gone again
            self._take(self._listener, taken, Peer(self._listener.transport, address[0], address[1]))
