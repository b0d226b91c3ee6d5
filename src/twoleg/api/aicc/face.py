"""The face as a whole: its paths, who answers them, and how it words an error."""

from __future__ import annotations

from msgspec.json import encode

from twoleg.api.aicc.create_call import CreateCall
from twoleg.api.aicc.get_recording_address import GetRecordingAddress
from twoleg.api.aicc.orders import read_v1, read_v3
from twoleg.api.aicc.query_call_detail_record import QueryCallDetailRecord
from twoleg.api.aicc.query_call_state import QueryCallState
from twoleg.api.aicc.token import TokenByAkSk
from twoleg.api.aicc.wire import ErrorResponse
from twoleg.api.http import Handler
from twoleg.application.call_records import FindCallRecords
from twoleg.application.check_token import CheckToken
from twoleg.application.issue_token import IssueToken
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import CallReader

TOKEN_PATH = "/apigovernance/api/oauth/tokenByAkSk"  # noqa: S105 - a path, not a password
CREATE_CALL_V1_PATH = "/apiaccess/CC-Management/v1/mobileAgent/createCall"
CREATE_CALL_V3_PATH = "/apiaccess/CC-Management/v3/mobileAgent/createCall"
QUERY_CALL_STATE_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"
RECORDING_ADDRESS_PATH = "/apiaccess/CC-Management/v1/mobileAgent/getRecordingAddress"
QUERY_RECORDS_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallDetailRecord"


def make_routes(
    *,
    issue_token: IssueToken,
    check_token: CheckToken,
    place_call: PlaceCall,
    reader: CallReader,
    find_records: FindCallRecords,
    recording_address: GetRecordingAddress,
) -> dict[str, dict[str, Handler]]:
    """The routes of the face."""
    v1 = CreateCall(version=b"v1", read=read_v1, check_token=check_token, place_call=place_call)
    v3 = CreateCall(version=b"v3", read=read_v3, check_token=check_token, place_call=place_call)
    return {
        TOKEN_PATH: {"POST": TokenByAkSk(issue_token)},
        CREATE_CALL_V1_PATH: {"POST": v1},
        CREATE_CALL_V3_PATH: {"POST": v3},
        QUERY_CALL_STATE_PATH: {"POST": QueryCallState(check_token=check_token, reader=reader)},
        QUERY_RECORDS_PATH: {"POST": QueryCallDetailRecord(check_token=check_token, find_records=find_records)},
        RECORDING_ADDRESS_PATH: {"POST": recording_address},
    }


def error_body(status: int, text: str) -> bytes:
    """An error of HTTP itself, worded like the face's refusals (decisions 1.1)."""
    return encode(error_sample(status, text))


def error_sample(status: int, text: str) -> ErrorResponse:
    """What such an error looks like."""
    return ErrorResponse(str(status), text)
