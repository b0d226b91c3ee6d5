"""The face in words: its part of the OpenAPI document; here is what the wire types cannot say."""

from __future__ import annotations

from twoleg.api.aicc.create_call import LONGEST_KEY
from twoleg.api.aicc.face import (
    CREATE_CALL_V1_PATH,
    CREATE_CALL_V3_PATH,
    QUERY_CALL_STATE_PATH,
    QUERY_RECORDS_PATH,
    RECORDING_ADDRESS_PATH,
    TOKEN_PATH,
    error_sample,
)
from twoleg.api.aicc.wire import (
    CreateCallResponse,
    CreateCallV1,
    CreateCallV3,
    ErrorResponse,
    GetRecordingAddressRequest,
    GetRecordingAddressResponse,
    QueryCallDetailRecordRequest,
    QueryCallDetailRecordResponse,
    QueryCallStateRequest,
    QueryCallStateResponse,
    TokenRequest,
    TokenResponse,
)
from twoleg.api.openapi import Doors, Operation, Parameter
from twoleg.domain.reasons import Reason

TAG = "compatible"

_APP_KEY: Parameter = {
    "name": "X-APP-Key",
    "in": "header",
    "required": False,
    "description": "When sent, it must be the app key that the token was issued to.",
    "schema": {"type": "string"},
}
_IDEMPOTENCY_KEY: Parameter = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within 24 hours get the first answer again, and nothing new is dialled.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
_RECORDING: Parameter = {
    "name": "Recording",
    "in": "header",
    "required": False,
    "description": "`on`: record the call as soon as both talk, for tenants whose calls are recorded on demand.",
    "schema": {"type": "string", "enum": ["on", "off"]},
}
_TOKEN_EXPIRE: Parameter = {
    "name": "X-Token-Expire",
    "in": "header",
    "required": False,
    "description": "How long the token shall live, in seconds. Default 3600; more is cut to 3600.",
    "schema": {"type": "integer", "minimum": 1},
}

_ERRORS = {
    400: "The body is not JSON in UTF-8, not an object, larger than 64 KiB, or a member is missing or of a wrong type.",
    401: "The token is missing, malformed, unknown, revoked or expired, or X-APP-Key is not its app key.",
    404: "There is nothing at this path.",
    405: "This path takes other methods: see Allow.",
    429: "The app makes more requests a second than its tenant may: try again after the seconds of Retry-After.",
    500: "We failed. The text carries a correlation id that is in the service's log.",
}
_CREATE_CALL = (
    "Rings the agent, then the customer, and connects the two. Answers as soon as the call is durably stored; ask "
    "queryCallState what became of it. Business refusals are HTTP 200 with a retCode: 1 the same pair is already "
    "waiting or ringing, 2 callData or callBackUrl, 5 a number or displayed number, 8 the agent's phone not enabled, "
    "16 and 21 limits of trial tenants. Tenants of profile ita get the ITA codes 901xxxxx instead."
)
_QUERY_CALL_STATE = "reasonCode for profile aicc: {}. For profile ita: the Q.850 cause of the end.".format(
    "; ".join(f"{reason.value} {reason.text.rstrip('.')}" for reason in Reason)
)

_QUERY_RECORDS = (
    "Live and ended calls that began in the window, the newest first, each as far as it has come. A call begins when "
    "its first phone is dialled; one that never was, when it was placed. The members may also stand inside an object "
    "`body`."
)


def operations() -> list[Operation]:
    """The operations of the face."""
    return [
        Operation(
            path=TOKEN_PATH,
            method="post",
            operation_id="tokenByAkSk",
            tag=TAG,
            summary="Get a bearer token for an app's key and secret",
            description="There is no refresh: ask again. Older tokens stay valid until they expire.",
            parameters=(_TOKEN_EXPIRE,),
            request=TokenRequest,
            example=TokenRequest(app_key="9f0c7c6e5b5d4d7e", app_secret="shown once at creation"),  # noqa: S106 - a sample
            response=TokenResponse,
            error=ErrorResponse,
            error_sample=error_sample,
            errors=_ERRORS
            | {
                401: "The app key or its secret is wrong.",
                429: "Too many logins at once, or too many with a wrong secret from this address.",
            },
            doors=Doors.NOBODY_ASKS,
        ),
        _create_call(
            path=CREATE_CALL_V1_PATH,
            operation_id="createCallV1",
            summary="Place a two-way call",
            example=CreateCallV1(caller="88889050", called="88889060", callData="order 7"),
        ),
        _create_call(
            path=CREATE_CALL_V3_PATH,
            operation_id="createCallV3",
            summary="Place a two-way call to an agent's softphone",
            example=CreateCallV3(softPhone="88889050", called="88889061"),
        ),
        _query_call_state(),
        _query_records(),
        _recording_address(),
    ]


def _create_call(*, path: str, operation_id: str, summary: str, example: CreateCallV1 | CreateCallV3) -> Operation:
    return Operation(
        path=path,
        method="post",
        operation_id=operation_id,
        tag=TAG,
        summary=summary,
        description=_CREATE_CALL,
        parameters=(_APP_KEY, _IDEMPOTENCY_KEY, _RECORDING),
        request=type(example),
        example=example,
        response=CreateCallResponse,
        error=ErrorResponse,
        error_sample=error_sample,
        errors=_ERRORS
        | {
            409: "This Idempotency-Key came before with another body.",
            503: "The service is being stopped, or at its limit: nothing was placed. Retry-After says how long.",
        },
    )


def _query_call_state() -> Operation:
    return Operation(
        path=QUERY_CALL_STATE_PATH,
        method="post",
        operation_id="queryCallState",
        tag=TAG,
        summary="Ask for the state of a call, and why it ended",
        description=_QUERY_CALL_STATE,
        parameters=(_APP_KEY,),
        request=QueryCallStateRequest,
        example=QueryCallStateRequest(callSerialNo="645735364434067472"),
        response=QueryCallStateResponse,
        error=ErrorResponse,
        error_sample=error_sample,
        errors=_ERRORS,
    )


def _query_records() -> Operation:
    return Operation(
        path=QUERY_RECORDS_PATH,
        method="post",
        operation_id="queryCallDetailRecord",
        tag=TAG,
        summary="List the calls of a time, with the times of both legs",
        description=_QUERY_RECORDS,
        parameters=(_APP_KEY,),
        request=QueryCallDetailRecordRequest,
        example=QueryCallDetailRecordRequest(
            startTime="1562786332000", endTime="1563391072000", taskType="0", offset="0", limit="10"
        ),
        response=QueryCallDetailRecordResponse,
        error=ErrorResponse,
        error_sample=error_sample,
        errors=_ERRORS
        | {429: "Too many requests of this app, or too many lists are being read at once: see Retry-After."},
    )


def _recording_address() -> Operation:
    return Operation(
        path=RECORDING_ADDRESS_PATH,
        method="post",
        operation_id="getRecordingAddress",
        tag=TAG,
        summary="Ask where the recording of a call can be fetched",
        description="The address works for five minutes, without a token. The member may also stand inside an object "
        "`body`. retCode is a number here.",
        parameters=(_APP_KEY,),
        request=GetRecordingAddressRequest,
        example=GetRecordingAddressRequest(callSerialNo="679218118865715226"),
        response=GetRecordingAddressResponse,
        error=ErrorResponse,
        error_sample=error_sample,
        errors=_ERRORS,
    )
