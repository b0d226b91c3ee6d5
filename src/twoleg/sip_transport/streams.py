"""All TCP and TLS connections of a process: taken, made on demand, kept, found again, and bounded."""

from __future__ import annotations

import asyncio
import ipaddress
import socket as sockets_of_python
import ssl
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.connection import Connection, StreamLimits
from twoleg.sip_transport.flood import UNLIMITED, Flood
from twoleg.sip_transport.listener import Accepting, Listener
from twoleg.sip_transport.names import is_address, other_name, said, way_back
from twoleg.sip_transport.quiet import Quiet
from twoleg.sip_transport.shell import Counters, Hub, TransportLog
from twoleg.sip_transport.tls import Tls, is_for

_LOOK_EVERY: Final = 1.0
"""Seconds between two looks at what has become of the connections."""


class Streams:
    """The `shell.Port` of both stream transports, in both families."""

    def __init__(  # noqa: PLR0913 - sockets, and what bounds them
        self,
        hub: Hub,
        *,
        listeners: Sequence[Listener],
        tls: Tls | None,
        log: TransportLog,
        counters: Counters,
        limits: StreamLimits | None = None,
        flood: Flood | None = None,
    ) -> None:
        """Nothing is taken before `start`; the listening sockets belong to this from now on.  Needs a running loop."""
        self._hub = hub
        self._accepting = [Accepting(each, self._take) for each in listeners]
        self._sources = {_way(each): each.host for each in listeners}
        self._tls = tls
        self._log = log
        self._counters = counters
        self._limits = limits or StreamLimits()
        self._flood = flood or Flood(UNLIMITED)
        self._loop = asyncio.get_running_loop()
        self._ways: dict[Peer, Connection] = {}
        """Whom we can send to, also by the other names of a connection."""
        self._open: dict[Connection, None] = {}
        self._from: Counter[str] = Counter()
        self._work: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._quiet = Quiet(every=30.0)
        self._is_closed = False

    def __len__(self) -> int:
        """Connections, also those that are being made."""
        return len(self._open)

    def start(self) -> None:
        """Take connections."""
        for each in self._accepting:
            each.start()
        self._timer = self._loop.call_later(_LOOK_EVERY, self._look)

    def close(self) -> None:
        """Take no more, and end all connections."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for each in self._accepting:
            each.close()
        for task in self._work:
            task.cancel()
        for connection in list(self._open):
            connection.close()

    # ------------------------------------------------------------------ sending

    def send(self, message: Transmit) -> None:
        """By the connection that there is, else by a new one, which is made without a look-up."""
        connection = self._ways.get(message.peer)
        if connection is None or not connection.is_open:
            target = way_back(message)
            connection = self._ways.get(target)
            if connection is None or not connection.is_open:
                connection = self._dial(target)
        if connection is not None and connection.send(message):
            self._counters.sent += 1
            return
        self._counters.unsent += 1
        self._hub.unreachable(message.peer, "no connection can be made" if connection is None else "it does not read")

    def _dial(self, peer: Peer) -> Connection | None:
        if self._is_closed or not is_address(peer.host) or not self._has_room():
            return None
        connection = Connection(self, peer, is_ours=True, limits=self._limits)
        self._ways[peer] = connection
        self._open[connection] = None
        self._begin(self._connect(connection))
        return connection

    async def _connect(self, connection: Connection) -> None:
        peer = connection.peer
        try:
            async with asyncio.timeout(self._limits.connect):
                await self._loop.create_connection(lambda: connection, peer.host, peer.port, **self._how(peer))
        except (OSError, TimeoutError, ValueError) as error:  # what ssl says of odd names is a ValueError
            self._fail(connection, said(error))
            return
        if connection.refusal is not None:
            self._fail(connection, connection.refusal)
            return
        self._counters.connections_made += 1

    def _how(self, peer: Peer) -> dict[str, Any]:
        how: dict[str, Any] = {}
        # From the address that the peer knows, so that its allow-list holds.
        source = self._sources.get((peer.transport, ":" in peer.host))
        if source is not None and not ipaddress.ip_address(source).is_unspecified:
            how["local_addr"] = (source, 0)
        if peer.transport == "tls":
            if self._tls is None:
                raise OSError("TLS is not set up")
            how |= {"ssl": self._tls.client, "server_hostname": peer.domain or peer.host}
        return how

    def _fail(self, connection: Connection, why: str) -> None:
        """It never came about: everybody who was to be reached by it is told."""
        self._counters.connections_failed += 1
        waiting, connection.waiting = connection.waiting, []
        self._remove(connection)
        connection.close()
        for peer in dict.fromkeys([connection.peer, *(message.peer for message in waiting)]):
            self._hub.unreachable(peer, why)
        self._hub.flush()

    # ------------------------------------------------------------------ taking

    def _take(self, listener: Listener, taken: sockets_of_python.socket, peer: Peer) -> None:
        tls = self._tls.server if self._tls is not None else None
        is_crowd = self._from[peer.host] >= self._limits.most_from_one
        if is_crowd or not self._has_room() or (listener.transport == "tls" and tls is None):
            self._counters.connections_refused += 1
            self._say(peer, "too many connections")
            taken.close()
            return
        taken.settimeout(0)
        connection = Connection(self, peer, is_ours=False, limits=self._limits)
        self._ways[peer] = connection
        self._open[connection] = None
        self._from[peer.host] += 1
        self._begin(self._greet(connection, taken, tls if listener.transport == "tls" else None))

    async def _greet(self, connection: Connection, taken: sockets_of_python.socket, tls: ssl.SSLContext | None) -> None:
        how: dict[str, Any] = {} if tls is None else {"ssl": tls, "ssl_handshake_timeout": self._limits.handshake}
        try:
            await self._loop.connect_accepted_socket(lambda: connection, taken, **how)
        except (OSError, ssl.SSLError) as error:
            self._counters.connections_refused += 1
            self._say(connection.peer, f"no handshake: {said(error)}")
            self._remove(connection)
            taken.close()
            return
        self._counters.connections_taken += 1

    def _has_room(self) -> bool:
        """Whether one more is allowed, if need be in the place of the one that was idle longest."""
        if len(self._open) < self._limits.most:
            return True
        oldest = min(self._open, key=lambda each: each.last_used)
        if self._hub.now() - oldest.last_used < self._limits.first_message:
            return False
        oldest.drop("its place was needed")
        self._remove(oldest)
        return True

    # ------------------------------------------------------------------ what connections tell

    def now(self) -> float:
        """The hub's clock."""
        return self._hub.now()

    def wait_for(self, connection: Connection) -> float:
        """By the flood limit of its source address."""
        wait = self._flood.wait(connection.peer.host, self._hub.now())
        if wait > 0:
            self._counters.flooded += 1
            self._say(connection.peer, "too many messages: read more slowly", event="sip_flood")
        return wait

    def heard(self, connection: Connection, data: bytes) -> None:
        """Pass it on; its first message may give a connection another name."""
        self._counters.received += 1
        if not connection.is_ours and not connection.is_named:
            self._name(connection, data)
        self._hub.hear(data, connection.peer)

    def batch_over(self) -> None:
        """Send and tell."""
        self._hub.flush()

    def pinged(self) -> None:
        """Count it."""
        self._counters.keep_alives += 1

    def dropped(self, connection: Connection, why: str) -> None:
        """Count it, and say it now and then."""
        self._counters.connections_dropped += 1
        self._say(connection.peer, why)

    def refuses(self, connection: Connection) -> str | None:
        """A server that we called must be certified for the domain that we meant (RFC 5922 7.3)."""
        peer = connection.peer
        name = peer.domain or peer.host
        if not connection.is_ours or peer.transport != "tls" or is_for(connection.certificate, name):
            return None
        return f"its certificate is not for {name}"

    def lost(self, connection: Connection) -> None:
        """Forget it; what had no response on it may be sent again."""
        was_there = connection in self._open
        if was_there and connection.is_ours and not connection.has_heard and connection.refusal is None:
            self._say(connection.peer, "ended by the other end, which said nothing")
        names = (connection.peer, *connection.aliases)
        self._remove(connection)
        if was_there and not self._is_closed and connection.refusal is None:
            for peer in names:
                self._hub.connection_lost(peer)
            self._hub.flush()

    def _name(self, connection: Connection, data: bytes) -> None:
        connection.is_named = True
        alias = other_name(connection.peer, connection.certificate, data)
        if alias is not None and self._ways.setdefault(alias, connection) is connection:
            connection.aliases.append(alias)

    # ------------------------------------------------------------------ housekeeping

    def _look(self) -> None:
        self._timer = self._loop.call_later(_LOOK_EVERY, self._look)
        now = self._hub.now()
        for connection in list(self._open):
            connection.look(now)

    def _remove(self, connection: Connection) -> None:
        if self._open.pop(connection, 0) == 0:
            return
        for peer in (connection.peer, *connection.aliases):
            if self._ways.get(peer) is connection:
                del self._ways[peer]
        if not connection.is_ours:
            self._from[connection.peer.host] -= 1
            if not self._from[connection.peer.host]:
                del self._from[connection.peer.host]

    def _begin(self, work: Any) -> None:
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _say(self, peer: Peer, why: str, *, event: str = "sip_connection_dropped") -> None:
        if self._quiet.may_tell(Peer(peer.transport, peer.host, 0), self._hub.now()):
            self._log.warning(event, peer=f"{peer.transport}:{peer.host_port}", why=why)


def _way(listener: Listener) -> tuple[str, bool]:
    return (listener.transport, ":" in listener.host)
