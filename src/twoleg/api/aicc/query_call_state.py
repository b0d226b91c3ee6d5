"""queryCallState: what is the state of call N, and why did it end? The busiest path of the service."""

from __future__ import annotations

from msgspec.json import Decoder, Encoder

from twoleg.api.aicc.bearer import authenticate
from twoleg.api.aicc.codes import SUCCESS, QueryCode
from twoleg.api.aicc.decode import decode
from twoleg.api.aicc.wire import CallStateResult, QueryCallStateRequest, QueryCallStateResponse
from twoleg.api.asgi import Headers
from twoleg.api.at_once import AtOnce
from twoleg.api.http import Answer
from twoleg.application.check_token import CheckToken
from twoleg.application.ports import CallReader, CallStatus
from twoleg.application.query_call_state import query_call_state
from twoleg.domain.call import PUBLISHED_STATE, Phase
from twoleg.domain.serials import made_at
from twoleg.domain.tenant import Profile

SERIAL_LENGTH = 50
"""Characters (seed page: string (50))."""

_ENCODE = Encoder().encode
_DIGITS = frozenset("0123456789")
_STATE = [int(PUBLISHED_STATE[phase]) for phase in Phase]
"""By phase: the table of the domain as a list, because a dictionary of enums costs a microsecond here."""

NO_SUCH_CALL = Answer(_ENCODE(QueryCallStateResponse("Failed to query the status: no such call", QueryCode.FAILED)))
BAD_SERIAL = Answer(
    _ENCODE(
        QueryCallStateResponse(
            f"The format of the call SN is incorrect: it must be 1 to {SERIAL_LENGTH} digits", QueryCode.BAD_SERIAL
        )
    )
)


class QueryCallState(AtOnce):
    """The handler. It waits for nothing: one row, by its key."""

    def __init__(self, *, check_token: CheckToken, reader: CallReader) -> None:
        self._check_token = check_token
        self._reader = reader
        self._decoder = Decoder(QueryCallStateRequest)

    def answer(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request."""
        tenant = authenticate(headers, self._check_token).tenant
        wanted = decode(self._decoder, body).callSerialNo
        serial = wanted if wanted.__class__ is str else str(wanted)
        if not 0 < len(serial) <= SERIAL_LENGTH or not _DIGITS.issuperset(serial):
            return BAD_SERIAL
        status = query_call_state(self._reader, serial=int(serial), tenant_id=tenant.tenant_id)
        if status is None:
            return NO_SUCH_CALL
        result = _result(status, int(serial), ita=tenant.profile is Profile.ITA)
        return Answer(_ENCODE(QueryCallStateResponse("Query call state successfully", SUCCESS, result)))


def _result(status: CallStatus, serial: int, *, ita: bool) -> CallStateResult:
    """What is told of a call. Profile `ita`: the Q.850 cause for a reason, and no call data (decisions 4.5)."""
    return CallStateResult(
        caller=status.caller,
        called=status.called,
        callerPresent=status.caller_present,
        startTime=_start_time(status, serial),
        state=_STATE[status.phase],
        reasonCode=status.cause if ita else status.reason,
        agentPresent=status.agent_present,
        endTime=status.ended_at,
        callData=None if ita else status.call_data,
    )


def _start_time(status: CallStatus, serial: int) -> int | None:
    # From state 1 on there is a start time (decisions 4.1). A call that ended without being dialled (reasons 6, 1001,
    # 1005) is in state 3, so it has one too: the time it was created, the only one at which anything of it began.
    if status.started_at is None and status.ended_at is not None:
        return made_at(serial)
    return status.started_at
