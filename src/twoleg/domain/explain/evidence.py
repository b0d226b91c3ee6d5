"""What a verdict rests on: times, SIP status, Reason, Q.850 cause and attempts of each leg, notes of the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twoleg.domain.call import Attempt, Call, EndedBy, Leg
from twoleg.domain.causes import name_of_cause
from twoleg.domain.events import Event, EventType
from twoleg.domain.explain.page_texts import PAGE_TEXTS, Agreement
from twoleg.domain.explain.sentence import phone
from twoleg.domain.explain.verdict import Evidence, Fact
from twoleg.domain.explain.words import NOTHING, Words, length, same

_BY = {
    EndedBy.AGENT: Words("by the agent", "由坐席"),
    EndedBy.CUSTOMER: Words("by the customer", "由客户"),
    EndedBy.NETWORK: Words("by the network", "由网络"),
    EndedBy.SERVICE: Words("by this service", "由本服务"),
    EndedBy.REQUEST: Words("by request", "由请求"),
}
_SILENT = Words("no audio came from {phone}, though it should have been heard", "{phone}本应有声音，却没有音频传来")
_AGREEMENTS = {
    Agreement.SAME: NOTHING,
    Agreement.LOOSE: Words(' (the compatible interface\'s page words it "{text}")', "（兼容接口文档写作“{text}”）"),
    Agreement.WRONG: Words(
        ' (the compatible interface\'s page says "{text}", which is something else)',
        "（兼容接口文档写作“{text}”，与实际含义不符）",
    ),
}


def evidence_of(call: Call, events: Sequence[Event]) -> tuple[Evidence, ...]:
    """All of it, leg by leg, each in the order of time."""
    found = [Evidence(Fact.PLACED, Words("the call was placed", "呼叫已发起"), at=call.created_at)]
    found += _of_leg(call.agent, call.created_at)
    found += _of_leg(call.customer, call.created_at)
    found += _of_call(call)
    for event in events:
        found += _of_event(call, event)
    return tuple(found)


def _of_event(call: Call, event: Event) -> Iterator[Evidence]:
    if event.type is EventType.LEG_SILENT and event.leg is not None:
        says = _SILENT.filled(phone=phone(call.leg(event.leg)))
        yield Evidence(Fact.SILENT, says, leg=event.leg, at=event.at)
    if event.detail is not None:
        yield Evidence(Fact.DETAIL, same(event.detail), leg=event.leg, at=event.at)


def cause_words(cause: int) -> Words:
    """A cause by its number and ITU-T name, and how the compatible interface's page words it where that differs."""
    page = PAGE_TEXTS.get(cause)
    said = NOTHING if page is None else _AGREEMENTS[page.agreement].filled(text=same(page.text))
    name = f"Q.850 {cause} {name_of_cause(cause)}"
    return Words(name + said.en, name + said.zh)


def _of_leg(leg: Leg, created_at: int) -> Iterator[Evidence]:
    yield from _times(leg, created_at)
    for attempt in leg.attempts:
        yield Evidence(Fact.ATTEMPT, _attempt(leg, attempt), leg=leg.role, at=attempt.started_at, value=attempt.number)
    if leg.sip_status is not None:
        says = Words("{phone}: SIP status {status}", "{phone}：SIP 状态码 {status}")
        says = says.filled(phone=phone(leg), status=same(str(leg.sip_status)))
        yield Evidence(Fact.SIP_STATUS, says, leg=leg.role, value=leg.sip_status)
    if leg.sip_reason is not None:
        says = Words("{phone}: Reason: {text}", "{phone}：Reason: {text}")
        says = says.filled(phone=phone(leg), text=same(leg.sip_reason))
        yield Evidence(Fact.SIP_REASON, says, leg=leg.role, header=leg.sip_reason)
    if leg.cause is not None:
        says = Words("{phone}: {cause}", "{phone}：{cause}").filled(phone=phone(leg), cause=cause_words(leg.cause))
        yield Evidence(Fact.CAUSE, says, leg=leg.role, value=leg.cause)


def _times(leg: Leg, created_at: int) -> Iterator[Evidence]:
    if leg.dialled_at is None:
        return
    called = Words("{phone} was called {after} after the call was placed", "呼叫发起 {after}后呼叫{phone}")
    yield _moment(Fact.DIALLED, called, leg, leg.dialled_at, created_at)
    if leg.early_media_at is not None:
        heard = Words(
            "the network of {phone} sent audio {after} after it was called", "呼叫{phone}{after}后其网络开始放音"
        )
        yield _moment(Fact.EARLY_MEDIA, heard, leg, leg.early_media_at, leg.dialled_at)
    if leg.ringing_at is not None:
        rang = Words("{phone} rang {after} after it was called", "呼叫{phone}{after}后开始振铃")
        yield _moment(Fact.RANG, rang, leg, leg.ringing_at, leg.dialled_at)
    if leg.answered_at is not None:
        answered = Words("{phone} answered {after} after it was called", "呼叫{phone}{after}后接听")
        yield _moment(Fact.ANSWERED, answered, leg, leg.answered_at, leg.dialled_at)
    if leg.released_at is not None:
        by = NOTHING if leg.ended_by is None else _BY[leg.ended_by]
        released = Words("{phone} was released {by} {after} after it was called", "呼叫{phone}{after}后{by}释放")
        yield _moment(Fact.RELEASED, released, leg, leg.released_at, leg.dialled_at, by=by)


def _moment(fact: Fact, says: Words, leg: Leg, at: int, since: int, **more: Words) -> Evidence:
    return Evidence(fact, says.filled(phone=phone(leg), after=length(at - since), **more), leg=leg.role, at=at)


def _attempt(leg: Leg, attempt: Attempt) -> Words:
    where = "" if attempt.peer is None else f" ({attempt.peer})"
    outcome = [f"SIP {attempt.sip_status}"] if attempt.sip_status is not None else []
    if attempt.cause is not None:
        outcome.append(f"Q.850 {attempt.cause}")
    if attempt.sip_reason is not None:
        outcome.append(f"Reason: {attempt.sip_reason}")
    told = "".join(f", {each}" for each in outcome)
    lasted = NOTHING if attempt.ended_at is None else length(attempt.ended_at - attempt.started_at)
    return Words(
        "{phone}, try {number} by trunk {trunk}" + ("" if lasted is NOTHING else ", {lasted}"),
        "{phone}，第 {number} 次尝试，中继 {trunk}" + ("" if lasted is NOTHING else "，{lasted}"),
    ).filled(
        phone=phone(leg),
        number=same(str(attempt.number)),
        trunk=Words(f"{attempt.trunk}{where}{told}", f"{attempt.trunk}{where}{told}".replace(", ", "，")),
        lasted=lasted,
    )


def _of_call(call: Call) -> Iterator[Evidence]:
    if call.talking_at is not None:
        says = Words("the two were connected {after} after the call was placed", "呼叫发起 {after}后双方接通")
        yield Evidence(Fact.CONNECTED, says.filled(after=length(call.talking_at - call.created_at)), at=call.talking_at)
    if call.ended_at is not None and call.reason is not None and call.cause is not None:
        says = Words(
            "the call ended {after} after it was placed: reason {reason}, {cause}",
            "呼叫发起 {after}后结束：原因码 {reason}，{cause}",
        ).filled(
            after=length(call.ended_at - call.created_at),
            reason=same(str(int(call.reason))),
            cause=cause_words(call.cause),
        )
        yield Evidence(Fact.ENDED, says, at=call.ended_at, value=int(call.reason))
