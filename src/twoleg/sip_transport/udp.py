"""The UDP shell: one socket, one core, on the running loop (asyncio's own or uvloop)."""

from __future__ import annotations

import asyncio
import errno
import select
import socket as sockets_of_python
from collections import deque
from collections.abc import Callable
from typing import Final, Generic

from twoleg.sip.events import Event
from twoleg.sip.parser import is_keep_alive
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.driver import Driver
from twoleg.sip_transport.icmp import report_errors, take_unreachable
from twoleg.sip_transport.shell import Core, Counters, TransportLog
from twoleg.sip_transport.sockets import BUFFER, is_sendable, local_peer, widen_buffers

_LARGEST: Final = 65_535
_BATCH: Final = 16
"""Datagrams read before output and timers get their turn: enough to share the cost, few enough not to delay answers."""

_BACKLOG: Final = 4096
"""Messages kept while the kernel has no room; beyond that they count as lost on the way, as UDP may do anyway."""

_REMEMBERED: Final = 4096
"""Addresses whose Peer is kept, so that busy peers do not cost a new object per datagram."""

_NOT_THE_PEER: Final = frozenset({errno.ENOBUFS, errno.ENOMEM, errno.EMSGSIZE})
"""Send errors of one datagram that say nothing about who should get it."""

_ABOUT_ANOTHER: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPROTO})
"""Send errors that may be the late news of an earlier datagram."""


class UdpShell(Generic[Core]):
    """Runs a core over a bound UDP socket; see `shell.Shell` for what an owner may rely on.

    Reads by itself, a batch at a time, rather than through the loop's datagram transport: as fast on uvloop, four times
    faster on asyncio's loop, one flush for several datagrams, and ICMP errors come with the address they are about.
    """

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
        self._socket = socket
        self._driver = Driver(agent, send=self._send, log=log, counters=self.counters)
        self._loop = asyncio.get_running_loop()
        self._backlog: deque[Transmit] = deque()
        self._peers: dict[object, Peer] = {}
        self._targets: dict[Peer, tuple[str, int]] = {}
        socket.settimeout(0)
        granted = widen_buffers(socket)
        if granted < BUFFER:
            log.info("sip_receive_buffer", granted=granted, wanted=BUFFER, raise_it_with="sysctl net.core.rmem_max")
        report_errors(socket)
        # libuv stops watching a descriptor that reports POLLERR, which is how ICMP errors show. An epoll never does.
        self._epoll = select.epoll()
        self._epoll.register(socket.fileno(), select.EPOLLIN)

    def start(self, on_event: Callable[[Event], None]) -> None:
        """Begin, with what verbs and the socket have gathered so far.

        `on_event` gets every event, in order, on the loop; verbs called inside it need no `wake`, and what it raises is
        logged and goes no further.
        """
        self._driver.start(on_event)
        self._loop.add_reader(self._epoll.fileno(), self._ready)

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
        if self._epoll.closed:
            return
        self._driver.close()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._socket.close()

    def _ready(self) -> None:
        if self._backlog:
            self._send_backlog()
        self._read()
        self._driver.flush()

    def _read(self) -> None:
        receive, hear, counters = self._socket.recvfrom, self._hear, self.counters
        before = counters.received
        try:
            for _ in range(_BATCH):
                data, address = receive(_LARGEST)
                counters.received += 1
                hear(data, address)
        except BlockingIOError:
            if counters.received == before:  # awake, but nothing to read: look at the error queue
                self._take_errors()
        except OSError:
            self._take_errors()

    def _hear(self, data: bytes, address: tuple[str, int]) -> None:
        if is_keep_alive(data):
            self.counters.keep_alives += 1
            return
        peer = self._peers.get(address)
        if peer is None:
            if len(self._peers) >= _REMEMBERED:
                self._peers.clear()
            peer = self._peers[address] = Peer("udp", address[0], address[1])
        self._driver.hear(data, peer)

    def _take_errors(self) -> None:
        for peer, why in take_unreachable(self._socket):
            self._driver.unreachable(peer, why)

    def _send(self, message: Transmit) -> None:
        if not self._backlog and self._is_sent(message):
            return
        if len(self._backlog) >= _BACKLOG:
            self.counters.unsent += 1
            return
        self._backlog.append(message)
        if len(self._backlog) == 1:
            self._epoll.modify(self._socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _send_backlog(self) -> None:
        backlog = self._backlog
        while backlog and self._is_sent(backlog[0]):
            backlog.popleft()
        if not backlog:
            self._epoll.modify(self._socket.fileno(), select.EPOLLIN)

    def _is_sent(self, message: Transmit, *, tries: int = 3) -> bool:
        """Whether the message is dealt with: sent, or given up; False when the kernel has no room now."""
        target = self._targets.get(message.peer) or self._target(message.peer)
        if target is None:
            self._give_up(message.peer, "not an address of this socket's family")
            return True
        try:
            self._socket.sendto(message.data, target)
        except BlockingIOError:
            return False
        except OSError as error:
            # The kernel hands an ICMP error to whoever calls next: most likely it is about another datagram.
            self._take_errors()
            if tries > 1 and error.errno in _ABOUT_ANOTHER:
                return self._is_sent(message, tries=tries - 1)
            self._refused(message.peer, error)
            return True
        self.counters.sent += 1
        return True

    def _target(self, peer: Peer) -> tuple[str, int] | None:
        """What sendto takes, None when it would have to look a name up or raise."""
        if not is_sendable(peer, self._socket.family):
            return None
        if len(self._targets) >= _REMEMBERED:
            self._targets.clear()
        target = self._targets[peer] = (peer.host, peer.port)
        return target

    def _refused(self, peer: Peer, error: OSError) -> None:
        if error.errno in _NOT_THE_PEER:
            self.counters.unsent += 1
        else:
            self._give_up(peer, error.strerror or str(error))

    def _give_up(self, peer: Peer, why: str) -> None:
        self.counters.unsent += 1
        self._driver.unreachable(peer, why)
