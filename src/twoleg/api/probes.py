"""What machines ask about the service itself: is the process alive, can it do its work, what does it speak."""

from __future__ import annotations

from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, Handler
from twoleg.application.ports import Directory

ALIVE = Answer(b'{"status":"alive"}')
READY = Answer(b'{"status":"ready"}')
NOT_READY = Answer(b'{"status":"not ready","detail":"no signing key: has the store been set up?"}', 503)


def make_probes(directory: Directory) -> dict[str, dict[str, Handler]]:
    """The routes `/healthz` (answers while the loop turns) and `/readyz` (200 when the store answers too, else 5xx)."""

    async def healthz(_headers: Headers, _body: bytes) -> Answer:
        return ALIVE

    async def readyz(_headers: Headers, _body: bytes) -> Answer:
        return READY if directory.signing_keys() else NOT_READY

    return {"/healthz": {"GET": healthz, "HEAD": healthz}, "/readyz": {"GET": readyz, "HEAD": readyz}}


def serve_document(document: bytes) -> dict[str, dict[str, Handler]]:
    """The route `/openapi.json`."""
    answer = Answer(document)

    async def openapi(_headers: Headers, _body: bytes) -> Answer:
        return answer

    return {"/openapi.json": {"GET": openapi, "HEAD": openapi}}
