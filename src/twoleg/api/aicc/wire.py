"""What goes over the wire: the vendor's request and response bodies as types.

A member that a page limits in length is checked where its retCode is known; here only JSON types are told apart.
"""

# ruff: noqa: N815 - these members are named by the vendor, and their names go over the wire as they stand here

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from twoleg.domain.values import concealed


class TokenRequest(Struct, frozen=True):
    """tokenByAkSk: the credentials of an app."""

    app_key: Annotated[str, Meta(description="The app's key.")]
    app_secret: Annotated[str, Meta(description="The app's secret, as it was shown once when the app was created.")]

    __repr__ = concealed


class TokenResponse(Struct, frozen=True):
    """tokenByAkSk: the seven documented members, all strings."""

    AccessToken: Annotated[str, Meta(description="Send it as `Authorization: Bearer <AccessToken>`.")]
    ApplyType: Annotated[str, Meta(description="Always `Bearer`.")]
    CreateTime: Annotated[str, Meta(description="Seconds since the epoch.")]
    Expires: Annotated[str, Meta(description="Lifetime in seconds.")]
    Scope: Annotated[str, Meta(description="The interfaces that the token is for.")]
    AppKey: Annotated[str, Meta(description="The app's key.")]
    UserID: Annotated[str, Meta(description="Always `Anonymous`.")]

    __repr__ = concealed


_Called = Annotated[str, Meta(description="The customer's number: 1-32 characters, digits with an optional leading +.")]
_CallData = Annotated[
    str | None,
    Meta(
        description="Up to 1024 characters of your own; given back by queryCallState (not to tenants of profile ita)."
    ),
]
_CallerPresent = Annotated[
    str | None,
    Meta(
        description="The number shown to the customer: an access code of the tenant, or 11-14 digits with transparent "
        "display. Without it: the tenant's first access code."
    ),
]


class CreateCallV1(Struct, frozen=True):
    """createCall v1."""

    caller: Annotated[str, Meta(description="The agent's phone, rung first: 1-32 characters, like `called`.")]
    called: _Called
    callData: _CallData = None
    callerPresent: _CallerPresent = None
    agentPresent: Annotated[
        str | None, Meta(description="The number shown to the agent; same rules as `callerPresent`.")
    ] = None
    agentWorkNo: Annotated[
        Annotated[float, Meta(ge=0, le=99999, extra_json_schema={"multipleOf": 1})]  # in JSON 7.0 is an integer
        | Annotated[str, Meta(pattern="^[0-9]{1,5}$")]
        | None,
        Meta(description="The agent's work number, decimal(5): up to 5 digits, as a number or a string."),
    ] = None
    callBackUrl: Annotated[
        str | None, Meta(description="Base64 of an http or https URL whose host is on the tenant's allow-list.")
    ] = None


class CreateCallV3(Struct, frozen=True):
    """createCall v3."""

    softPhone: Annotated[str, Meta(description="The agent's softphone, rung first unless `caller` is given.")]
    called: _Called
    caller: Annotated[str | None, Meta(description="Rung first instead of `softPhone` when given.")] = None
    callData: _CallData = None
    callerPresent: _CallerPresent = None


class CreateCallResult(Struct, frozen=True):
    """createCall: which call it became."""

    callSerialNo: Annotated[str, Meta(description="The call's serial number: 18-19 decimal digits, as a string.")]


class CreateCallResponse(Struct, frozen=True, omit_defaults=True):
    """createCall: accepted and durable (retCode "0"), or refused."""

    retCode: Annotated[str, Meta(description="`0`: accepted. Else why not, by the table of the tenant's profile.")]
    retMsg: Annotated[str, Meta(description="Plain text.")]
    result: CreateCallResult | None = None


class QueryCallStateRequest(Struct, frozen=True):
    """queryCallState: which call."""

    callSerialNo: Annotated[
        str | int | float,
        Meta(
            description="The serial number, up to 50 digits; as a string, or as a JSON number without loss of digits."
        ),
    ]


class CallStateResult(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """queryCallState: the call, its members in the order of the vendor's sample. A member without a value is absent."""

    caller: Annotated[str, Meta(description="The agent's number as given.")]
    called: Annotated[str, Meta(description="The customer's number as given.")]
    callerPresent: Annotated[str, Meta(description="The number shown to the customer.")]
    startTime: Annotated[int | None, Meta(description="Ms since the epoch; from state 1 on.")] = None
    state: Annotated[int, Meta(description="0 to be called, 1 calling, 2 talking, 3 ended.", ge=0, le=3)]
    reasonCode: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(description="Why it ended; from state 3 on. Profile ita: the Q.850 cause."),
    ] = None
    agentPresent: Annotated[str, Meta(description="The number shown to the agent.")]
    endTime: Annotated[int | None, Meta(description="Ms since the epoch; from state 3 on.")] = None
    callData: Annotated[str | None, Meta(description="As given; absent when it was not, and for profile ita.")] = None


