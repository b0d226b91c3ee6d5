"""Q.850 causes: names (ITU-T Q.850 table 1) and the two mappings of RFC 3398 between SIP statuses and causes."""

from __future__ import annotations

from collections.abc import Sequence

NORMAL_CLEARING = 16
NO_USER_RESPONDING = 18
NO_ANSWER = 19
NO_ROUTE_TO_DESTINATION = 3
NO_CIRCUIT = 34
NETWORK_OUT_OF_ORDER = 38
BEARER_NOT_IMPLEMENTED = 65
NORMAL_UNSPECIFIED = 31
TEMPORARY_FAILURE = 41
CONGESTION = 42
RESOURCE_UNAVAILABLE = 47
TIMER_EXPIRY = 102
INTERWORKING = 127

Q850_NAMES: dict[int, str] = {
    1: "Unallocated (unassigned) number",
    2: "No route to specified transit network",
    3: "No route to destination",
    4: "Send special information tone",
    5: "Misdialled trunk prefix",
    6: "Channel unacceptable",
    7: "Call awarded, being delivered in an established channel",
    8: "Preemption",
    9: "Preemption, circuit reserved for reuse",
    14: "QoR: ported number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from user (user alerted)",
    20: "Subscriber absent",
    21: "Call rejected",
    22: "Number changed",
    23: "Redirection to new destination",
    24: "Call rejected due to feature at the destination",
    25: "Exchange routing error",
    26: "Non-selected user clearing",
    27: "Destination out of order",
    28: "Invalid number format (address incomplete)",
    29: "Facility rejected",
    30: "Response to STATUS ENQUIRY",
    31: "Normal, unspecified",
    34: "No circuit/channel available",
    38: "Network out of order",
    39: "Permanent frame mode connection out of service",
    40: "Permanent frame mode connection operational",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    43: "Access information discarded",
    44: "Requested circuit/channel not available",
    46: "Precedence call blocked",
    47: "Resource unavailable, unspecified",
    49: "Quality of service not available",
    50: "Requested facility not subscribed",
    53: "Outgoing calls barred within CUG",
    55: "Incoming calls barred within CUG",
    57: "Bearer capability not authorized",
    58: "Bearer capability not presently available",
    62: "Inconsistency in designated outgoing access information and subscriber class",
    63: "Service or option not available, unspecified",
    65: "Bearer capability not implemented",
    66: "Channel type not implemented",
    69: "Requested facility not implemented",
    70: "Only restricted digital information bearer capability is available",
    79: "Service or option not implemented, unspecified",
    81: "Invalid call reference value",
    82: "Identified channel does not exist",
    83: "A suspended call exists, but this call identity does not",
    84: "Call identity in use",
    85: "No call suspended",
    86: "Call having the requested call identity has been cleared",
    87: "User not member of CUG",
    88: "Incompatible destination",
    90: "Non-existent CUG",
    91: "Invalid transit network selection",
    95: "Invalid message, unspecified",
    96: "Mandatory information element is missing",
    97: "Message type non-existent or not implemented",
    98: "Message not compatible with call state or message type non-existent or not implemented",
    99: "Information element/parameter non-existent or not implemented",
    100: "Invalid information element contents",
    101: "Message not compatible with call state",
    102: "Recovery on timer expiry",
    103: "Parameter non-existent or not implemented, passed on",
    110: "Message with unrecognized parameter, discarded",
    111: "Protocol error, unspecified",
    127: "Interworking, unspecified",
}

_CAUSE_BY_STATUS: dict[int, int] = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1,
}  # fmt: skip
"""RFC 3398 section 8.2.6.1. 487 has no row: it answers our own CANCEL. 488 and 606 go by the Warning header."""

_STATUS_BY_CAUSE: dict[int, int] = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502, 28: 484,
    29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503, 65: 488, 70: 488, 79: 501,
    87: 403, 88: 503, 102: 504, 111: 500, 127: 500,
}  # fmt: skip
"""RFC 3398 section 7.2.4.1."""

_BY_WARNING = frozenset({488, 606})
_BEARER_WARNINGS = frozenset({304, 305})
"""Media type not available, incompatible media format (RFC 3261 20.43): these speak of a bearer capability."""


def cause_of_status(status: int, warnings: Sequence[int] = ()) -> int:
    """The Q.850 cause of a SIP final failure 300-699 that carries no `Reason: Q.850` (RFC 3398 8.2.6.1).

    Statuses without a row answer 31 (normal, unspecified), as the RFC says. `warnings` are the codes of the Warning
    header, which decide about 488 and 606: the RFC recommends 65 (bearer capability not implemented) where a code
    speaks of an unavailable bearer capability, and 31 for the others. Without any code it is silent; 65 is then what
    its 7.2.4.1 turns back into 488.
    """
    if status in _BY_WARNING:
        says_bearer = not warnings or any(code in _BEARER_WARNINGS for code in warnings)
        return BEARER_NOT_IMPLEMENTED if says_bearer else NORMAL_UNSPECIFIED
    return _CAUSE_BY_STATUS.get(status, NORMAL_UNSPECIFIED)


def status_of_cause(cause: int) -> int:
    """The SIP status of a Q.850 cause (RFC 3398 7.2.4.1); 500, the RFC's default, for causes it does not list."""
    return _STATUS_BY_CAUSE.get(cause, 500)


def name_of_cause(cause: int) -> str:
    """The ITU-T name of a cause; unassigned values are named as such."""
    return Q850_NAMES.get(cause, f"Unassigned cause {cause}")
