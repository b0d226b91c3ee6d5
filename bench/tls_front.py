"""TLS for sipp, which Debian builds without: whoever connects here by TLS talks to it by TCP."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Self

import trustme

_PIECE = 65536
_HOST = "127.0.0.1"


class Papers:
    """A certificate for this machine and the authority that made it, each run anew."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca, self.certificate = folder / "ca.pem", folder / "certificate.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        authority.issue_cert(_HOST).private_key_and_cert_chain_pem.write_to_path(str(self.certificate))


class TlsFront:
    """Use it in an `async with`, on the loop of the bench."""

    def __init__(self, papers: Papers, behind: int) -> None:
        """`behind`: the TCP port on loopback."""
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(papers.certificate)
        self._behind = behind
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, _HOST, 0, ssl=self._context)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for pump in tuple(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(_HOST, self._behind)
        for pump in (_pump(reader, inner_writer), _pump(inner_reader, writer)):
            task = asyncio.ensure_future(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
