"""Building the sentence: the parts that clauses may name, the clause of a failed leg, and the way it all ends."""

from __future__ import annotations

from twoleg.domain.call import Call, Leg, Role
from twoleg.domain.explain.verdict import Advice
from twoleg.domain.explain.words import NOTHING, Words, length, same

FAILED = Words("{clause}{codes} {tried} after it was called{tries}", "{clause}{codes}，呼叫后 {tried}{tries}")
"""A leg that its network refused: what the network said, with which codes, when, and how often it was tried."""

_PHONES = {
    Role.AGENT: Words("the agent's phone {number}", "坐席电话 {number} "),
    Role.CUSTOMER: Words("the customer's phone {number}", "客户电话 {number} "),
}


def phone(leg: Leg) -> Words:
    """Whose phone, with its number."""
    return _PHONES[leg.role].filled(number=same(leg.number))


def codes(status: int | None, cause: int | None) -> Words:
    """The SIP status and the Q.850 cause in brackets; nothing where there is neither."""
    known = _known(status, cause)
    return Words(f" ({known})", f"（{known.replace(', ', '，')}）") if known else NOTHING


def parts(call: Call, leg: Leg, now: int) -> dict[str, Words]:
    """Everything that a clause may name. `leg`: the one it is about. `now`: ms, the end of what still lasts."""
    until = now if call.ended_at is None else call.ended_at
    status = None if leg.answered_at is not None else leg.sip_status
    return {
        "phone": phone(leg),
        "agent": same(call.agent.number),
        "customer": same(call.customer.number),
        "trunk": same(leg.attempts[-1].trunk if leg.attempts else "?"),
        "age": length(until - call.created_at),
        "since": length(until - _latest(call, leg)),
        "tried": length((leg.released_at or until) - (leg.dialled_at or until)),
        "rang": length((leg.released_at or until) - (leg.ringing_at or until)),
        "waited": length(until - (call.agent.answered_at or until)),
        "talked": length(until - (call.talking_at or until)),
        "stage": stage(call),
        "codes": codes(status, leg.cause if leg.cause is not None else call.cause),
        "tries": _tries(leg),
    }


def stage(call: Call) -> Words:
    """How far the call had come when it ended."""
    if call.talking_at is not None:
        talked = length((call.ended_at or call.talking_at) - call.talking_at)
        return Words("after {talked} of talk", "通话 {talked}后").filled(talked=talked)
    if call.agent.dialled_at is None:
        age = length((call.ended_at or call.created_at) - call.created_at)
        return Words(
            "{age} after it was placed, before any phone was called", "发起 {age}后、尚未呼叫任何电话时"
        ).filled(age=age)
    leg = call.agent if call.customer.dialled_at is None else call.customer
    tried = length((call.ended_at or call.created_at) - (leg.dialled_at or call.created_at))
    return Words("{tried} after {phone} was called, before it answered", "呼叫{phone}{tried}后、对方未接听时").filled(
        tried=tried, phone=phone(leg)
    )


def finished(clause: Words, advice: Advice) -> Words:
    """The whole sentence."""
    en = f"{clause.en}; {advice.says.en}."
    zh = f"{clause.zh}；{advice.says.zh}。"
    return Words(en[:1].upper() + en[1:], zh)


def _latest(call: Call, leg: Leg) -> int:
    """When what a living call is doing began."""
    return call.talking_at or leg.ringing_at or leg.dialled_at or call.created_at


def _known(status: int | None, cause: int | None) -> str:
    known = [] if status is None else [f"SIP {status}"]
    if cause is not None:
        known.append(f"Q.850 {cause}")
    return ", ".join(known)


def _tries(leg: Leg) -> Words:
    if len(leg.attempts) < 2:
        return NOTHING
    names = list(dict.fromkeys(attempt.trunk for attempt in leg.attempts))
    often = same(str(len(leg.attempts)))
    return Words(", in {often} tries (trunks {names})", "，共尝试 {often} 次（中继 {names}）").filled(
        often=often, names=Words(", ".join(names), "、".join(names))
    )