class QueryCallStateResponse(Struct, frozen=True, omit_defaults=True):
    """queryCallState: the answer, its members in the order of the vendor's sample."""

    retMsg: Annotated[str, Meta(description="Plain text.")]
    retCode: Annotated[str, Meta(description='"0"; "3": not a serial number; "1": no such call of this tenant.')]
    result: CallStateResult | None = None


_Number = str | int | float
"""Numbers are taken as JSON numbers and as strings of digits (decisions 1.6)."""


class QueryCallDetailRecordRequest(Struct, frozen=True):
    """queryCallDetailRecord: which calls. The same members are taken inside an object `body` (the page's table)."""

    startTime: Annotated[_Number, Meta(description="Calls that began at this time or later, ms since the epoch.")]
    endTime: Annotated[
        _Number, Meta(description="Calls that began at this time or earlier; at most 7 days after `startTime`.")
    ]
    offset: Annotated[_Number | None, Meta(description="How many of the newest to leave out. Default 0.")] = None
    limit: Annotated[_Number | None, Meta(description="How many to list, 1-1000. Default 100.")] = None
    caller: Annotated[str | None, Meta(description="Calls of this agent's number only.")] = None
    taskType: Annotated[
        _Number | None,
        Meta(description="0 all except ITA, 1 two-way calls, 4 ITA two-way calls; 2 and 3 find nothing. Default: all."),
    ] = None


_LegTime = Annotated[int | None, Meta(description="Ms since the epoch.")]
_LegSeconds = Annotated[int | None, Meta(description="Whole seconds from answer to release; from state 3 on.")]


class CallInfo(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """queryCallDetailRecord: one call. A member without a value is absent."""

    callSerialNo: Annotated[str, Meta(description="The call's serial number.")]
    caller: Annotated[str, Meta(description="The agent's number as given.")]
    called: Annotated[str, Meta(description="The customer's number as given.")]
    callerPresent: Annotated[str, Meta(description="The number shown to the customer.")]
    agentPresent: Annotated[str, Meta(description="The number shown to the agent.")]
    startTime: Annotated[int | None, Meta(description="Ms since the epoch; from state 1 on.")] = None
    endTime: Annotated[int | None, Meta(description="Ms since the epoch; from state 3 on.")] = None
    state: Annotated[int, Meta(description="0 to be called, 1 calling, 2 talking, 3 ended.", ge=0, le=3)]
    reasonCode: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(description="Why it ended; from state 3 on. Profile ita: the Q.850 cause."),
    ] = None
    callData: Annotated[str | None, Meta(description="As given; absent when it was not, and for profile ita.")] = None
    alertingTime: Annotated[_LegTime, Meta(description="When the customer's phone rang.")] = None
    talkingTime: Annotated[_LegTime, Meta(description="When the customer answered.")] = None
    releaseTime: Annotated[_LegTime, Meta(description="When the customer's leg ended.")] = None
    talkDuration: Annotated[_LegSeconds, Meta(description="How long the customer's leg was up.")] = None
    agentAlertingTime: Annotated[_LegTime, Meta(description="When the agent's phone rang.")] = None
    agentTalkingTime: Annotated[_LegTime, Meta(description="When the agent answered.")] = None
    agentReleaseTime: Annotated[_LegTime, Meta(description="When the agent's leg ended.")] = None
    agentTalkDuration: Annotated[_LegSeconds, Meta(description="How long the agent's leg was up.")] = None


class RecordsResult(Struct, frozen=True):
    """queryCallDetailRecord: one page of calls, the newest first."""

    total: Annotated[int, Meta(description="How many there are on all pages.")]
    callInfo: list[CallInfo]


class QueryCallDetailRecordResponse(Struct, frozen=True, omit_defaults=True):
    """queryCallDetailRecord: the answer."""

    retCode: Annotated[
        str, Meta(description='"0"; "1" nothing found; "2" times; "4" limit or offset; "12" caller is no number.')
    ]
    retMsg: Annotated[str, Meta(description="Plain text.")]
    result: RecordsResult | None = None


class GetRecordingAddressRequest(Struct, frozen=True):
    """getRecordingAddress: of which call."""

    callSerialNo: Annotated[
        str | int,
        Meta(description="The serial number; as a string, or as a JSON number without loss of digits."),
    ]


class AddressResult(Struct, frozen=True):
    """getRecordingAddress: where it is."""

    url: Annotated[str, Meta(description="A WAV file. Needs no token, works for 5 minutes, takes range requests.")]


class GetRecordingAddressResponse(Struct, frozen=True, omit_defaults=True):
    """getRecordingAddress: the answer."""

    retCode: Annotated[
        int,
        Meta(
            description="0; 1 the recording failed; 5 no recording of such a call, or not yet, or not any more; 11 the "
            "stored file cannot be read or is damaged; 12 the serial number is longer than 50 characters."
        ),
    ]
    retMsg: Annotated[str, Meta(description="Plain text.")]
    result: AddressResult | None = None


class ErrorResponse(Struct, frozen=True):
    """Every error of HTTP itself."""

    retCode: Annotated[str, Meta(description="The HTTP status, as a string.")]
    retMsg: Annotated[str, Meta(description="What was wrong, in plain text.")]
