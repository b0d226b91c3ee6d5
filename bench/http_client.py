"""A lean HTTP/1.1 client: raw bytes over kept connections, so that the load costs little beside what it measures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Self, cast

import msgspec

TOKEN_PATH = "/apigovernance/api/oauth/tokenByAkSk"
CREATE_PATH = "/apiaccess/CC-Management/v1/mobileAgent/createCall"
QUERY_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"

_PATIENCE = 10.0
"""Seconds for an answer."""


class RefusedError(Exception):
    """The service answered something else than success; the text is its answer."""


class _Connection(asyncio.Protocol):
    """One connection, one request at a time. Understands answers with a Content-Length, which ours all have."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._received = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Its status and body. Raises OSError, TimeoutError."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        async with asyncio.timeout(_PATIENCE):
            return await self._answer

    @property
    def is_open(self) -> bool:
        """The service has not closed it, as it does with one that is idle for long."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


@dataclass(frozen=True, slots=True)
class Access:
    """What a program needs to use the service."""

    host: str
    port: int
    token: str

    @property
    def query_url(self) -> str:
        """Of queryCallState."""
        return f"http://{self.host}:{self.port}{QUERY_PATH}"

    def request(self, path: str, body: bytes) -> bytes:
        """The bytes of a POST."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Client:
    """The vendor's face over as many connections as there are requests at a time. Use it in an `async with`."""

    def __init__(self, access: Access) -> None:
        self.access = access
        """Whose token goes with each request; may be replaced by a newer one."""
        self._idle: list[_Connection] = []
        self._all: list[_Connection] = []

    async def create_call(self, caller: str, called: str) -> str:
        """The serial. Raises RefusedError, OSError, TimeoutError."""
        result = await self._ask(CREATE_PATH, {"caller": caller, "called": called})
        serial: str = result["callSerialNo"]
        return serial

    async def query(self, serial: str) -> dict[str, Any]:
        """`result` of queryCallState. Raises the same."""
        return await self._ask(QUERY_PATH, {"callSerialNo": serial})

    async def _ask(self, path: str, members: dict[str, str]) -> dict[str, Any]:
        status, body = await self.post(self.access.request(path, msgspec.json.encode(members)))
        answer = msgspec.json.decode(body)
        if status != 200 or answer["retCode"] != "0":
            raise RefusedError(f"{status} {body.decode(errors='replace')}")
        result: dict[str, Any] = answer["result"]
        return result

    async def post(self, request: bytes) -> tuple[int, bytes]:
        """Send ready bytes over an idle connection, or a new one."""
        while self._idle and not self._idle[-1].is_open:
            self._all.remove(self._idle.pop())
        connection = self._idle.pop() if self._idle else await self._connect()
        answer = await connection.ask(request)  # a connection that failed is not used again
        self._idle.append(connection)
        return answer

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self.access.host, self.access.port)
        self._all.append(connection)
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._all:
            connection.close()
