"""HTTP/1.1 on one connection: uvicorn's httptools protocol, with bounds on what clients may send and how slowly.

Uvicorn bounds neither the head of a request nor the time it takes to arrive, and words its own errors as plain text.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from twoleg.api.app import App
from twoleg.api.at_once import QuickRequest
from twoleg.api.exchange import Exchange, whole
from twoleg.api.http import BODY_LIMIT, Answer
from twoleg.api.request_head import head_size, head_without_upgrade, scope_of

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

_READS = frozenset({"GET", "HEAD"})


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
        self._quick: QuickRequest | None = None
        """A request that needs no task, while it arrives and until it is answered."""
        self._has_answered = False
        """Whether it ever answered one of those."""
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
        self._quick = None
        if self._under_way is not None:
            self._under_way.disconnected = True
        self._end_in_vain()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The service stops: what is being answered is finished, but a reader that takes nothing is not waited for.

        The first request of a connection that was accepted a moment ago is on its way; there is nobody else to take it.
        """
        if self._quick is not None:
            self._quick.keep_alive = False
            return
        if self._under_way is None and not self._has_answered:
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
            self._refuse(431, f"the request's head is larger than {HEAD_LIMIT} bytes")

    def pause_writing(self) -> None:
        """The client is slow to take what we send."""
        self._stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It took it."""
        self._stalled_since = None
        super().resume_writing()
        if self._quick is not None and self._quick.is_whole:  # it came meanwhile
            self._application.turn.add(self)

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
        return self._quick is None and (self._under_way is None or self._under_way.response_complete)

    # ------------------------------------------------------------------------ requests (called by the parser)

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = head_without_upgrade(self.parser, self.url, self.headers) + data[upgrade.args[0] :]
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
        is_too_large = self._head_size > HEAD_LIMIT and head_size(self.url, self.headers) > HEAD_LIMIT
        if is_too_large or len(self.pipeline) >= MOST_PIPELINED:
            raise Unacceptable
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise Unacceptable
            return
        self._head_open = False
        if self._is_idle():
            self._quick = self._quick_request()
            if self._quick is None:
                self._begin()
        else:
            self.cycle = self._exchange()
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        quick = self._quick
        if quick is not None and not quick.is_whole:
            quick.body += body
            if len(quick.body) > BODY_LIMIT:  # it is refused like all others
                self._quick = None
                self._begin()
                self.cycle.body += quick.body
                self.cycle.message_event.set()
            return
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
        if self._quick is not None and not self._quick.is_whole:
            self._quick.is_whole = True
            self._application.turn.add(self)
            return
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

    def answer_at_once(self) -> None:
        """Answer the request that needs no task, now that it is its turn; see `at_once.py`."""
        quick, transport = self._quick, self.transport
        if quick is None or self.flow.write_paused or transport.is_closing():
            return
        self._quick = None
        self._has_answered = True
        answer = self._application.answer_at_once(quick.handler, quick.path, quick.headers, bytes(quick.body))
        headers = (*self.server_state.default_headers, *answer.all_headers())
        keeps_alive = quick.keep_alive and not self._application.is_leaving()
        response, keeps_alive = whole(answer, headers, keeps_alive=keeps_alive)
        transport.write(response)
        if not keeps_alive:
            transport.close()
        self.on_response_complete()

    def _quick_request(self) -> QuickRequest | None:
        if self.expect_100_continue:
            return None
        handler = self._application.at_once.get((self.parser.get_method(), self.url))
        if handler is None:
            return None
        return QuickRequest(handler, self.url.decode("ascii"), self.headers, self._keeps_alive())

    def _begin(self) -> None:
        self.cycle = self._exchange()
        self._start_asgi_task(self.cycle, self.app)

    def _keeps_alive(self) -> bool:
        return self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()

    def _exchange(self) -> Exchange:
        return Exchange(
            scope=scope_of(self.parser, self.url, self.headers, self.scheme, (self.client, self.server)),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self._keeps_alive() and not self._application.is_leaving(),
            on_response=self.on_response_complete,
        )

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._under_way = cycle
        self._answering = self.loop.create_task(cycle.run_asgi(app))

    def _is_head_too_large(self) -> bool:
        return self._head_open and self._head_size > HEAD_LIMIT

    def _refuse(self, status: int, text: str) -> None:
        """Answer without the application, and close: what follows on this connection cannot be told apart any more."""
        if self.transport.is_closing():
            return
        body = self._application.error_body(status, text)
        answer = Answer(body, status)
        self.transport.write(whole(answer, answer.all_headers(), keeps_alive=False)[0])
        self.transport.close()
