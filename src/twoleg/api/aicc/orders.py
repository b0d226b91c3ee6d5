"""Orders: the bodies of createCall v1 and v3, translated into the call request that both of them are."""

from __future__ import annotations

from base64 import b64decode
from typing import NamedTuple

from msgspec.json import Decoder

from twoleg.api.aicc.codes import CreateCallCode, ItaCode
from twoleg.api.aicc.decode import decode
from twoleg.api.aicc.wire import CreateCallV1, CreateCallV3
from twoleg.api.http import HttpError
from twoleg.domain.numbers import is_dialable
from twoleg.domain.tenant import CallRequest, Refusal

CALL_DATA_LENGTH = 1024
"""Characters (s1024)."""

_V1 = Decoder(CreateCallV1)
_V3 = Decoder(CreateCallV3)


class Order(NamedTuple):
    """What is asked for, and by which member the agent's phone was named."""

    request: CallRequest
    phone_member: str = "caller"


class OrderRefused(Exception):
    """An order of the right types that breaks a rule with a retCode of its own, before any tenant's rule is asked."""

    def __init__(self, code: CreateCallCode, ita: ItaCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.ita = ita
        self.text = text


def read_v1(body: bytes) -> Order:
    """CreateCall v1. Raises `HttpError` and `OrderRefused`."""
    given = decode(_V1, body)
    return Order(
        CallRequest(
            caller=given.caller,
            called=given.called,
            caller_present=given.callerPresent,
            agent_present=given.agentPresent,
            call_data=_call_data(given.callData),
            agent_work_no=_work_number(given.agentWorkNo),
            callback_url=_callback_url(given.callBackUrl),
        )
    )


def read_v3(body: bytes) -> Order:
    """CreateCall v3: `caller` wins over `softPhone` (decisions 3.3). Raises `HttpError` and `OrderRefused`."""
    given = decode(_V3, body)
    if not is_dialable(given.softPhone):
        raise OrderRefused(
            CreateCallCode.NUMBER_FORMAT, ItaCode.INVALID_PARAMETER, f"softPhone: {Refusal.BAD_NUMBER.value}"
        )
    request = CallRequest(
        caller=given.softPhone if given.caller is None else given.caller,
        called=given.called,
        caller_present=given.callerPresent,
        call_data=_call_data(given.callData),
    )
    return Order(request, phone_member="softPhone" if given.caller is None else "caller")


def _work_number(given: float | str | None) -> int | None:
    if isinstance(given, float) and not given.is_integer():
        raise HttpError(400, "agentWorkNo must be an integer or a string, not a number")
    return None if given is None else int(given)


def _call_data(given: str | None) -> str | None:
    # Too long is no error of HTTP: decisions 1.3 lists those. Among the retCodes, 2 is "call data information" (page
    # cec_07_1303), which the pages leave unexplained and which fits nothing else (aicc-interfaces 1.1).
    if given is not None and len(given) > CALL_DATA_LENGTH:
        raise _bad_call_data(f"callData is longer than {CALL_DATA_LENGTH} characters")
    return given


def _callback_url(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        return b64decode(given, validate=True).decode("ascii")
    except ValueError as error:  # of Base64 or of ASCII
        raise _bad_call_data("callBackUrl is not the Base64 of a URL") from error


def _bad_call_data(text: str) -> OrderRefused:
    return OrderRefused(CreateCallCode.CALL_DATA, ItaCode.INVALID_PARAMETER, text)
