"""statusnotify: the ITA platform pushes its own record of a call (page cec_07_1315). Handler and description."""

# ruff: noqa: N815 - these members are named by the vendor, and their names go over the wire as they stand here

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import Decoder, encode

from twoleg.api.aicc.codes import SUCCESS, ItaCode
from twoleg.api.aicc.decode import decode
from twoleg.api.aicc.wire import ErrorResponse
from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, Handler
from twoleg.api.native.door import Door
from twoleg.api.openapi import Doors, Operation
from twoleg.application.call_reports import CallReports, Report
from twoleg.application.ports import Clock
from twoleg.domain.serials import LARGEST_SERIAL

STATUS_NOTIFY_PATH = "/apiaccess/rest/cc-management/v1/ita/twopartiescall/statusnotify"
CONTENT_TYPE = b"application/json; charset=UTF-8"
"""The page demands it letter by letter."""

_LONGEST_FACT = 64
"""Characters of a pushed member that are kept: the page's longest are times of 14 digits and numbers of 32."""
_CAUSES = range(1, 128)
"""Q.850."""
_TOLD = (
    "startTime",
    "finishTime",
    "callDuration",
    "callerAnswerTime",
    "calledAnswerTime",
    "releaseCause",
    "telA",
    "telX",
    "telB",
    "calledDisplay",
)
_Told = Annotated[str | int | None, Meta(description="As ITA has it; kept as a fact of the call.")]


class StatusNotifyRequest(Struct, frozen=True):
    """statusnotify: what ITA knows of a call that has ended."""

    callID: Annotated[str | int, Meta(description="The call's serial number.")]
    remark: Annotated[str, Meta(description="What was passed to ITA at the call's start.")]
    startTime: _Told = None
    finishTime: _Told = None
    callDuration: _Told = None
    callerAnswerTime: _Told = None
    calledAnswerTime: _Told = None
    releaseCause: Annotated[str | int | None, Meta(description="Q.850 cause of the end, 1-127.")] = None
    appKey: _Told = None
    telA: _Told = None
    telX: _Told = None
    telB: _Told = None
    calledDisplay: _Told = None


class StatusNotifyResponse(Struct, frozen=True):
    """statusnotify: taken, or not."""

    retCode: Annotated[str, Meta(description="`0`: taken. `90100400`: no such call.")]
    retMsg: Annotated[str, Meta(description="Plain text.")]


_DECODER = Decoder(StatusNotifyRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusNotify:
    """The handler. How ITA signs is not public, so who pushes logs in as everybody does: Bearer, or Basic."""

    door: Door
    reports: CallReports
    clock: Clock

    async def __call__(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request."""
        tenant_id = (await self.door(headers)).tenant.tenant_id
        pushed = decode(_DECODER, body)
        serial = _serial(str(pushed.callID))
        report = serial and Report(
            tenant_id=tenant_id,
            serial=serial,
            at=self.clock.now_ms(),
            cause=_cause(pushed.releaseCause),
            detail=_detail(pushed),
        )
        if not report or not await self.reports.add(report):
            return _answer(StatusNotifyResponse(ItaCode.NOT_FOUND.code, ItaCode.NOT_FOUND.text))
        return _answer(StatusNotifyResponse(SUCCESS, "success"))


def _answer(response: StatusNotifyResponse) -> Answer:
    return Answer(encode(response), content_type=CONTENT_TYPE)


def _serial(named: str) -> int | None:
    if not (named.isascii() and named.isdigit()) or len(named) > len(str(LARGEST_SERIAL)):
        return None
    return int(named) if 0 < int(named) <= LARGEST_SERIAL else None


def _cause(told: str | int | None) -> int | None:
    text = str(told)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) in _CAUSES else None


def _detail(pushed: StatusNotifyRequest) -> str:
    given = ((name, getattr(pushed, name)) for name in _TOLD)
    facts = ", ".join(f"{name} {_plain(str(value))}" for name, value in given if value not in (None, ""))
    return f"ITA reports: {facts}" if facts else "ITA reports the call without any facts"


def _plain(value: str) -> str:
    return "".join(each if each.isprintable() else " " for each in value)[:_LONGEST_FACT]


def status_notify_routes(*, door: Door, reports: CallReports, clock: Clock) -> dict[str, dict[str, Handler]]:
    """Path -> method -> handler."""
    return {STATUS_NOTIFY_PATH: {"POST": StatusNotify(door=door, reports=reports, clock=clock)}}


def operations() -> list[Operation]:
    """Its part of the OpenAPI document."""
    return [
        Operation(
            path=STATUS_NOTIFY_PATH,
            method="post",
            operation_id="statusNotify",
            tag="compatible",
            summary="Push the ITA platform's record of a call",
            description="Kept as the event `call.reported` once the call has ended; it changes no state. The first "
            "report of a call counts, a repeat is harmless.",
            request=StatusNotifyRequest,
            example=StatusNotifyRequest(callID="645735364434067472", remark="tenant space", releaseCause="16"),
            response=StatusNotifyResponse,
            error=ErrorResponse,
            error_sample=lambda status, text: ErrorResponse(str(status), text),
            errors={
                400: "The body is not JSON, or a member is missing or of a wrong type.",
                401: "No credentials, or wrong ones.",
                405: "This path takes other methods: see Allow.",
                429: "Too many secrets are being verified at once.",
                500: "We failed. The text carries a correlation id that is in the service's log.",
            },
            doors=Doors.TOKEN_OR_SECRET,
        )
    ]
