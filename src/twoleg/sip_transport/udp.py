"""The UDP shell: one socket, one core, on the running loop (asyncio's own or uvloop)."""

from __future__ import annotations

import socket as sockets_of_python
from collections.abc import Callable
from typing import Generic

from twoleg.sip.events import Event
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.driver import Driver
from twoleg.sip_transport.shell import Core, Counters, TransportLog
from twoleg.sip_transport.sockets import local_peer
from twoleg.sip_transport.udp_port import UdpPort


class UdpShell(Generic[Core]):
    """Runs a core over a bound UDP socket; see `shell.Shell` for what an owner may rely on."""

    def __init__(
        self,
        agent: Core,
        *,
        socket: sockets_of_python.socket,
        log: TransportLog,
        local: Peer | None = None,
    ) -> None:
        """Nothing is read or sent before `start`.  `socket` is bound already and belongs to the shell from now on.

        `local` is what `agent` gives as its address, by default that of the socket.  Needs a running loop.
        """
        self.counters = Counters()
        self._local = local_peer(socket) if local is None else local
        self._driver = Driver(agent, send=self._send, log=log, counters=self.counters)
        self._port = UdpPort(self._driver, socket=socket, log=log, counters=self.counters)

    def start(self, on_event: Callable[[Event], None]) -> None:
        """Begin, with what verbs and the socket have gathered so far.

        `on_event` gets every event, in order, on the loop; verbs called inside it need no `wake`, and what it raises is
        logged and goes no further.
        """
        self._driver.start(on_event)
        self._port.start()

    @property
    def local(self) -> Peer:
        """The address that peers reach us at."""
        return self._local

    @property
    def agent(self) -> Core:
        """The core; call `wake` after its verbs, unless inside `on_event`."""
        return self._driver.core

    def now(self) -> float:
        """The clock of the core: the loop's, in seconds."""
        return self._driver.now()

    def wake(self) -> None:
        """Send, in this turn of the loop, what verbs called from outside produced."""
        self._driver.wake()

    def close(self) -> None:
        """Send what is waiting if that is possible at once, then close the socket.  Again is harmless."""
        self._driver.close()
        self._port.close()

    def _send(self, message: Transmit) -> None:
        self._port.send(message)
