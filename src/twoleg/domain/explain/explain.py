"""The verdict on a call: finds its situation or, where a network refused a leg, the row of what the network said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twoleg.domain.call import Call, EndedBy, Leg, Phase
from twoleg.domain.causes import CONGESTION, NETWORK_OUT_OF_ORDER, NO_CIRCUIT, NO_ROUTE_TO_DESTINATION, TIMER_EXPIRY
from twoleg.domain.events import Event
from twoleg.domain.explain import causes, sentence, situations, statuses
from twoleg.domain.explain.evidence import cause_words, evidence_of
from twoleg.domain.explain.situations import Situation
from twoleg.domain.explain.verdict import Certainty, Rule, Side, Verdict
from twoleg.domain.explain.words import Words, same
from twoleg.domain.reasons import Reason

_AS_RECORDED = Words("it is what the service recorded last", "以服务最后的记录为准")
_OUR_OWN = Words("the service did it, or saw it, itself", "由服务自身执行或直接观察到")
_BY_STATUS = Words("the network answered SIP {status}", "网络返回 SIP {status}")
_BY_HEADER = Words("the network itself gave {cause} in its Reason header", "网络在 Reason 头中给出 {cause}")
_BY_TABLE = Words(
    "the network gave no cause; {cause} was concluded from SIP {status} (RFC 3398)",
    "网络未给出原因值；{cause} 由 SIP {status} 推出（RFC 3398）",
)

_ORDINARY = frozenset({16, 17, 19, 21, 26, 31})
"""Causes with which a person's phone may end a talk; any other comes from a network on the way."""

_NO_ANSWER = frozenset({None, 18, 19, 102})
"""What may stand in the Reason header of a 408 or 480 after ringing and still mean that nobody answered."""

_REFUSED = {
    NETWORK_OUT_OF_ORDER: Situation.TRUNKS_DOWN,
    CONGESTION: Situation.LEFT_ALONE,
    NO_CIRCUIT: Situation.ONE_CHANNEL,
}


class _Finding(NamedTuple):
    """The rule that applies, the leg it is about, how sure it is and why."""

    rule: Rule
    leg: Leg
    clause: Words
    """Of the rule, or of the sentence around it."""
    certainty: Certainty
    because: Words


def explain(call: Call, *, events: Sequence[Event] = (), now: int) -> Verdict:
    """The verdict on a call with all that is known of it. `now`: ms since the epoch, for what a living call does.

    `events` add what the service noted in plain words; without them the verdict is the same and its evidence shorter.
    """
    found = _living(call) if call.phase is not Phase.ENDED else _ended(call)
    parts = sentence.parts(call, found.leg, now)
    clause = found.clause.filled(**parts)
    return Verdict(
        sentence=sentence.finished(clause, found.rule.advice),
        side=_side(call, found),
        advice=found.rule.advice,
        certainty=found.certainty,
        because=found.because,
        evidence=evidence_of(call, events),
    )


def _side(call: Call, found: _Finding) -> Side | None:
    if call.phase is not Phase.ENDED:
        return None
    return found.rule.side or Side.of(found.leg.role)


def _living(call: Call) -> _Finding:
    leg = call.agent if call.phase is Phase.CALLING_AGENT else call.customer
    return _situation(_doing(call, leg), leg, because=_AS_RECORDED)


def _doing(call: Call, leg: Leg) -> Situation:
    if call.phase is Phase.QUEUED:
        return Situation.WAITING
    if call.phase is Phase.TALKING:
        return Situation.TALKING
    if leg.ringing_at is not None:
        return Situation.RINGING
    return Situation.CALLING if leg.early_media_at is None else Situation.HEARING


def _ended(call: Call) -> _Finding:
    match call.reason:
        case Reason.CUSTOMER_HUNG_UP:
            return _hung_up(call.customer, Situation.CUSTOMER_HUNG_UP, Situation.CUSTOMER_DROPPED)
        case Reason.AGENT_HUNG_UP if call.talking_at is None:
            return _situation(Situation.AGENT_LEFT, call.agent)
        case Reason.AGENT_HUNG_UP:
            return _hung_up(call.agent, Situation.AGENT_HUNG_UP, Situation.AGENT_DROPPED)
        case Reason.AGENT_FAILED:
            return _failed(call.agent)
        case Reason.CUSTOMER_FAILED:
            return _failed(call.customer)
        case Reason.AGENT_UNANSWERED:
            return _unanswered(call.agent)
        case Reason.CUSTOMER_UNANSWERED:
            return _unanswered(call.customer)
        case _:
            return _by_us(call)


