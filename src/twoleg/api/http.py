"""What handlers take and give: a body within bounds, an answer, and the errors that are answers of HTTP itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import NamedTuple

from twoleg.api.asgi import Headers, Receive

BODY_LIMIT = 64 * 1024
"""Bytes (decisions 1.3)."""
NO_CONTENT = 204
NOT_MODIFIED = 304
JSON = b"application/json;charset=UTF-8"
"""The content type as the vendor's sample spells it."""


class Answer(NamedTuple):
    """A response, ready to be sent."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Besides Content-Type and Content-Length."""
    content_type: bytes = JSON

    def all_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Those that frame it first (RFC 9110 8.6: none of these where there is no content)."""
        if self.status in (NO_CONTENT, NOT_MODIFIED):
            return self.headers
        return ((b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body)), *self.headers)


class Stream(NamedTuple):
    """A response in pieces, for as long as its client takes them.

    Each piece is asked for when the one before has left our hands. The generator is closed when the client goes, or
    the service stops.
    """

    pieces: AsyncGenerator[bytes, None]
    content_type: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Besides Content-Type, and Content-Length where `length` is given."""
    status: int = 200
    length: int | None = None
    """Bytes of all pieces together; None: it is not known. What ends before that ends the connection."""


class Request(NamedTuple):
    """A whole request, for handlers of paths with parameters."""

    method: str
    path: str
    query: bytes
    """As sent, without the question mark."""
    headers: Headers
    body: bytes
    arguments: Mapping[str, str]
    """What stood in the path for each parameter."""


RequestHandler = Callable[[Request], Awaitable[Answer | Stream]]
"""Raises `HttpError`."""
Handler = Callable[[Headers, bytes], Awaitable[Answer]]
"""Takes the request's headers and body. Raises `HttpError`."""
ErrorBody = Callable[[int, str], bytes]
"""How a face words an error: status and plain text in, JSON out."""


class HttpError(Exception):
    """A request that HTTP itself turns down; the text is for the client."""

    def __init__(self, status: int, text: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


class ClientGone(Exception):
    """The client closed its connection before its request was complete; nobody is left to answer."""


async def read_body(receive: Receive) -> bytes:
    """The whole body, however it was framed. Raises `HttpError` beyond `BODY_LIMIT`, and `ClientGone`."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False) and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientGone
    if len(body) > BODY_LIMIT:
        # What is still on its way would be taken for the next request's head, or has to be read in vain.
        raise HttpError(400, f"the body is larger than {BODY_LIMIT} bytes", headers=((b"connection", b"close"),))
    return body


def one_header(headers: Headers, name: bytes) -> bytes | None:
    """The value of a header that may come once; None when absent. Raises `HttpError` when it came more often."""
    values = [value for given, value in headers if given == name]
    if len(values) > 1:
        raise HttpError(400, f"header {name.decode()} was sent {len(values)} times")
    return values[0] if values else None
