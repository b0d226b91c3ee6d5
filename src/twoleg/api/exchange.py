"""One request and its answer: uvicorn's cycle, for an application that mostly gives its answers whole.

Ours sends one `http.response.start` with a Content-Length and then one body. So head and body go out in one write, and
nothing has to be looked up in the headers: about 4 of 15 microseconds that uvicorn takes for a request. The other kind
of answer, a stream, comes in pieces; each is written when the one before has been taken. Without a Content-Length it is
chunked; one that ends before its Content-Length ends the connection, so that nobody takes a part for the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twoleg.api.asgi import Message
    from twoleg.api.http import Answer

CLOSE = (b"connection", b"close")
"""The one header of an answer that means something to the connection."""


class Exchange(RequestResponseCycle):
    """See the module."""

    _start: Message
    is_stream = False
    """Whether the answer comes in pieces and its head is out."""
    _left: int | None = None
    """Bytes of a stream with a Content-Length that are still to come."""

    async def send(self, message: Any) -> None:
        """ASGI's `send`: a start, then one body, or pieces of one with `more_body` until the last."""
        if not self.response_started:
            self.response_started = True
            self._start = message
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.is_stream or "more_body" in message:
            self._write_piece(message["body"], is_last=not message["more_body"])
            return
        self.transport.write(self._head() if self.scope["method"] == "HEAD" else self._head() + message["body"])
        self._complete()

    def _write_piece(self, piece: bytes, *, is_last: bool) -> None:
        """By Content-Length, or chunked (RFC 9112 7.1); to HTTP/1.0 as it is, up to the end of the connection."""
        head = b"" if self.is_stream else self._head_of_stream()
        if self.scope["method"] == "HEAD":
            piece, self._left = b"", None
        elif self._left is not None:
            self._left -= len(piece)
        elif self.scope["http_version"] == "1.1":
            piece = (b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b"") + (b"0\r\n\r\n" if is_last else b"")
        if head or piece:
            self.transport.write(head + piece)
        if is_last:
            self.keep_alive = self.keep_alive and not self._left
            self._complete()

    def _head_of_stream(self) -> bytes:
        self.is_stream = True
        lengths = [int(value) for name, value in self._start["headers"] if name == b"content-length"]
        if lengths:
            self._left = lengths[0]
        else:
            is_chunked = self.scope["http_version"] == "1.1"
            framing = (b"transfer-encoding", b"chunked") if is_chunked else CLOSE
            self._start["headers"] = [*self._start["headers"], framing]
        return self._head()

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    async def receive(self) -> Any:
        """ASGI's `receive`. Mostly the body is there when it is asked for, and there is nothing to wait for."""
        if self.more_body or self.disconnected or self.response_complete:
            return await super().receive()
        return {"type": "http.request", "body": bytes(self.body), "more_body": False}

    def _head(self) -> bytes:
        headers = (*self.default_headers, *self._start["headers"])
        if CLOSE in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers = (*headers, CLOSE)
        return head(self._start["status"], headers)


def head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Everything of a response before its body."""
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"%b%b\r\n" % (STATUS_LINE[status], b"".join(lines))


def whole(answer: Answer, headers: tuple[tuple[bytes, bytes], ...], *, keeps_alive: bool) -> tuple[bytes, bool]:
    """A response with all its headers as it goes out, and whether the connection goes on after it."""
    if CLOSE in headers:
        keeps_alive = False
    elif not keeps_alive:
        headers = (*headers, CLOSE)
    return head(answer.status, headers) + answer.body, keeps_alive
