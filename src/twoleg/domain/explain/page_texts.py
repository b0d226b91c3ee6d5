"""How the documentation page of the compatible interface words each cause, and whether that is what the cause means.

Its table is a re-translation of the ITU-T names; where the two differ, clients that were written by that page were told
something else than what happened, and the evidence says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique


@unique
class Agreement(Enum):
    """How the page's text stands to the ITU-T name."""

    SAME = "same"
    LOOSE = "loose"
    """Clumsy, but recognisable."""
    WRONG = "wrong"
    """It says something else."""


@dataclass(frozen=True, slots=True)
class PageText:
    """One row of that table."""

    text: str
    agreement: Agreement


_SAME, _LOOSE, _WRONG = Agreement

PAGE_TEXTS: Mapping[int, PageText] = {
    0: PageText("N/A", _SAME),
    1: PageText("The number cannot be found", _SAME),
    2: PageText("Failed to route to the network", _SAME),
    3: PageText("Failed to route to the destination", _SAME),
    4: PageText("Special messages are sent", _LOOSE),
    5: PageText("Incorrect trunk prefix", _SAME),
    6: PageText("The channel cannot be accessed", _SAME),
    7: PageText("A channel has been created", _LOOSE),
    8: PageText("Preemption", _SAME),
    9: PageText("Preemption reservation", _SAME),
    16: PageText("Normal call clearance", _SAME),
    17: PageText("The user is busy", _SAME),
    18: PageText("No answer", _WRONG),
    19: PageText("No user answers the call", _SAME),
    20: PageText("The user is unreachable", _SAME),
    21: PageText("Call rejected", _SAME),
    22: PageText("The number has been changed", _SAME),
    23: PageText("Redirection", _SAME),
    25: PageText("The switching route is incorrect", _SAME),
    26: PageText("No user permission", _WRONG),
    27: PageText("The target is disordered", _LOOSE),
    28: PageText("Invalid number format", _SAME),
    29: PageText("Rejected by the device", _WRONG),
    30: PageText("Status query", _LOOSE),
    31: PageText("Normal", _SAME),
    34: PageText("Unreachable route", _WRONG),
    38: PageText("Poor network quality", _WRONG),
    39: PageText("Service out of connection", _LOOSE),
    40: PageText("Connecting", _WRONG),
    41: PageText("Temporarily failed", _SAME),
    42: PageText("The device is congested", _SAME),
    43: PageText("Discarded information", _SAME),
    44: PageText("The channel cannot be accessed", _LOOSE),
    46: PageText("Call blocked", _LOOSE),
    47: PageText("No available resource", _SAME),
    49: PageText("Invalid quality", _LOOSE),
    50: PageText("The device is not reserved", _WRONG),
    53: PageText("Outbound calls barred within the CUG", _SAME),
    55: PageText("Inbound calls barred within the CUG", _SAME),
    57: PageText("No permission for transmission", _LOOSE),
    58: PageText("Invalid transmission", _WRONG),
    62: PageText("The levels are inconsistent", _LOOSE),
    63: PageText("Invalid service", _LOOSE),
    65: PageText("Transmission cannot be performed", _LOOSE),
    66: PageText("The channel cannot be implemented", _SAME),
    69: PageText("Invalid device", _WRONG),
    70: PageText("Valid transmission", _WRONG),
    79: PageText("The CV service is not configured", _WRONG),
    81: PageText("An invalid value is referenced", _LOOSE),
    82: PageText("The channel does not exist", _SAME),
    83: PageText("The ID does not exist", _LOOSE),
    84: PageText("The call ID does not exist", _WRONG),
    85: PageText("No call is suspended", _SAME),
    86: PageText("Anonymous call", _WRONG),
    87: PageText("The CUG has no member", _WRONG),
    88: PageText("Incompatible destination", _SAME),
    90: PageText("The CUG does not exist", _SAME),
    91: PageText("Invalid network", _LOOSE),
    95: PageText("Invalid information", _LOOSE),
    96: PageText("Not hosting element", _WRONG),
    97: PageText("Type not found", _LOOSE),
    98: PageText("The information is not implemented", _LOOSE),
    99: PageText("The information element does not exist", _SAME),
    100: PageText("Invalid information element", _SAME),
    101: PageText("Inconsistent call status", _SAME),
    102: PageText("The timer times out", _SAME),
    103: PageText("The parameter does not exist", _LOOSE),
    110: PageText("The message contains unidentified parameters", _SAME),
    111: PageText("Protocol error", _SAME),
    127: PageText("Unspecified interaction", _SAME),
}
"""By cause. 14 and 24 are causes of Q.850 that the page leaves out; 0 is no cause of Q.850."""
