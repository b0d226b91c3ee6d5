"""Between operations and httpx, for both clients: what is sent, with which patience, and what its errors mean."""

from __future__ import annotations

from typing import Any, TypedDict

import httpx

from twoleg.client.errors import ConnectionFailed
from twoleg.client.event_stream import QUIET
from twoleg.client.exchange import Reply, Send

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_EVENT_STREAM = "text/event-stream"


class Arguments(TypedDict):
    """Of `build_request`."""

    method: str
    url: str
    params: dict[str, str] | None
    headers: dict[str, str]
    content: bytes | None
    timeout: httpx.Timeout


def arguments(send: Send, timeout: float) -> Arguments:
    """What httpx is asked. `timeout`: seconds for each step of a request."""
    operation = send.operation
    reading = QUIET if operation.streams else timeout + operation.patience
    return Arguments(
        method=operation.method,
        url=operation.path,
        params=dict(operation.parameters) or None,
        headers=dict(send.headers),
        content=operation.body,
        timeout=httpx.Timeout(timeout, read=reading),
    )


def failure(error: httpx.TransportError) -> ConnectionFailed:
    """What an error of httpx is to our users."""
    return ConnectionFailed(str(error) or type(error).__name__, unsent=isinstance(error, _UNSENT))


def is_stream(send: Send, response: httpx.Response) -> bool:
    """Whether the response is the stream that was asked for, and not a refusal to be read whole."""
    kind = response.headers.get("content-type", "")
    return send.operation.streams and response.status_code == 200 and kind.startswith(_EVENT_STREAM)


def reply_of(response: httpx.Response, *, stream: Any = None) -> Reply:
    """The response as a value; its body has been read, unless it is a stream."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, b"" if stream is not None else response.content, stream)
