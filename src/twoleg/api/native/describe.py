"""The face in words: its part of the OpenAPI document; here is what the wire types cannot say."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec import Struct

from twoleg.api.native import face
from twoleg.api.native.calls import LONGEST_WAIT
from twoleg.api.native.events import LONGEST_PAGE, PAGE, EventPage
from twoleg.api.native.lists import LIST, LONGEST_LIST, MOST_SERIALS, CallList, StateList, StatesRequest
from twoleg.api.native.orders import CallOrder, PlacedDocument, RehearsalDocument
from twoleg.api.native.place import LONGEST_KEY, HangupDocument
from twoleg.api.native.problems import PROBLEM_JSON, ProblemDetails, problem_sample
from twoleg.api.native.wire import STATE_NAMES, CallDocument
from twoleg.api.openapi import Doors, Operation, Parameter

TAG = "native"
MEDIA = PROBLEM_JSON.decode()
COMMON_ERRORS = {
    400: "A parameter or the body is wrong: `member` says which, `limit` what is the most.",
    401: "No credentials, or wrong ones.",
    405: "This path takes other methods: see Allow.",
    429: "The app makes more requests than its tenant may, too many secrets are being verified, or too many were "
    "wrong: try again after the seconds of Retry-After.",
    500: "We failed. The detail carries a correlation id that is in the service's log.",
    503: "The store is unavailable, or the service is being stopped or at its limit: nothing was placed or changed.",
}
NO_SUCH_CALL = {404: "There is no such call, or it is another tenant's."}
NOT_TAKEN = {
    409: "The same pair is waiting or ringing (`rule` duplicate), or the Idempotency-Key came with another body.",
    422: "A rule of the tenant refuses the call: `rule` and `member` say which.",
}

SERIAL: Parameter = {
    "name": "serial",
    "in": "path",
    "required": True,
    "description": "The call's serial.",
    "example": "2235770269547397686",
    "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
}


def parameter(name: str, description: str, *, where: str = "query", **schema: Any) -> Parameter:
    """An optional parameter; `schema` in the words of JSON Schema."""
    return {"name": name, "in": where, "required": False, "description": description, "schema": schema}


_TIME: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**15}
_CURSOR: dict[str, Any] = {"type": "string", "maxLength": 40}
_LAST_EVENT_ID = parameter(
    "Last-Event-ID",
    "Wins over `after`: where a stream was cut off.",
    where="header",
    type="string",
    pattern="^(0|latest|[1-9][0-9]{0,18}-[0-9]{1,9})$",
)
_PAGE_LIMIT = parameter(
    "limit",
    f"Events on the page; {PAGE} when absent. A stream has none.",
    type="integer",
    minimum=1,
    maximum=LONGEST_PAGE,
)


def operation(  # noqa: PLR0913 - an operation has that many parts, all named
    *,
    path: str,
    method: str,
    name: str,
    summary: str,
    description: str,
    response: type[Struct] | None,
    errors: dict[int, str],
    parameters: tuple[Parameter, ...] = (),
    **more: Any,
) -> Operation:
    """An operation of the face: problems for errors, both ways in. `more`: see `Operation`."""
    return Operation(
        path=path,
        method=method,
        operation_id=name,
        tag=TAG,
        summary=summary,
        description=description,
        parameters=parameters,
        response=response,
        error=ProblemDetails,
        error_media=MEDIA,
        errors=COMMON_ERRORS | errors,
        error_sample=partial(problem_sample, path),
        doors=Doors.TOKEN_OR_SECRET,
        **more,
    )


def operations() -> list[Operation]:
    """The operations of the face that this module knows: calls and events."""
    return [_post_call(), _get_calls(), _get_call(), _post_states(), _post_hangup(), _get_call_events(), _get_events()]


def _post_call() -> Operation:
    return operation(
        path=face.CALLS_PATH,
        method="post",
        name="placeCall",
        summary="Place a two-way call, or say what would happen",
        description="Rings the caller, then the called, and connects the two. Answers once the call is on disk.",
        parameters=(
            parameter("dryRun", "With `true` nothing is placed: the answer says what would happen.", type="boolean"),
            parameter(
                "Idempotency-Key",
                "The same key and body within 24 hours get the first answer again, with `Idempotency-Replayed: true`.",
                where="header",
                type="string",
                minLength=1,
                maxLength=LONGEST_KEY,
                pattern="^[!-~]([ -~]*[!-~])?$",
            ),
        ),
        request=CallOrder,
        example=CallOrder(caller="88889050", called="88889060", call_data="order 7"),
        response=PlacedDocument,
        status=201,
        headers={
            "Location": "The call's path.",
            "Idempotency-Replayed": "`true`: this is the answer of an earlier request with the same key.",
        },
        other_successes={200: ("What would happen (`dryRun=true`).", RehearsalDocument)},
        errors=NOT_TAKEN,
    )


def _get_calls() -> Operation:
    return operation(
        path=face.CALLS_PATH,
        method="get",
        name="listCalls",
        summary="Calls, newest first, by filter and cursor",
        description="A page may hold few calls or none and still have a `next`: the work of a page is bounded.",
        parameters=(
            parameter("state", "Only calls in this state.", type="string", enum=list(STATE_NAMES.values())),
            parameter("caller", "Only calls of this agent's number.", type="string", maxLength=32),
            parameter("called", "Only calls to this customer's number.", type="string", maxLength=32),
            parameter("from", "Only calls placed at this time or later: ms since the epoch.", **_TIME),
            parameter("to", "Only calls placed before this time: ms since the epoch.", **_TIME),
            parameter("reason", "Only calls that ended for this reason.", type="integer", minimum=0, maximum=65_535),
            parameter("after", "The `next` of the page before.", type="string", pattern="^[A-Za-z0-9_-]{1,100}$"),
            parameter("limit", f"{LIST} when absent.", type="integer", minimum=1, maximum=LONGEST_LIST),
            parameter(
                "idempotencyKey",
                "Only the call placed with that Idempotency-Key within the last 24 hours, whatever else is asked.",
                type="string",
                pattern=f"^[ -~]{{1,{LONGEST_KEY}}}$",
            ),
        ),
        response=CallList,
        errors={},
    )


def _get_call() -> Operation:
    return operation(
        path=face.CALL_PATH,
        method="get",
        name="getCall",
        summary="A call with both legs and everything known of them; at once, or as soon as it changes",
        description="With `wait` the answer comes when the call's `seq` is beyond `after` (or changes, without "
        "`after`), when it has ended, or after `wait` seconds.",
        parameters=(
            SERIAL,
            parameter("after", "The `seq` as last seen.", type="integer", minimum=0, maximum=10**9),
            parameter("wait", "Seconds.", type="integer", minimum=0, maximum=LONGEST_WAIT),
        ),
        response=CallDocument,
        errors=NO_SUCH_CALL,
    )


def _post_states() -> Operation:
    return operation(
        path=face.STATES_PATH,
        method="post",
        name="getStates",
        summary=f"The states of up to {MOST_SERIALS} calls at once",
        description="What names no call of yours is listed under `unknown`.",
        request=StatesRequest,
        example=StatesRequest(["645735364434067472"]),
        response=StateList,
        errors={},
    )


def _post_hangup() -> Operation:
    return operation(
        path=face.HANGUP_PATH,
        method="post",
        name="hangUp",
        summary="End a call (reason 1001)",
        description="Answers once the wish is on disk; harmless when the call has ended.",
        parameters=(SERIAL,),
        response=HangupDocument,
        status=202,
        errors=NO_SUCH_CALL,
    )


def _get_call_events() -> Operation:
    return operation(
        path=face.CALL_EVENTS_PATH,
        method="get",
        name="getCallEvents",
        summary="What happened to a call, in order",
        description="As a page, or with `Accept: text/event-stream` as a stream that goes on until the call ended.",
        parameters=(
            SERIAL,
            parameter("after", "A `seq` or the id of an event; only later ones are told.", **_CURSOR),
            _PAGE_LIMIT,
            _LAST_EVENT_ID,
        ),
        response=EventPage,
        streams=True,
        other_successes={204: ("To a stream that has seen the end of the call: come back no more.", None)},
        errors=NO_SUCH_CALL,
    )


def _get_events() -> Operation:
    return operation(
        path=face.EVENTS_PATH,
        method="get",
        name="getEvents",
        summary="What happened to all calls of the tenant, in order",
        description="As a page, or with `Accept: text/event-stream` as a stream.",
        parameters=(
            parameter(
                "after",
                "The id of an event, `0` (the oldest that is kept; a page's default) or `latest` (a stream's default).",
                **_CURSOR,
            ),
            _PAGE_LIMIT,
            _LAST_EVENT_ID,
        ),
        response=EventPage,
        streams=True,
        errors={},
    )
