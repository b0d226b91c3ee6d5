"""An HTTP client without HTTP: drives an ASGI application directly, one request at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twoleg.api.asgi import AsgiApp, Message


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(
    app: AsgiApp,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes | Sequence[bytes] = b"",
    client: str = "127.0.0.1",
) -> Response:
    """One request and its response; `path` may end in a query.

    A body given in pieces arrives in pieces, as from a slow or chunking client."""
    given = headers.items() if isinstance(headers, Mapping) else headers
    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "client": (client, 50_000),
        "method": method,
        "path": target,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given],
    }
    return asyncio.run(_exchange(app, scope, [body] if isinstance(body, bytes) else list(body)))


async def _exchange(app: AsgiApp, scope: dict[str, Any], pieces: list[bytes]) -> Response:
    sent: list[Message] = []

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    names = {name.decode(): value.decode() for name, value in start["headers"]}
    return Response(start["status"], names, b"".join(message["body"] for message in rest))
