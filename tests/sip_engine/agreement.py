"""What a phone believes of its end of a call, and whether the call's record agrees.

A story is written by the carrier from what came over the wire to the phone and what the phone itself did. Where the
protocol cannot bring both sides to one mind, the case has a name in `Verdict` and the section of RFC 3261 that says
why; whatever has none is a disagreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from twoleg.domain.call import Call, EndedBy, Leg, Role
from twoleg.domain.causes import NORMAL_CLEARING
from twoleg.domain.reasons import Reason
from twoleg.sip.headers import Reason as ReasonHeader


class End(Enum):
    """How a phone saw its leg end, the first of them that it saw."""

    REFUSED = "the phone refused the call"
    CANCELLED = "the call was taken back before the phone answered"
    TOLD = "the other side sent BYE"
    HUNG_UP = "the phone hung up"
    GONE = "the phone found nobody on the other side any more"


@dataclass
class Story:
    """One leg as its phone saw it. Times in seconds of the network."""

    serial: int
    number: str
    answered_at: float | None = None
    """When the phone picked up."""
    acknowledged_at: float | None = None
    """When it knew that the other side knows."""
    end: End | None = None
    ended_at: float = 0.0
    status: int | None = None
    """With which the phone refused."""
    reasons: Sequence[ReasonHeader] = ()
    """What it was told at the end."""

    def ends(self, end: End, now: float, reasons: Sequence[ReasonHeader] = ()) -> None:
        """The first end counts; what comes later crossed it."""
        if self.end is None:
            self.end, self.ended_at, self.reasons = end, now, reasons

    @property
    def cause(self) -> int | None:
        """The Q.850 cause that the phone was told."""
        return next((reason.cause for reason in self.reasons if reason.protocol == "Q.850"), None)


class Verdict(Enum):
    """How a phone's story and the record of its leg lie to each other."""

    AGREE = "both say the same"
    CROSSED = "both ended the leg before either heard of the other's end (15.1.2)"
    ANSWER_CROSSED = "the phone answered while the CANCEL was on its way: ACK and BYE follow (9.1, 15)"
    NEVER_RANG = "every copy of the INVITE was lost, so that there is no story (17.1.1.2, timer B)"
    UNHEARD_ANSWER = "every copy of what the phone answered was lost (13.3.1.4, 17.2.1)"
    UNHEARD_ACK = "every copy of the ACK was lost: the phone gave up and said BYE (13.3.1.4)"
    UNHEARD_CANCEL = "every copy of the CANCEL was lost: the phone rang until it had enough (9.1)"
    UNHEARD_REQUEST = "a request in the dialog, or its answer, was lost each time: as if 408 (12.2.1.2)"
    UNHEARD_GOODBYE = "every copy of a BYE was lost: who waits for it learns of the end by the next request (15.1.1)"


class Disagreement(AssertionError):
    """The record says something that the phone did not see, or the other way round, and nothing excuses it."""


TIMEOUT_MS = 32_000 + 1_000
"""64 * T1 in which the last copy of a message may come, and what the network itself delays."""


def verdict(leg: Leg, story: Story | None, *, epoch_ms: float) -> Verdict:
    """Compare them; `epoch_ms` is the record's time when the network's is 0.  Raises Disagreement."""
    if story is None:
        found = _without_story(leg)
    elif leg.answered_at is None:
        found = _unanswered(leg, story) if story.answered_at is None else _answer_not_recorded(leg, story)
    else:
        found = None if story.answered_at is None else _answered(leg, story)
    if found is None or (story is not None and found is Verdict.AGREE and not _same_times(leg, story, epoch_ms)):
        raise Disagreement(f"{leg} {story}")
    return found


def _without_story(leg: Leg) -> Verdict | None:
    if leg.dialled_at is None:
        return Verdict.AGREE
    heard = leg.answered_at or leg.ringing_at or leg.sip_status
    return None if heard else Verdict.NEVER_RANG


def _unanswered(leg: Leg, story: Story) -> Verdict | None:
    match leg.ended_by, story.end:
        case EndedBy.NETWORK, _ if leg.sip_status is None:
            return Verdict.UNHEARD_ANSWER
        case EndedBy.NETWORK, End.REFUSED if leg.sip_status == story.status:
            return Verdict.AGREE
        case EndedBy.SERVICE | EndedBy.REQUEST, End.CANCELLED if leg.cause == story.cause:
            return Verdict.AGREE
        case EndedBy.SERVICE | EndedBy.REQUEST, End.REFUSED:
            return Verdict.CROSSED
        case EndedBy.SERVICE | EndedBy.REQUEST, End.GONE:
            return Verdict.UNHEARD_CANCEL
        case _:
            return None


