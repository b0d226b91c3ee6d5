"""TLS for a test peer that has none: whoever connects here by TLS talks to it by TCP.

with TlsFront.before(registrar.address, certificate) as front:
    trunk = f"sip:{front.address[0]}:{front.address[1]};transport=tls"
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from interop.sipp import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PIECE = 65536


@dataclass(slots=True)
class TlsFront:
    """A listening front; its work is done in a thread of its own."""

    address: tuple[str, int] = ("", 0)
    versions: list[str] = field(default_factory=list)
    """The TLS version of each connection that was made."""
    _behind: tuple[str, int] | None = None
    _pumps: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    @contextmanager
    def listening(cls, certificate: Path) -> Iterator[Self]:
        """On a free port of loopback, showing that certificate (PEM, with key), until the block ends."""
        front, ready, stop = cls(), threading.Event(), asyncio.Event()
        loop = asyncio.new_event_loop()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

        async def serve() -> None:
            server = await asyncio.start_server(front._connected, LOOPBACK, 0, ssl=context)
            front.address = server.sockets[0].getsockname()[:2]
            ready.set()
            async with server:
                await stop.wait()
                for pump in list(front._pumps):
                    pump.cancel()
                await asyncio.gather(*front._pumps, return_exceptions=True)

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        assert ready.wait(10)
        try:
            yield front
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)
            loop.close()

    def stand_before(self, behind: tuple[str, int]) -> None:
        """From now on who connects here talks to that TCP server."""
        self._behind = behind

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._behind is not None, "nobody is behind"
        self.versions.append(writer.get_extra_info("ssl_object").version())
        inner_reader, inner_writer = await asyncio.open_connection(*self._behind)
        for pump in (_pump(reader, inner_writer), _pump(inner_reader, writer)):
            task = asyncio.ensure_future(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                writer.write(piece)
                await writer.drain()
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
