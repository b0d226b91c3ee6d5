"""HTTP/1.1 on one connection: uvicorn's httptools protocol, with bounds on what clients may send and how slowly.

Uvicorn bounds neither the head of a request nor the time it takes to arrive, and words its own errors as plain text.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from twoleg.api.app import App
from twoleg.api.http import JSON

HEAD_LIMIT = 16 * 1024
"""Bytes of a request's first line and headers together."""
PATIENCE = 10.0
"""Seconds a request may take to arrive from its first byte, and an answer to be taken off our hands."""
MOST_CONNECTIONS = 4096
"""Open at once; more are told 503."""
MOST_PIPELINED = 64
"""Requests sent ahead on one connection. Uvicorn reads on while they wait, so without a bound they fill the memory."""

_HOP_BY_HOP = frozenset({b"connection", b"upgrade", b"http2-settings"})


class Unacceptable(Exception):
    """Raised inside the parser, which stops at it."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. The server calls `enforce` about once a second, so that no request needs a timer of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_open = True
        self._head_size = 0
        """Bytes since the last complete request: an upper bound of the head's size, which is all most requests need."""
        self._waiting_since: float | None = None
        """Loop time at which the first byte of an incomplete request came; None between requests."""
        self._stalled_since: float | None = None
        """Loop time since which the client takes no more of our answers."""
        self._under_way: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._waiting_since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(503, "too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol. Uvicorn tells only the request that was parsed last that its client is gone."""
        self.pipeline.clear()
        if self._under_way is not None:
            self._under_way.disconnected = True
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._under_way = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._unset_keepalive_if_required()
        if self._waiting_since is None:
            self._waiting_since = self.loop.time()
        self._head_size += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse_head() if self._is_head_too_large() else self._refuse(400, "this is not an HTTP request")
        else:
            if self._is_head_too_large():
                self._refuse_head()

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)  # the one at hand has made up its mind
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            else:
                return

    def on_headers_complete(self) -> None:
        """Parser callback."""
        if self._head_size > HEAD_LIMIT and self._exact_head_size() > HEAD_LIMIT:
            raise Unacceptable
        if len(self.pipeline) >= MOST_PIPELINED:
            raise Unacceptable
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise Unacceptable
            return
        self._head_open = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Parser callback."""
        if self.parser.should_upgrade():
            return
        self._head_open = True
        self._head_size = 0
        self._waiting_since = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._stalled_since = None
        super().resume_writing()

    def enforce(self, now: float) -> None:
        """Drop the client if it is too slow. `now`: loop time."""
        if self._stalled_since is not None and now - self._stalled_since > PATIENCE:
            self.transport.abort()
        elif self._waiting_since is not None and now - self._waiting_since > PATIENCE:
            self._refuse(408, "the request did not arrive in time")

    def _head_without_upgrade(self) -> bytes:
        """The head again, without the wish for another protocol, which RFC 9110 7.8 lets a server ignore.

        The parser stops at such a head and skips the body. Java's HTTP client asks for h2c with its first request.
        """
        closes = any(name == b"connection" and b"close" in value.lower() for name, value in self.headers)
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in _HOP_BY_HOP]
        return b"\r\n".join([*lines, b"connection: close" if closes else b"connection: keep-alive", b"", b""])

    def _is_head_too_large(self) -> bool:
        return self._head_open and self._head_size > HEAD_LIMIT

    def _exact_head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    def _refuse_head(self) -> None:
        self._refuse(431, f"the request's head is larger than {HEAD_LIMIT} bytes")

    def _refuse(self, status: int, text: str) -> None:
        """Answer without the application, and close: what follows on this connection cannot be told apart any more."""
        if self.transport.is_closing():
            return
        body = cast("App", self.app).error_body(status, text)
        head = (
            b"content-type: " + JSON + b"\r\ncontent-length: " + str(len(body)).encode() + b"\r\nconnection: close\r\n"
        )
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.close()
