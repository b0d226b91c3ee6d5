"""`GET /v1/calls/{serial}/explain`: the handler, its route, and its part of the OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.json import encode

from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, Request, RequestHandler
from twoleg.api.native.calls import call_of
from twoleg.api.native.describe import NO_SUCH_CALL, SERIAL, operation
from twoleg.api.native.door import Door
from twoleg.api.native.explain_wire import Explanation, explanation
from twoleg.api.native.preferences import liked
from twoleg.api.native.problems import bad_member
from twoleg.api.native.query import Query
from twoleg.api.openapi import Operation, Parameter
from twoleg.application.event_feed import EventFeed
from twoleg.application.explain_call import explain_call
from twoleg.application.ports import CallReader, Clock
from twoleg.domain.explain.words import Language

EXPLAIN_PATH = "/v1/calls/{serial}/explain"

_BY_TAG = {language.value: language for language in Language}
_LANGUAGE: Parameter = {
    "name": "lang",
    "in": "query",
    "required": False,
    "description": "The language of the words. Else what Accept-Language prefers, else English.",
    "schema": {"type": "string", "enum": [language.value for language in Language]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainCall:
    """The handler."""

    door: Door
    reader: CallReader
    events: EventFeed
    clock: Clock

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        login = await self.door(request.headers)
        language = _language(request)
        call = call_of(self.reader, request, login.tenant.tenant_id)
        verdict = explain_call(call, events=self.events, now=self.clock.now_ms())
        told = (b"content-language", language.value.encode())
        return Answer(encode(explanation(call, verdict, language)), headers=(told, (b"vary", b"Accept-Language")))


def _language(request: Request) -> Language:
    wanted = Query(request.query, known=("lang",)).text("lang")
    if wanted is None:
        return preferred(request.headers)
    if wanted not in _BY_TAG:
        raise bad_member("lang", f"lang is one of {', '.join(_BY_TAG)}")
    return _BY_TAG[wanted]


def preferred(headers: Headers) -> Language:
    """What Accept-Language likes best of the languages we speak (RFC 9110 12.5.4); English when it likes none."""
    best, most = Language.EN, 0.0
    for weight, tag in liked(headers, b"accept-language"):
        language = Language.EN if tag == "*" else _BY_TAG.get(tag.partition("-")[0])
        if language is not None and weight > most:
            best, most = language, weight
    return best


def explain_routes(
    *, door: Door, reader: CallReader, events: EventFeed, clock: Clock
) -> dict[str, dict[str, RequestHandler]]:
    """The route: pattern -> method -> handler."""
    return {EXPLAIN_PATH: {"GET": ExplainCall(door=door, reader=reader, events=events, clock=clock)}}


def operations() -> list[Operation]:
    """The operation."""
    return [
        operation(
            path=EXPLAIN_PATH,
            method="get",
            name="explainCall",
            summary="Why a call went as it did, in one sentence",
            description="A verdict for a person at a help desk: what happened, on whose side it lies, whether and when "
            "another try makes sense, how sure that is, and the evidence. A living call is told what it is doing.",
            parameters=(SERIAL, _LANGUAGE),
            response=Explanation,
            headers={"Content-Language": "The language of the words."},
            errors=NO_SUCH_CALL,
        )
    ]
