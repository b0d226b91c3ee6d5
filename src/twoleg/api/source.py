"""Where the request at hand came from, for those few who ask: every request is a task with a context of its own."""

from __future__ import annotations

from contextvars import ContextVar

from twoleg.api.asgi import Scope

_SOURCE: ContextVar[str] = ContextVar("source", default="")


def note_source(scope: Scope) -> None:
    """Called with each request."""
    client = scope.get("client")
    _SOURCE.set(client[0] if client else "")


def source() -> str:
    """The address of the peer on the connection; that of the proxy, behind one. Empty where there is none."""
    return _SOURCE.get()
