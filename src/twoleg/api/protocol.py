"""HTTP/1.1 on one connection: uvicorn's httptools protocol, with bounds on what clients may send and how slowly.

Uvicorn bounds neither the head of a request nor the time it takes to arrive, and words its own errors as plain text.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from twoleg.api.app import App
from twoleg.api.http import JSON

HEAD_LIMIT = 16 * 1024
"""Bytes of a request's first line and headers together."""
PATIENCE = 10.0
"""Seconds a request may take to arrive from its first byte, and an answer to be taken off our hands."""
MOST_CONNECTIONS = 4096
"""Open at once; more are told 503."""


class HeadTooLarge(Exception):
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._waiting_since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(503, "too many connections")

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._waiting_since is None:
            self._waiting_since = self.loop.time()
        self._head_size += len(data)
        super().data_received(data)
        if self._head_open and self._head_size > HEAD_LIMIT and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        """Parser callback."""
        self._head_open = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Parser callback."""
        if self._head_size > HEAD_LIMIT and self._exact_head_size() > HEAD_LIMIT:
            raise HeadTooLarge
        self._head_open = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Parser callback."""
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

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP, or a head that the parser was stopped at."""
        if self._head_open and self._head_size > HEAD_LIMIT:
            self._refuse_head()
        else:
            self._refuse(400, msg)

    def _unsupported_upgrade_warning(self) -> None:
        """RFC 9110 7.8: a server may ignore Upgrade; it is not worth a line in the log."""

    def _exact_head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse_head(self) -> None:
        self._refuse(431, f"the request's head is larger than {HEAD_LIMIT} bytes")

    def _refuse(self, status: int, text: str) -> None:
        """Answer without the application, and close: what follows on this connection cannot be told apart any more."""
        body = cast("App", self.app).error_body(status, text)
        head = (
            b"content-type: " + JSON + b"\r\ncontent-length: " + str(len(body)).encode() + b"\r\nconnection: close\r\n"
        )
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.close()
