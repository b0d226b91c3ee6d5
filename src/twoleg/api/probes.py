"""What machines ask about the service itself: is the process alive, can it do its work, what does it speak."""

from __future__ import annotations

from msgspec import Struct
from msgspec.json import encode

from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, Handler
from twoleg.api.openapi import Doors, Operation
from twoleg.application.admission import Gate
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import Directory


class Health(Struct, frozen=True):
    """What a probe is told."""

    status: str


ALIVE = Answer(encode(Health("alive")))
READY = Answer(encode(Health("ready")))
NO_KEY = "the store holds no signing key"
NO_STORE = "the store does not answer"


def make_probes(directory: Directory, gate: Gate) -> dict[str, dict[str, Handler]]:
    """The routes `/healthz` (200 while the loop turns) and `/readyz` (200 when calls can be placed too, else 503)."""

    async def healthz(_headers: Headers, _body: bytes) -> Answer:
        return ALIVE

    async def readyz(_headers: Headers, _body: bytes) -> Answer:
        trouble = gate.trouble() or _trouble_of(directory)
        return READY if trouble is None else Answer(encode(Health(f"not ready: {trouble}")), 503)

    return {"/healthz": {"GET": healthz, "HEAD": healthz}, "/readyz": {"GET": readyz, "HEAD": readyz}}


def _trouble_of(directory: Directory) -> str | None:
    try:
        return None if directory.signing_keys() else NO_KEY
    except StoreUnavailable:
        return NO_STORE


def serve_document(document: bytes) -> dict[str, dict[str, Handler]]:
    """The route `/openapi.json`."""
    answer = Answer(document)

    async def openapi(_headers: Headers, _body: bytes) -> Answer:
        return answer

    return {"/openapi.json": {"GET": openapi, "HEAD": openapi}}


def operations() -> list[Operation]:
    """The probes in words, for the OpenAPI document."""
    return [
        Operation(
            path="/healthz",
            method="get",
            operation_id="healthz",
            tag="service",
            summary="Is the process alive?",
            description="Answers as long as the event loop turns.",
            response=Health,
            error=Health,
            errors={},
            doors=Doors.NOBODY_ASKS,
        ),
        Operation(
            path="/readyz",
            method="get",
            operation_id="readyz",
            tag="service",
            summary="Can the service do its work?",
            description="The store and the engine answer, new calls are taken. A service that is being stopped is not "
            "ready; one that hands over to a newer one is.",
            response=Health,
            error=Health,
            errors={503: "Not yet, or not any more: the text says why."},
            doors=Doors.NOBODY_ASKS,
        ),
    ]
