"""A real HTTP receiver on loopback, in a thread of its own: notes what it is sent, and answers as it is told.

with Receiver() as receiver:
    ...
    receiver.answer = lambda received: Reply(503, headers={"Retry-After": "2"})
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs

from patience import eventually, wall_clock_ms

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

TAKEN = b'{"retCode":"0","retMsg":"success"}'


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: int
    """ms since the epoch."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())


@dataclass(frozen=True, slots=True)
class Reply:
    """What it is answered with."""

    status: int = 200
    body: bytes = TAKEN
    headers: Mapping[str, str] = field(default_factory=dict)
    endless: bool = False
    """The body never ends: as fast as it is read, or (with `hold`) not at all after its beginning."""
    silent: bool = False
    """No answer, and the connection stays open until the receiver ends."""
    broken: bool = False
    """The connection ends in the middle of the answer's head."""
    hold: bool = False
    """The body's end is kept back until the receiver ends."""
    cut: bool = False
    """The connection ends before the body does."""
    raw: bytes = b""
    """Sent instead of any answer, and then the connection ends."""
    after: float = 0.0
    """Seconds that it takes its time."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    receiver: Receiver

    def handle_error(self, *_: object) -> None:
        """Who hangs up on an endless body is right to."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it died over it: no receiver ever sees such a request
            self.close_connection = True
            return
        received = Received(self.command, self.path, dict(self.headers.items()), body, wall_clock_ms())
        self._send(self.server.receiver.take(received))

    do_GET = do_POST  # noqa: N815 - the standard library's name

    def log_message(self, *_: object) -> None:
        """Tests look at what was received."""

    def _send(self, reply: Reply) -> None:
        if reply.silent:
            self.server.receiver.ended.wait(60)
            self.close_connection = True
            return
        if reply.broken:
            self._send_raw(b"HTTP/1.1 200 OK\r\nContent-")
            return
        if reply.raw:
            self._send_raw(reply.raw)
            return
        self.server.receiver.ended.wait(reply.after)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[:-1] if reply.hold or reply.cut else reply.body)
        if reply.hold:
            self.server.receiver.ended.wait(60)
        while reply.endless and not self.server.receiver.ended.is_set():
            self.wfile.write(b"x" * 4096)
        self.close_connection = reply.endless or reply.hold or reply.cut

    def _send_raw(self, told: bytes) -> None:
        self.wfile.write(told)
        self.close_connection = True


class Receiver:
    """See the module. `received`: everything so far, in order of arrival."""

    def __init__(
        self,
        answer: Callable[[Received], Reply] = lambda _: Reply(),
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.ended = threading.Event()
        self._turn = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self
        self.port: int = self._server.server_address[1]
        self.scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    def take(self, received: Received) -> Reply:
        with self._turn:
            self.received.append(received)
            return self.answer(received)

    def until(self, holds: Callable[[list[Received]], bool], *, seconds: float = 30.0) -> list[Received]:
        """What it received, once that holds."""
        assert eventually(lambda: holds(list(self.received)), seconds=seconds), [
            (each.path, each.body[:200]) for each in self.received
        ]
        return list(self.received)

    def close(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
