"""`GET /v1/calls/{serial}/ladder`: the handler, its route, and its part of the OpenAPI document."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from twoleg.api.asgi import Headers
from twoleg.api.http import JSON, Answer, Request, RequestHandler
from twoleg.api.native.calls import serial_of
from twoleg.api.native.describe import NO_SUCH_CALL, SERIAL, operation
from twoleg.api.native.door import Door
from twoleg.api.native.preferences import liked
from twoleg.api.native.problems import bad_member, not_found
from twoleg.api.native.query import Query
from twoleg.api.openapi import Operation, Parameter
from twoleg.application.ladder.as_json import LadderDocument
from twoleg.application.ladder.formats import MEDIA_TYPES, Format, render
from twoleg.application.ladder.read_ladder import ReadLadder

LADDER_PATH: Final = "/v1/calls/{serial}/ladder"

_BY_NAME: Final = {each.value: each for each in Format}
_BY_MEDIA: Final = {media.partition(";")[0]: each for each, media in MEDIA_TYPES.items()} | {
    "*/*": Format.JSON,
    "application/*": Format.JSON,
    "text/*": Format.TEXT,
    "image/*": Format.SVG,
}
_HEADERS: Final = (
    (b"vary", b"Accept"),
    (b"cache-control", b"private"),
    (b"x-content-type-options", b"nosniff"),
    # A picture that is opened as a page of its own may style itself, and nothing else.
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
)
_FORMAT: Final[Parameter] = {
    "name": "format",
    "in": "query",
    "required": False,
    "description": "The form of the answer. Else what Accept prefers, else json.",
    "schema": {"type": "string", "enum": list(_BY_NAME)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLadder:
    """The handler. Reading and drawing take milliseconds, so they happen in a thread."""

    door: Door
    read_ladder: ReadLadder
    threads: Executor
    """One thread: `read_ladder` is for one at a time."""

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        login = await self.door(request.headers)
        wanted = _format(request)
        serial = serial_of(request.arguments["serial"])
        if serial is None:
            raise not_found()
        loop = asyncio.get_running_loop()
        drawn = await loop.run_in_executor(self.threads, self._draw, serial, login.tenant.tenant_id, wanted)
        if drawn is None:
            raise not_found()
        media = JSON if wanted is Format.JSON else MEDIA_TYPES[wanted].encode()
        name = ((b"content-disposition", b'attachment; filename="%d.pcap"' % serial),) if wanted is Format.PCAP else ()
        return Answer(drawn, headers=(*_HEADERS, *name), content_type=media)

    def _draw(self, serial: int, tenant_id: str, wanted: Format) -> bytes | None:
        ladder = self.read_ladder(serial, tenant_id)
        return None if ladder is None else render(ladder, wanted)


def _format(request: Request) -> Format:
    named = Query(request.query, known=("format",)).text("format")
    if named is None:
        return preferred(request.headers)
    if named not in _BY_NAME:
        raise bad_member("format", f"format is one of {', '.join(_BY_NAME)}")
    return _BY_NAME[named]


def preferred(headers: Headers) -> Format:
    """What Accept likes best of what we have (RFC 9110 12.5.1); JSON when it likes nothing of that."""
    best, most = Format.JSON, 0.0
    for weight, media in liked(headers, b"accept"):
        if media in _BY_MEDIA and weight > most:
            best, most = _BY_MEDIA[media], weight
    return best


def ladder_routes(*, door: Door, read_ladder: ReadLadder, threads: Executor) -> dict[str, dict[str, RequestHandler]]:
    """The route: pattern -> method -> handler."""
    return {LADDER_PATH: {"GET": GetLadder(door=door, read_ladder=read_ladder, threads=threads)}}


def ladder_operations() -> list[Operation]:
    """The operation in words."""
    return [
        operation(
            path=LADDER_PATH,
            method="get",
            name="getCallLadder",
            summary="What happened to a call, on the wire and in the machine",
            description="The request, both phones' SIP messages, the steps of the call and its webhooks on one time "
            "axis. SIP messages are there once the call has ended, when it was one of those that are kept; `capture` "
            "says what became of them. Secrets are taken out.",
            parameters=(SERIAL, _FORMAT),
            response=LadderDocument,
            other_media=tuple(media for each, media in MEDIA_TYPES.items() if each is not Format.JSON),
            headers={"Content-Disposition": "A name for the file; pcap only."},
            errors=NO_SUCH_CALL,
        )
    ]
