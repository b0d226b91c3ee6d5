"""The vendor's retCode tables, and which code each of our refusals has in them (aicc-interfaces 1.1, decisions 3)."""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum, unique

from twoleg.domain.tenant import Refusal

SUCCESS = "0"


@unique
class CreateCallCode(StrEnum):
    """retCode of createCall, CEC engine (pages cec_07_1303 and cec_07_0053), as far as we answer it."""

    TASK_NOT_ADDED = "1"
    CALL_DATA = "2"
    NUMBER_FORMAT = "5"
    CALLER_NOT_ALLOCATED = "8"
    TRIAL_NOT_WHITELISTED = "16"
    TRIAL_TOO_MANY = "21"


@unique
class QueryCode(StrEnum):
    """retCode of queryCallState (the seed page)."""

    FAILED = "1"
    BAD_SERIAL = "3"


@unique
class RecordsCode(StrEnum):
    """retCode of queryCallDetailRecord (page cec_07_0054)."""

    NOTHING_FOUND = "1"
    TIME_FORMAT = "2"
    PAGE_FORMAT = "4"
    CALLER_UNAVAILABLE = "12"


@unique
class AddressCode(IntEnum):
    """retCode of getRecordingAddress: the one interface of the family in which it is a number (aicc-interfaces 1.5)."""

    SUCCESS = 0
    UPLOAD_FAILED = 1
    NO_RECORD = 5
    DOWNLOAD_FAILED = 11
    SERIAL_TOO_LONG = 12


@unique
class ItaCode(Enum):
    """retCode of createCall with the ITA engine, and the fixed text that goes with each, as far as we answer it."""

    INVALID_PARAMETER = ("90100100", "Invalid Input Parameter")
    NOT_FOUND = ("90100400", "Not found")
    RESTRICTED = ("90102002", "Request Restriction")
    BINDING_EXISTS = ("90106001", "Binding relationship already exists")
    CALLER_FORBIDDEN = ("90106011", "Caller Forbid")

    @property
    def code(self) -> str:
        """The eight digits."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The fixed text."""
        return self.value[1]


AICC_CODES: dict[Refusal, CreateCallCode] = {
    Refusal.DUPLICATE: CreateCallCode.TASK_NOT_ADDED,
    Refusal.BAD_NUMBER: CreateCallCode.NUMBER_FORMAT,
    Refusal.BAD_CLIP: CreateCallCode.NUMBER_FORMAT,
    Refusal.CALLBACK_NOT_ALLOWED: CreateCallCode.CALL_DATA,
    Refusal.CALLER_NOT_ALLOWED: CreateCallCode.CALLER_NOT_ALLOCATED,
    Refusal.TRIAL_CALLER_NOT_LISTED: CreateCallCode.TRIAL_NOT_WHITELISTED,
    Refusal.TRIAL_LIMIT: CreateCallCode.TRIAL_TOO_MANY,
    Refusal.RECORDING_NOT_ALLOWED: CreateCallCode.TASK_NOT_ADDED,
    Refusal.DESTINATION_DENIED: CreateCallCode.TASK_NOT_ADDED,
    Refusal.QUIET_HOURS: CreateCallCode.TASK_NOT_ADDED,
    Refusal.DO_NOT_CALL: CreateCallCode.TASK_NOT_ADDED,
    Refusal.CONCURRENT_CALLS: CreateCallCode.TASK_NOT_ADDED,
    Refusal.CALLS_A_SECOND: CreateCallCode.TASK_NOT_ADDED,
    Refusal.NUMBER_BUDGET: CreateCallCode.TASK_NOT_ADDED,
    Refusal.MEDIA_NOT_OFFERED: CreateCallCode.TASK_NOT_ADDED,
    Refusal.MEDIA_NOT_RECORDABLE: CreateCallCode.TASK_NOT_ADDED,
}
"""Total: a test holds it to that."""

ITA_CODES: dict[Refusal, ItaCode] = {
    Refusal.DUPLICATE: ItaCode.BINDING_EXISTS,
    Refusal.BAD_NUMBER: ItaCode.INVALID_PARAMETER,
    Refusal.BAD_CLIP: ItaCode.INVALID_PARAMETER,
    Refusal.CALLBACK_NOT_ALLOWED: ItaCode.INVALID_PARAMETER,
    Refusal.CALLER_NOT_ALLOWED: ItaCode.CALLER_FORBIDDEN,
    Refusal.TRIAL_CALLER_NOT_LISTED: ItaCode.CALLER_FORBIDDEN,
    Refusal.TRIAL_LIMIT: ItaCode.RESTRICTED,
    Refusal.RECORDING_NOT_ALLOWED: ItaCode.RESTRICTED,
    Refusal.DESTINATION_DENIED: ItaCode.RESTRICTED,
    Refusal.QUIET_HOURS: ItaCode.RESTRICTED,
    Refusal.DO_NOT_CALL: ItaCode.RESTRICTED,
    Refusal.CONCURRENT_CALLS: ItaCode.RESTRICTED,
    Refusal.CALLS_A_SECOND: ItaCode.RESTRICTED,
    Refusal.NUMBER_BUDGET: ItaCode.RESTRICTED,
    Refusal.MEDIA_NOT_OFFERED: ItaCode.RESTRICTED,
    Refusal.MEDIA_NOT_RECORDABLE: ItaCode.RESTRICTED,
}
"""Total. The pages do not say which ITA code means what in our terms; these are the nearest by their texts."""

VENDOR_NAMES: dict[str, str] = {
    "caller": "caller",
    "called": "called",
    "caller_present": "callerPresent",
    "agent_present": "agentPresent",
    "callback_url": "callBackUrl",
    "recording": "Recording",
}
"""Our names of a request's members -> the vendor's."""
