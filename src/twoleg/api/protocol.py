"""HTTP/1.1 on one connection: uvicorn's httptools protocol, with bounds on what clients may send and how slowly.

Uvicorn bounds neither the head of a request nor the time it takes to arrive, and words its own errors as plain text.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from twoleg.api.app import App
from twoleg.api.exchange import Exchange
from twoleg.api.http import JSON

HEAD_LIMIT = 16 * 1024
"""Bytes of a request's first line and headers together."""
PATIENCE = 10.0
"""Seconds a request may take to arrive from its first byte, and an answer to be taken off our hands."""
STREAM_PATIENCE = 60.0
"""Seconds a reader of a stream may take nothing at all. It is only not written to meanwhile; then its place is taken
back, and it goes on by its cursor when it comes again."""
MOST_CONNECTIONS = 12_288
"""Open at once; more are told 503. Room for 10,000 readers of streams and for everybody else."""
MOST_PIPELINED = 64
"""Requests sent ahead on one connection. Uvicorn reads on while they wait, so without a bound they fill the memory."""

FIRST_WORDS = 0.5
"""Seconds that a new connection gets for its first request when the service stops."""
KEEP_ALIVE = 75
"""Seconds an idle connection is kept: longer than the 60 s after which most proxies drop theirs."""

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_PLAIN_PATH = re.compile(rb"/[\w./-]*")
_READS = frozenset({"GET", "HEAD"})
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
        self._is_receiving = True
        """Whether a request, or the first one, is on its way."""
        self._since = self.loop.time()
        """Loop time since which that is so."""
        self._stalled_since: float | None = None
        """Loop time since which the client takes no more of our answers."""
        self._under_way: RequestResponseCycle | None = None
        """The request that is being answered, or was last; `cycle` is the one that was parsed last."""
        self._answering: asyncio.Task[None] | None = None
        """Held here because the loop holds its tasks weakly. A stop waits for connections, and so for this."""

    # ------------------------------------------------------------------------ the connection (see asyncio.Protocol)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(503, "too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Uvicorn tells only the request that was parsed last that its client is gone."""
        self.pipeline.clear()
        if self._under_way is not None:
            self._under_way.disconnected = True
        self._end_in_vain()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The service stops: what is being answered is finished, but a reader that takes nothing is not waited for.

        The first request of a connection that was accepted a moment ago is on its way; there is nobody else to take it.
        """
        if self._under_way is None:
            self.loop.call_later(FIRST_WORDS, self.transport.close)  # harmless when it is closed by then
            return
        super().shutdown()
        if self._stalled_since is not None and self._streams():
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came; requests that are complete by it begin to be answered in the loop's next turn."""
        if not self._is_receiving:
            self._is_receiving = True
            self._since = self.loop.time()
        self._head_size += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            if not self._is_head_too_large():
                self._refuse(400, "this is not an HTTP request")
        if self._is_head_too_large():
            self._refuse_head()

    def pause_writing(self) -> None:
        """The client is slow to take what we send."""
        self._stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It took it."""
        self._stalled_since = None
        super().resume_writing()

    def enforce(self, now: float) -> None:
        """Drop the client if it is too slow, or idle for too long. `now`: loop time."""
        if self._stalled_since is not None:
            if now - self._stalled_since > (STREAM_PATIENCE if self._streams() else PATIENCE):
                self.transport.abort()
        elif self._is_receiving:
            if now - self._since > PATIENCE:
                self._refuse(408, "the request did not arrive in time")
        elif now - self._since > KEEP_ALIVE and self._is_idle():
            self.transport.close()

    @property
    def _application(self) -> App:
        return cast("App", self.app)

    def _streams(self) -> bool:
        return isinstance(self._under_way, Exchange) and self._under_way.is_stream

    def _end_in_vain(self) -> None:
        """A stream would learn only from its next piece that nobody is there, and a long poll after a minute.

        What reads changes nothing, so it may end anywhere; what writes comes to its own end.
        """
        if self._answering is None or self._under_way is None:
            return
        if self._streams() or self._under_way.scope["method"] in _READS:
            self._answering.cancel()

    def _is_idle(self) -> bool:
        return self._under_way is None or self._under_way.response_complete

    # ------------------------------------------------------------------------ requests (called by the parser)

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

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; blanks around its value are no part of it (RFC 9110 5.5). The parser leaves those behind it."""
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """A head is complete: its request begins, or waits for those before it."""
        if self._head_size > HEAD_LIMIT and self._exact_head_size() > HEAD_LIMIT:
            raise Unacceptable
        if len(self.pipeline) >= MOST_PIPELINED:
            raise Unacceptable
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise Unacceptable
            return
        self._head_open = False
        self.cycle = self._exchange()
        if self._is_idle():
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        if self.parser.should_upgrade():
            return
        self._head_open = True
        self._head_size = 0
        self._is_receiving = False
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """The answer is given: on to the next request, if one waits."""
        self._since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def _exchange(self) -> Exchange:
        version = self.parser.get_http_version()
        return Exchange(
            scope=self._scope(version),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive() and not self._application.is_leaving(),
            on_response=self.on_response_complete,
        )

    def _scope(self, version: str) -> Any:
        path, query = self._target()
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "scheme": self.scheme,
            "path": path,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
        }

    def _target(self) -> tuple[str, bytes]:
        """Path, decoded, and query. Most targets are a plain path, which needs no parsing."""
        if _PLAIN_PATH.fullmatch(self.url):
            return self.url.decode("ascii"), b""
        url = httptools.parse_url(self.url)
        return unquote_to_bytes(url.path or b"").decode("utf-8", "replace"), url.query or b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._under_way = cycle
        self._answering = self.loop.create_task(cycle.run_asgi(app))

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
        body = self._application.error_body(status, text)
        head = (
            b"content-type: " + JSON + b"\r\ncontent-length: " + str(len(body)).encode() + b"\r\nconnection: close\r\n"
        )
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.close()
