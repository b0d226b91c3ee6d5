"""The words in which the life of a leg is told: its states, what can happen to it, and what we do about it.

Which does what is decided in `leg_fsm`.
"""

from __future__ import annotations

from enum import IntEnum, auto, unique

from twoleg.sip.errors import SipError
from twoleg.sip.values import Value


class LegStateError(SipError):
    """A verb that makes no sense in the state of its leg: a mistake of the owner, not a race."""


@unique
class LegState(IntEnum):
    """Where a leg is."""

    CALLING = auto()
    """We sent INVITE and heard nothing."""
    RINGING = auto()
    """A provisional came."""
    WITHDRAWN = auto()
    """Release asked while CALLING: the CANCEL waits for a provisional (9.1)."""
    CANCELLING = auto()
    """CANCEL sent; the final response to the INVITE is awaited."""
    OFFERED = auto()
    """A 2xx brought an offer; the owner's answer goes into the ACK."""
    ANSWERED = auto()
    """A 2xx completed offer and answer; the ACK waits for the owner's word, their next requests do not."""
    INCOMING = auto()
    """We were called and gave no final response."""
    REFUSED = auto()
    """We gave 300-699; its ACK is awaited."""
    ACCEPTED = auto()
    """We gave 200; its ACK is awaited."""
    UNWANTED = auto()
    """Release asked while ACCEPTED: the BYE waits for the ACK or its absence (15)."""
    TALKING = auto()
    """The dialog is confirmed."""
    CLOSING = auto()
    """We sent BYE."""
    ENDED = auto()


@unique
class LegInput(IntEnum):
    """What can happen to a leg."""

    PROVISIONAL = auto()
    MENDABLE = auto()
    """A final response to our INVITE that asks for another one: 401 or 407 that we can answer, 422, a 3xx to follow."""
    ANSWERED = auto()
    """The first 2xx; offer and answer are complete."""
    ANSWERED_WITH_OFFER = auto()
    ANSWERED_AND_HELD = auto()
    """As ANSWERED, where the owner wants to say when the ACK goes out."""
    REFUSAL = auto()
    """Another 300-699 to our INVITE."""
    NO_RESPONSE = auto()
    """Timer B."""
    UNREACHABLE = auto()
    """The transport failed before a final response, in either role."""
    RING_LIMIT = auto()
    CANCEL_UNHEARD = auto()
    """64 * T1 after our CANCEL there is still no final response."""
    CANCEL = auto()
    ACK = auto()
    """Of our 2xx to the first INVITE."""
    NO_ACK = auto()
    """Of a 2xx of ours, for 64 * T1."""
    REFUSAL_SETTLED = auto()
    BYE = auto()
    BYE_DONE = auto()
    REINVITE = auto()
    """Or an UPDATE with an offer."""
    INFO = auto()
    """Or an UPDATE without one."""
    GONE = auto()
    """481 to a request of ours in the dialog (12.2.1.2)."""
    SILENT = auto()
    """408, or nothing, to such a request; or nobody refreshed the session in time (RFC 4028 10)."""
    RELEASE = auto()
    RING = auto()
    ACCEPT = auto()
    REJECT = auto()
    ACKNOWLEDGE = auto()
    """The owner's answer to an offer in a 2xx."""
    OFFER_CHANGE = auto()
    """The owner's wish for a re-INVITE."""


@unique
class LegAction(IntEnum):
    """What is done about it; `LegStep.next` is in force already."""

    IGNORE = auto()
    RAISE = auto()
    """A fault of ours."""
    MISUSE = auto()
    """LegStateError for the owner."""
    REPORT_PROVISIONAL = auto()
    RETRY = auto()
    """INVITE again, as the response asks for."""
    CONFIRM = auto()
    """ACK, Answered."""
    REPORT_OFFER = auto()
    """Answered; the ACK waits for the owner."""
    FAIL = auto()
    """Failed, Released."""
    FAIL_EXPIRED = auto()
    """Failed; CANCEL once allowed, or 480."""
    REMEMBER = auto()
    """Keep the reasons for the CANCEL or BYE to come."""
    SEND_CANCEL = auto()
    CLOSE_LATE = auto()
    """ACK the 2xx that nobody wants any more, then BYE."""
    ABANDON = auto()
    """Forget the INVITE, Released."""
    SEND_ACK = auto()
    ACK_AND_BYE = auto()
    SEND_PROVISIONAL = auto()
    SEND_ANSWER = auto()
    SEND_REFUSAL = auto()
    REFUSE_CANCELLED = auto()
    """487, Cancelled."""
    REPORT_ACK = auto()
    FAIL_UNACKNOWLEDGED = auto()
    """Failed; BYE."""
    SEND_BYE = auto()
    REPORT_HANG_UP = auto()
    """200, HungUp, Released."""
    ANSWER_BYE = auto()
    """200 and nothing else."""
    ANSWER_LAST_BYE = auto()
    """200, Released."""
    REPORT_GONE = auto()
    """HungUp, Released."""
    REPORT_SILENT = auto()
    """HungUp; BYE all the same, the other end may hear it."""
    REPORT_RELEASED = auto()
    TAKE = auto()
    """Take the request or wish: Reinvited, InfoReceived, queue the re-INVITE."""
    REFUSE_PENDING = auto()
    """491, or 500 with Retry-After, to a re-INVITE (14.2)."""
    REFUSE_GONE = auto()
    """481."""


class LegStep(Value, frozen=True, gc=False):
    """One cell: `next` None stays."""

    next: LegState | None
    do: LegAction
