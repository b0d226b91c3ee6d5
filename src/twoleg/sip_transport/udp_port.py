"""One UDP socket on the running loop (asyncio's own or uvloop)."""

from __future__ import annotations

import asyncio
import errno
import select
import socket as sockets_of_python
from collections import deque
from typing import Final

from twoleg.sip.parser import is_keep_alive
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.flood import UNLIMITED, Flood
from twoleg.sip_transport.icmp import report_errors, take_unreachable
from twoleg.sip_transport.quiet import Quiet
from twoleg.sip_transport.shell import Counters, Hub, TransportLog
from twoleg.sip_transport.sockets import BUFFER, is_sendable, widen_buffers

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


class UdpPort:
    """A bound UDP socket; a `shell.Port`.

    Reads by itself, a batch at a time, rather than through the loop's datagram transport: as fast on uvloop, four times
    faster on asyncio's loop, one flush for several datagrams, and ICMP errors come with the address they are about.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        socket: sockets_of_python.socket,
        log: TransportLog,
        counters: Counters,
        flood: Flood | None = None,
    ) -> None:
        """Nothing is read or sent before `start`.  `socket` belongs to the port from now on.  Needs a running loop."""
        self._hub = hub
        self._socket = socket
        self._counters = counters
        self._flood = flood or Flood(UNLIMITED)
        self._log = log
        self._quiet = Quiet(every=30.0)
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

    def start(self) -> None:
        """Begin to read."""
        self._loop.add_reader(self._epoll.fileno(), self._ready)

    def close(self) -> None:
        """Close the socket.  Again is harmless."""
        if self._epoll.closed:
            return
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._socket.close()

    def send(self, message: Transmit) -> None:
        """Send it, or keep it until the kernel has room."""
        if not self._backlog and self._is_sent(message):
            return
        if len(self._backlog) >= _BACKLOG:
            self._counters.unsent += 1
            return
        self._backlog.append(message)
        if len(self._backlog) == 1:
            self._epoll.modify(self._socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _ready(self) -> None:
        if self._backlog:
            self._send_backlog()
        self._read()
        self._hub.flush()

    def _read(self) -> None:
        receive, hear, counters = self._socket.recvfrom, self._hear, self._counters
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
            self._counters.keep_alives += 1
            return
        peer = self._peers.get(address)
        if peer is None:
            if len(self._peers) >= _REMEMBERED:
                self._peers.clear()
            peer = self._peers[address] = Peer("udp", address[0], address[1])
        if not self._flood.admits(peer.host, self._hub.now()):
            self._counters.flooded += 1
            if self._quiet.may_tell(Peer("udp", peer.host, 0), self._hub.now()):
                self._log.warning("sip_flood", peer=f"udp:{peer.host}", why="too many messages: not heard")
            return
        self._hub.hear(data, peer)

    def _take_errors(self) -> None:
        for peer, why in take_unreachable(self._socket):
            self._hub.unreachable(peer, why)

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
        self._counters.sent += 1
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
            self._counters.unsent += 1
        else:
            self._give_up(peer, error.strerror or str(error))

    def _give_up(self, peer: Peer, why: str) -> None:
        self._counters.unsent += 1
        self._hub.unreachable(peer, why)
