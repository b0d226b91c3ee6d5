"""The shell of a user agent with several sockets: UDP, TCP and TLS, IPv4 and IPv6, one core, one timer."""

from __future__ import annotations

import socket as sockets_of_python
from collections.abc import Callable, Sequence
from typing import Generic

from twoleg.sip.events import Event
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.connection import StreamLimits
from twoleg.sip_transport.driver import Driver
from twoleg.sip_transport.flood import UNLIMITED, Flood, FloodLimit
from twoleg.sip_transport.listener import Listener
from twoleg.sip_transport.shell import Core, Counters, Port, Tap, TransportLog
from twoleg.sip_transport.streams import Streams
from twoleg.sip_transport.tls import Tls
from twoleg.sip_transport.udp_port import UdpPort


class Transports(Generic[Core]):
    """Runs a core over all its sockets; see `shell.Shell` for what an owner may rely on."""

    def __init__(  # noqa: PLR0913 - sockets of all kinds, and what bounds them
        self,
        agent: Core,
        *,
        local: Peer,
        udp: Sequence[sockets_of_python.socket] = (),
        listeners: Sequence[Listener] = (),
        tls: Tls | None = None,
        log: TransportLog,
        limits: StreamLimits | None = None,
        flood: FloodLimit = UNLIMITED,
        tap: Tap | None = None,
    ) -> None:
        """Nothing is read or sent before `start`.  The sockets are bound, one for each transport and family at most.

        They belong to the shell from now on.  `local` is the first of the addresses that `agent` gives.  Needs a
        running loop.
        """
        self.counters = Counters()
        self._local = local
        self._flood = Flood(flood)
        self._driver = Driver(agent, send=self._send, log=log, counters=self.counters, tap=tap)
        self.streams = Streams(
            self._driver,
            listeners=listeners,
            tls=tls,
            log=log,
            counters=self.counters,
            limits=limits,
            flood=self._flood,
        )
        self._ports: dict[tuple[str, bool], Port] = {
            ("udp", each.family == sockets_of_python.AF_INET6): UdpPort(
                self._driver, socket=each, log=log, counters=self.counters, flood=self._flood
            )
            for each in udp
        }
        self._ports |= {(transport, is_ipv6): self.streams for transport in ("tcp", "tls") for is_ipv6 in (False, True)}

    def start(self, on_event: Callable[[Event], None]) -> None:
        """Begin, with what verbs and the sockets have gathered so far.

        `on_event` gets every event, in order, on the loop; verbs called inside it need no `wake`, and what it raises is
        logged and goes no further.
        """
        self._driver.start(on_event)
        for port in dict.fromkeys(self._ports.values()):
            port.start()

    @property
    def local(self) -> Peer:
        """The first of our addresses."""
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
        """Send what is waiting if that is possible at once, then close the sockets.  Again is harmless."""
        self._driver.close()
        for port in dict.fromkeys(self._ports.values()):
            port.close()

    def _send(self, message: Transmit) -> None:
        peer = message.peer
        port = self._ports.get((peer.transport, ":" in peer.host))
        if port is None:
            self._driver.unreachable(peer, "we have no address of its kind")
            return
        if not message.data.startswith(b"SIP/2.0"):
            self._flood.trust(peer.host)
        port.send(message)