_BY_US = {
    Reason.HANGUP_REQUESTED: Situation.HUNG_UP_BY_REQUEST,
    Reason.TALK_LIMIT: Situation.TALK_LIMIT,
    Reason.ENGINE_LOST: Situation.LOST,
    Reason.BRIDGE_FAILED: Situation.BRIDGE_FAILED,
    Reason.QUEUE_EXPIRED: Situation.QUEUE_EXPIRED,
    Reason.SERVICE_STOPPED: Situation.STOPPED,
}


def _by_us(call: Call) -> _Finding:
    if call.reason is None or call.reason is Reason.NOT_DIALLED:
        return _refused(call.customer if call.agent.cause is None else call.agent)
    return _situation(_BY_US[call.reason], call.customer)


def _hung_up(leg: Leg, by_a_person: Situation, by_a_network: Situation) -> _Finding:
    return _situation(by_a_person if leg.cause in _ORDINARY or leg.cause is None else by_a_network, leg)


def _unanswered(leg: Leg) -> _Finding:
    if leg.ended_by is EndedBy.NETWORK:
        said = causes.said_in(leg.sip_reason)
        return _situation(Situation.GIVEN_UP, leg) if said in _NO_ANSWER else _failed(leg)
    if leg.ringing_at is not None:
        return _situation(Situation.RANG_OUT, leg)
    return _situation(Situation.NEVER_RANG if leg.early_media_at is None else Situation.PLAYED_OUT, leg)


def _failed(leg: Leg) -> _Finding:
    said = causes.said_in(leg.sip_reason)
    if said is not None:
        return _network_said(leg, causes.rule_of(said), Certainty.CERTAIN, _BY_HEADER.filled(cause=cause_words(said)))
    if leg.sip_status is None:
        return _silent(leg)
    status = same(str(leg.sip_status))
    known = statuses.RULES.get(leg.sip_status)
    if known is not None:
        return _network_said(leg, known, Certainty.CERTAIN, _BY_STATUS.filled(status=status))
    cause = leg.cause or 0
    because = _BY_TABLE.filled(cause=cause_words(cause), status=status)
    return _network_said(leg, causes.rule_of(cause), Certainty.LIKELY, because)


def _silent(leg: Leg) -> _Finding:
    if leg.ended_by is not EndedBy.NETWORK:
        return _refused(leg)
    return _situation(Situation.NO_RESPONSE if leg.cause == TIMER_EXPIRY else Situation.UNREACHABLE, leg)


def _refused(leg: Leg) -> _Finding:
    """Nothing was ever on the wire."""
    if leg.cause == NO_ROUTE_TO_DESTINATION:
        return _situation(Situation.NO_ADDRESS if leg.attempts else Situation.NO_ROUTE, leg)
    return _situation(_REFUSED.get(leg.cause or 0, Situation.NOT_DIALLED), leg)


def _situation(situation: Situation, leg: Leg, *, because: Words = _OUR_OWN) -> _Finding:
    rule = situations.RULES[situation]
    return _Finding(rule, leg, rule.says, *_sure(rule, Certainty.CERTAIN, because))


def _network_said(leg: Leg, rule: Rule, certainty: Certainty, because: Words) -> _Finding:
    clause = Words(
        sentence.FAILED.en.replace("{clause}", rule.says.en), sentence.FAILED.zh.replace("{clause}", rule.says.zh)
    )
    return _Finding(rule, leg, clause, *_sure(rule, certainty, because))


def _sure(rule: Rule, certainty: Certainty, because: Words) -> tuple[Certainty, Words]:
    """A rule's own doubt makes it less sure than its source, and is told with it."""
    if rule.doubt is None:
        return certainty, because
    told = Words("{because}; {doubt}", "{because}；{doubt}").filled(because=because, doubt=rule.doubt)
    return min(certainty, rule.certainty), told