def _answer_not_recorded(leg: Leg, story: Story) -> Verdict | None:
    if leg.ended_by is EndedBy.NETWORK and leg.sip_status is None:
        return Verdict.UNHEARD_ANSWER
    # 200 or 481 to our BYE: the phone may have hung up by itself by then.
    is_ours = leg.ended_by in (EndedBy.SERVICE, EndedBy.REQUEST) and leg.sip_status in (None, 200, 481)
    return Verdict.ANSWER_CROSSED if is_ours and story.end is not None else None


def _answered(leg: Leg, story: Story) -> Verdict | None:
    by_phone = leg.ended_by is EndedBy(leg.role.value)
    match story.end:
        case End.HUNG_UP if by_phone:
            return Verdict.AGREE if leg.cause == NORMAL_CLEARING else Verdict.UNHEARD_GOODBYE
        case End.GONE if by_phone:
            return Verdict.UNHEARD_ACK if story.acknowledged_at is None else Verdict.UNHEARD_REQUEST
        case End.TOLD if by_phone:
            return Verdict.UNHEARD_REQUEST if leg.cause != NORMAL_CLEARING else None
        case End.TOLD if leg.ended_by in (EndedBy.SERVICE, EndedBy.REQUEST):
            return Verdict.AGREE if leg.cause == story.cause else None
        case End.HUNG_UP if leg.ended_by in (EndedBy.SERVICE, EndedBy.REQUEST):
            return Verdict.CROSSED
        case End.GONE | None if leg.ended_by in (EndedBy.SERVICE, EndedBy.REQUEST):
            return Verdict.UNHEARD_GOODBYE
        case _:
            return None


def _same_times(leg: Leg, story: Story, epoch_ms: float) -> bool:
    """Whether answer and end are where the other side puts them, as far apart as repeats may be."""
    pairs = [(leg.answered_at, story.answered_at), (leg.released_at, story.ended_at)]
    known = [(ours, theirs * 1000 + epoch_ms) for ours, theirs in pairs if ours is not None and theirs is not None]
    return all(abs(ours - theirs) <= TIMEOUT_MS for ours, theirs in known)


_ENDS: dict[Reason, tuple[Role, EndedBy]] = {
    Reason.AGENT_HUNG_UP: (Role.AGENT, EndedBy.AGENT),
    Reason.CUSTOMER_HUNG_UP: (Role.CUSTOMER, EndedBy.CUSTOMER),
    Reason.AGENT_UNANSWERED: (Role.AGENT, EndedBy.SERVICE),
    Reason.CUSTOMER_UNANSWERED: (Role.CUSTOMER, EndedBy.SERVICE),
    Reason.AGENT_FAILED: (Role.AGENT, EndedBy.NETWORK),
    Reason.CUSTOMER_FAILED: (Role.CUSTOMER, EndedBy.NETWORK),
}
"""Which leg a reason speaks of, and who must have ended that."""


def agreement(calls: Iterable[Call], stories: Iterable[Story], *, epoch_ms: float) -> Counter[Verdict]:
    """The verdicts of all legs.  Raises Disagreement, also for a story that is no leg's."""
    by_phone: dict[tuple[int, str], Story] = {}
    for story in stories:
        if by_phone.setdefault((story.serial, story.number), story) is not story:
            raise Disagreement(f"one phone is called twice: {story}")
    found: Counter[Verdict] = Counter()
    for call in calls:
        speaks_of = _ENDS.get(call.reason) if call.reason is not None else None
        if speaks_of is not None and call.leg(speaks_of[0]).ended_by is not speaks_of[1]:
            raise Disagreement(f"the reason of the call and the end of its leg: {call}")
        for leg in (call.agent, call.customer):
            found[verdict(leg, by_phone.pop((call.serial, leg.number), None), epoch_ms=epoch_ms)] += 1
    if by_phone:
        raise Disagreement(f"phones that no call speaks of: {by_phone}")
    return found
