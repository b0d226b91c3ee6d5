"""The other end of a stream: connections that the test makes or takes, and SIP messages to put through them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import trustme

from sip_transport.cores import LOOPBACK, RememberingLog, ScriptedCore
from twoleg.sip.events import Event
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.connection import StreamLimits
from twoleg.sip_transport.flood import UNLIMITED, FloodLimit
from twoleg.sip_transport.listener import Listener
from twoleg.sip_transport.sockets import bind_udp
from twoleg.sip_transport.tls import Tls, TlsFiles, load_tls
from twoleg.sip_transport.transports import Transports


def ask(number: int = 1, *, via: str = "SIP/2.0/TCP 127.0.0.1:5060", body: bytes = b"") -> bytes:
    """A request that can be told from others."""
    head = (
        f"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: {via};branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def reply(number: int = 1, *, via: str = "SIP/2.0/TCP 127.0.0.1:5060") -> bytes:
    """A response likewise."""
    return ask(number, via=via).replace(b"OPTIONS sip:x@127.0.0.1 SIP/2.0", b"SIP/2.0 200 OK", 1)


class Line:
    """One connection, seen from the other end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, peer: Peer, *, tls: ssl.SSLContext | None = None) -> Self:
        """Connect."""
        named: dict[str, Any] = {} if tls is None else {"ssl": tls, "server_hostname": "ours.example"}
        return cls(*await asyncio.open_connection(peer.host, peer.port, **named))

    @property
    def here(self) -> tuple[str, int]:
        """The address of this end."""
        host, port = self.writer.get_extra_info("sockname")[:2]
        return host, port

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self, wanted: bytes) -> None:
        """Exactly that comes next."""
        assert await self.reader.readexactly(len(wanted)) == wanted

    async def ends(self) -> bytes:
        """What came before the other end closed."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError, ssl.SSLError):
            await self.writer.wait_closed()


class Exchange:
    """A server of the test's: `taken` are its connections."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[Line] = asyncio.Queue()
        self.count = 0
        self.peer = Peer("tcp", LOOPBACK, 0)
        self._server: asyncio.Server | None = None
        self._lines: list[Line] = []

    async def open(self, *, host: str = LOOPBACK, tls: ssl.SSLContext | None = None, domain: str = "") -> None:
        self._server = await asyncio.start_server(self._take, host, self.peer.port, ssl=tls, reuse_address=True)
        port = self._server.sockets[0].getsockname()[1]
        self.peer = Peer("tcp" if tls is None else "tls", host, port, domain)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        line = Line(reader, writer)
        self._lines.append(line)
        self.taken.put_nowait(line)

    async def close(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            await line.close()
        self._server = None


def listening(host: str = LOOPBACK) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.bind((host, 0))
    bound.listen(64)
    return bound


@dataclass(slots=True)
class Post:
    """One shell with a UDP, a TCP and perhaps a TLS address."""

    shell: Transports[ScriptedCore]
    core: ScriptedCore
    log: RememberingLog
    udp: Peer
    tcp: Peer
    tls: Peer | None
    events: list[Event] = field(default_factory=list)

    def heard(self) -> list[bytes]:
        return [data for data, _, _ in self.core.heard]

    def send(self, data: bytes, peer: Peer) -> None:
        """As an owner does."""
        self.core.output.append(Transmit(data, peer))
        self.shell.wake()


def peer_of(bound: socket.socket, transport: str) -> Peer:
    host, port = bound.getsockname()[:2]
    return Peer(transport, host, port)


@asynccontextmanager
async def post(
    *,
    host: str = LOOPBACK,
    tls: Tls | None = None,
    limits: StreamLimits | None = None,
    flood: FloodLimit = UNLIMITED,
) -> AsyncIterator[Post]:
    core, log = ScriptedCore(), RememberingLog()
    udp, tcp = bind_udp(host, 0), listening(host)
    listeners = [Listener("tcp", tcp)]
    if tls is not None and tls.server is not None:
        listeners.append(Listener("tls", listening(host)))
    locals_ = [peer_of(udp, "udp"), *(peer_of(each.socket, each.transport) for each in listeners)]
    shell = Transports(
        core, local=locals_[0], udp=[udp], listeners=listeners, tls=tls, log=log, limits=limits, flood=flood
    )
    here = Post(shell, core, log, locals_[0], locals_[1], locals_[2] if len(locals_) > 2 else None)
    escaped: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: escaped.append(context))
    shell.start(here.events.append)
    try:
        yield here
    finally:
        shell.close()
        for _ in range(5):
            await asyncio.sleep(0)
    assert escaped == []


async def until(holds: Callable[[], object]) -> None:
    """Within ten seconds of the loop's time, else TimeoutError."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - there is nothing else to wait for
            await asyncio.sleep(0.01)


class Certificates:
    """An authority of the test's own, in files."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca))

    def files(self, *names: str, verify_clients: bool = False) -> TlsFiles:
        """A certificate for those names, and trust in the authority."""
        path = self.folder / f"{names[0]}.pem"
        self.authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(path))
        return TlsFiles(certificate=path, ca=self.ca, verify_clients=verify_clients)

    def tls(self, *names: str, verify_clients: bool = False) -> Tls:
        return load_tls(self.files(*names, verify_clients=verify_clients))

    def server(self, *names: str) -> ssl.SSLContext:
        """For the other end."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(*names).configure_cert(context)
        return context

    def client(self, *names: str) -> ssl.SSLContext:
        """For the other end; with a certificate when there are names."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if names:
            self.authority.issue_cert(*names).configure_cert(context)
        return context
