"""The compatible face as operations and types: tokenByAkSk, createCall, queryCallState, queryCallDetailRecord.

They work against the vendor's own service too, so answers are read with patience: numbers may come as strings, and a
serial as a number.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert
from msgspec.json import Decoder, encode

from twoleg.client.errors import Refused, UnexpectedAnswer
from twoleg.client.exchange import Operation, Reply, decoded

T = TypeVar("T")

TOKEN_PATH = "/apigovernance/api/oauth/tokenByAkSk"  # noqa: S105 - a path, not a password
CREATE_V1_PATH = "/apiaccess/CC-Management/v1/mobileAgent/createCall"
CREATE_V3_PATH = "/apiaccess/CC-Management/v3/mobileAgent/createCall"
STATE_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"
RECORDS_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallDetailRecord"

LONGEST_LIFE = 3600
"""Seconds that a token may live (aicc-interfaces 2)."""
_SHORT_LIFE = 600
"""What a token is taken to live when the service does not say: the lifetime of the page's sample."""
_NOTHING_FOUND = "1"
_JSON = {"content-type": "application/json"}


class Token(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What tokenByAkSk answers, as far as it is used."""

    access_token: str
    expires: int = _SHORT_LIFE


class CallStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What queryCallState tells. Times: ms since the epoch. States: 0 to be called, 1 calling, 2 talking, 3 ended."""

    state: int
    caller: str | None = None
    called: str | None = None
    caller_present: str | None = None
    agent_present: str | None = None
    call_data: str | None = None
    start_time: int | None = None
    end_time: int | None = None
    reason_code: int | None = None


class CallRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """What queryCallDetailRecord tells of a call. Times: ms since the epoch; durations: seconds."""

    call_serial_no: str | int
    caller: str | None = None
    called: str | None = None
    caller_present: str | None = None
    agent_present: str | None = None
    call_data: str | None = None
    state: int | None = None
    reason_code: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    alerting_time: int | None = None
    talking_time: int | None = None
    release_time: int | None = None
    talk_duration: int | None = None
    agent_alerting_time: int | None = None
    agent_talking_time: int | None = None
    agent_release_time: int | None = None
    agent_talk_duration: int | None = None

    @property
    def serial(self) -> str:
        """The serial as a string, however it came."""
        return str(self.call_serial_no)


class RecordPage(Struct, frozen=True, rename="camel"):
    """One page of records, and how many there are in all."""

    total: int = 0
    call_info: tuple[CallRecord, ...] = ()

    @property
    def records(self) -> tuple[CallRecord, ...]:
        """The newest first."""
        return self.call_info


class OrderV1(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What createCall v1 is sent."""

    caller: str
    called: str
    call_data: str | None = None
    caller_present: str | None = None
    agent_present: str | None = None
    agent_work_no: int | None = None
    call_back_url: str | None = None
    """The Base64 of the URL."""


class OrderV3(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What createCall v3 is sent."""

    soft_phone: str
    called: str
    caller: str | None = None
    call_data: str | None = None
    caller_present: str | None = None


class RecordsWanted(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What queryCallDetailRecord is sent: numbers as strings, as the page's sample has it."""

    start_time: str
    end_time: str
    offset: str
    limit: str
    caller: str | None = None
    task_type: str | None = None


class _Created(Struct, frozen=True, rename="camel"):
    call_serial_no: str | int


class _Answer(Struct, frozen=True, rename="camel"):
    ret_code: str | int
    ret_msg: str | None = None
    result: Any = None


_TOKEN = Decoder(Token, strict=False)
_ANSWER = Decoder(_Answer)


def token(app_key: str, app_secret: str, *, path: str = TOKEN_PATH) -> Operation[Token]:
    """A token for these credentials."""
    body = {"app_key": app_key, "app_secret": app_secret}
    return Operation(
        method="POST",
        path=path,
        headers={**_JSON, "x-token-expire": str(LONGEST_LIFE)},
        body=encode(body),
        decode=lambda reply: decoded(_TOKEN, reply.body),
    )


def create_call(order: OrderV1 | OrderV3, *, key: str | None) -> Operation[str]:
    """Answered by the serial. `key`: an Idempotency-Key, for services that know it; without one it is asked once."""
    return Operation(
        method="POST",
        path=CREATE_V1_PATH if isinstance(order, OrderV1) else CREATE_V3_PATH,
        headers=_JSON if key is None else {**_JSON, "idempotency-key": key},
        body=encode(order),
        decode=lambda reply: str(_result(_Created, reply).call_serial_no),
        repeatable=key is not None,
    )


def query_state(serial: str) -> Operation[CallStatus]:
    """The state of a call."""
    return Operation(
        method="POST",
        path=STATE_PATH,
        headers=_JSON,
        body=encode(_Created(serial)),
        decode=partial(_result, CallStatus),
    )


def query_records(wanted: RecordsWanted) -> Operation[RecordPage]:
    """Calls that began in a window."""
    return Operation(method="POST", path=RECORDS_PATH, headers=_JSON, body=encode(wanted), decode=_records)


def _records(reply: Reply) -> RecordPage:
    try:
        return _result(RecordPage, reply)
    except Refused as refused:
        if refused.code == _NOTHING_FOUND:
            return RecordPage()
        raise


def _result(kind: type[T], reply: Reply) -> T:
    """The `result` of a success. Raises `Refused` for any other retCode, `UnexpectedAnswer`."""
    answer = decoded(_ANSWER, reply.body)
    if str(answer.ret_code) != "0":
        raise Refused(str(answer.ret_code), answer.ret_msg or "refused without a word")
    try:
        return convert(answer.result, kind, strict=False)
    except ValidationError as error:
        raise UnexpectedAnswer(f"the result is something else than expected: {error}") from error
