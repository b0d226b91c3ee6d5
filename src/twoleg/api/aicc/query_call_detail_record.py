"""queryCallDetailRecord: which calls began in a window of time, the newest first, and what became of each."""

from __future__ import annotations

from msgspec.json import Encoder

from twoleg.api.aicc.bearer import authenticate
from twoleg.api.aicc.codes import SUCCESS, RecordsCode
from twoleg.api.aicc.records_wanted import WantedRefused, read_wanted
from twoleg.api.aicc.wire import CallInfo, QueryCallDetailRecordResponse, RecordsResult
from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, HttpError
from twoleg.application.call_records import CallRecord, FindCallRecords, TooManyLists
from twoleg.application.check_token import CheckToken
from twoleg.domain.call import PUBLISHED_STATE, Phase
from twoleg.domain.tenant import Profile

_ENCODE = Encoder().encode
_STATE = [int(PUBLISHED_STATE[phase]) for phase in Phase]


class QueryCallDetailRecord:
    """The handler."""

    def __init__(self, *, check_token: CheckToken, find_records: FindCallRecords) -> None:
        self._check_token = check_token
        self._find = find_records

    async def __call__(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request."""
        tenant = authenticate(headers, self._check_token).tenant
        is_ita = tenant.profile is Profile.ITA
        try:
            wanted = read_wanted(body, tenant)
        except WantedRefused as refused:
            return Answer(_ENCODE(QueryCallDetailRecordResponse(refused.code, refused.text)))
        try:
            found = await self._find(wanted)
        except TooManyLists as reason:
            raise HttpError(429, str(reason), headers=((b"retry-after", b"1"),)) from reason
        if not found.total:
            return Answer(_ENCODE(QueryCallDetailRecordResponse(RecordsCode.NOTHING_FOUND, "nothing found")))
        result = RecordsResult(found.total, [_info(record, ita=is_ita) for record in found.records])
        text = "Query call detail record successfully"
        return Answer(_ENCODE(QueryCallDetailRecordResponse(SUCCESS, text, result)))


def _info(record: CallRecord, *, ita: bool) -> CallInfo:
    """Profile `ita`: the Q.850 cause for a reason, and no call data (decisions 4.5)."""
    return CallInfo(
        callSerialNo=str(record.serial),
        caller=record.caller,
        called=record.called,
        callerPresent=record.caller_present,
        agentPresent=record.agent_present,
        startTime=_start_time(record),
        endTime=record.ended_at,
        state=_STATE[record.phase],
        reasonCode=record.cause if ita else record.reason,
        callData=None if ita else record.call_data,
        alertingTime=record.customer_ringing_at,
        talkingTime=record.customer_answered_at,
        releaseTime=record.customer_released_at,
        talkDuration=_talked(record, record.customer_answered_at, record.customer_released_at),
        agentAlertingTime=record.agent_ringing_at,
        agentTalkingTime=record.agent_answered_at,
        agentReleaseTime=record.agent_released_at,
        agentTalkDuration=_talked(record, record.agent_answered_at, record.agent_released_at),
    )


def _start_time(record: CallRecord) -> int | None:
    """As queryCallState has it: from state 1 on, and for an ended call that was never dialled when it was placed."""
    if record.started_at is None and record.ended_at is not None:
        return record.created_at
    return record.started_at


def _talked(record: CallRecord, answered_at: int | None, released_at: int | None) -> int | None:
    """Whole seconds from the leg's answer to its release; 0 for one that was never answered; None while it may be."""
    if answered_at is not None and released_at is not None:
        return max(0, released_at - answered_at) // 1000
    return None if record.ended_at is None else 0
