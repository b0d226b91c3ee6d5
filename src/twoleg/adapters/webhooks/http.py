"""HTTP to receivers: one POST in bounded time and size, to an address that was checked, and to no other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from socket import SOCK_STREAM
from typing import Any

import httpcore

from twoleg.adapters.webhooks.addresses import AddressGuard

LARGEST_BODY = 16 * 1024
"""Octets of an answer that are read; of the rest nothing is."""
_IDLE = 30.0
"""Seconds a connection is kept for the next delivery to the same host."""
_LOOKUP_THREADS = 32
"""Names looked up at once; a name is looked up once at a time, so one dead name server holds one thread."""

Headers = Sequence[tuple[str, str]]
Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name. Raises `OSError`."""

_TROUBLE = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    OSError,  # ssl.SSLError and TimeoutError among them
)


class NoAnswer(Exception):
    """The receiver gave no answer that HTTP knows; the message says why in a few plain words."""


class AddressForbidden(httpcore.ConnectError):
    """No address of the receiver may be connected to."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as far as it was read."""

    status: int
    body: bytes
    """Its first `LARGEST_BODY` octets; empty when they did not come in time."""
    whole: bool
    """Whether that is all of it."""
    retry_after: str | None


class Poster:
    """One for each process: keeps connections, follows no redirects, knows no proxies and no cookies."""

    def __init__(self, *, guard: AddressGuard, tls: ssl.SSLContext, lookup: Lookup | None = None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=None,  # each endpoint has its own bound: one must not take another's place
            keepalive_expiry=_IDLE,
            network_backend=_GuardedNetwork(guard, lookup or SystemLookup()),
        )

    async def post(self, url: str, *, headers: Headers, body: bytes, seconds: float) -> Reply:
        """One POST. Raises `NoAnswer`.

        `seconds`: for everything until the answer's head is there; the same once more for its body, without which the
        answer is told nevertheless.
        """
        given = [("Content-Length", str(len(body))), ("Accept-Encoding", "identity"), *headers]
        request = self._pool.stream("POST", url, headers=given, content=body)
        try:
            async with asyncio.timeout(seconds):
                response = await request.__aenter__()
        except TimeoutError:
            raise NoAnswer(f"no answer within {seconds:g} s") from None
        except _TROUBLE as error:
            raise NoAnswer(_why(error)) from error
        try:
            return await _read(response, seconds)
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Let all connections go."""
        await self._pool.aclose()


async def _read(response: httpcore.Response, seconds: float) -> Reply:
    body, whole = bytearray(), False
    try:
        async with asyncio.timeout(seconds):
            async for piece in response.aiter_stream():
                body += piece
                if len(body) > LARGEST_BODY:
                    break
            else:
                whole = True
    except _TROUBLE:
        body.clear()
    found = {name.lower(): value for name, value in response.headers}
    retry_after = found.get(b"retry-after", b"").decode("latin-1") or None
    return Reply(response.status, bytes(body[:LARGEST_BODY]), whole, retry_after)


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves, checks, and connects to the very address that was checked: a second look-up could tell another one.

    TLS is still spoken with the host of the URL: httpcore takes the server's name from there.
    """

    def __init__(self, guard: AddressGuard, lookup: Lookup) -> None:
        self._guard = guard
        self._lookup = lookup
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See httpcore. Raises `AddressForbidden` when none of the addresses may be connected to."""
        addresses = [each for each in await self._lookup(host) if self._guard.allows(each)]
        if not addresses:
            raise AddressForbidden("its address may not be connected to: not a public one, and not allowed")
        for each in addresses[:-1]:
            try:
                return await self._network.connect_tcp(each, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """No URL leads here."""
        raise AddressForbidden("there are no receivers on Unix sockets")

    async def sleep(self, seconds: float) -> None:
        """See httpcore, which rests so between retries of its own; we ask for none."""
        await self._network.sleep(seconds)


class SystemLookup:
    """Asks the system's resolver (hosts file, DNS, whatever it is set up with), a name once at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="lookup")
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """Its addresses, in the system's order, each once."""
        asked = self._asked.get(host)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = self._asked[host] = loop.run_in_executor(self._threads, _addresses_of, host)
            asked.add_done_callback(lambda _: self._asked.pop(host, None))
        return await asyncio.shield(asked)


def _addresses_of(host: str) -> list[str]:
    from socket import getaddrinfo  # noqa: PLC0415 - blocking: for the thread that runs this, and for nobody else

    found = getaddrinfo(host.strip("[]"), None, type=SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _why(error: Exception) -> str:
    """What went wrong, for the tenant: addresses and ports of ours stay out of it."""
    if isinstance(error, AddressForbidden):
        return str(error)
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None and isinstance(inner, Exception):
        cause = inner
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "TLS could not be set up with it"
    if isinstance(cause, ConnectionRefusedError):
        return "it refused the connection"
    return f"{type(error).__name__}: no connection, or it broke"
