"""Entries from four sources in one order.

Messages carry microseconds, steps only milliseconds: within one millisecond cause goes before effect. A step follows
the message that its leg heard, and comes before what we sent because of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.application.ladder.values import Delivery, Entry, Kind, Lane, WireMessage
from twoleg.application.ladder.wording import detail_of, label_of, plain
from twoleg.domain.call import Call, Role
from twoleg.domain.causes import name_of_cause
from twoleg.domain.events import Event, EventType
from twoleg.domain.reasons import Reason

_LANES = {Role.AGENT: Lane.AGENT, Role.CUSTOMER: Lane.CUSTOMER}


def entries_of(
    call: Call, *, steps: Sequence[Event], messages: Sequence[WireMessage], deliveries: Sequence[Delivery]
) -> tuple[Entry, ...]:
    """All entries, in order; `steps` and `messages` in theirs, whatever the machine's clock did meanwhile."""
    repeats = _repeats(messages)
    told: list[Entry] = []
    for each in _merged(steps, messages):
        if isinstance(each, Event):
            told += _steps(call, each, not_before=told[-1].at if told else 0)
        else:
            told.append(_arrow(each, is_repeat=id(each) in repeats))
    return tuple(_with_deliveries(told, deliveries))


def _merged(steps: Sequence[Event], messages: Sequence[WireMessage]) -> list[Event | WireMessage]:
    merged: list[Event | WireMessage] = []
    place = 0
    for step in steps:
        end = _before(step, messages, place)
        merged += messages[place:end]
        merged.append(step)
        place = end
    return merged + list(messages[place:])


def _before(step: Event, messages: Sequence[WireMessage], place: int) -> int:
    """Where, from `place` on, the messages end that go before `step`."""
    while place < len(messages) and messages[place].at // 1000 < step.at:
        place += 1
    later = place
    while later < len(messages) and messages[later].at // 1000 == step.at:
        message = messages[later]
        later += 1
        if not message.is_out and step.leg in (None, message.role):
            return later
    return place


def _repeats(messages: Sequence[WireMessage]) -> set[int]:
    """The ids of those that went by before, in the same direction: retransmissions."""
    seen: set[tuple[bool, bytes]] = set()
    repeats: set[int] = set()
    for each in messages:
        trait = (each.is_out, each.data)
        if trait in seen:
            repeats.add(id(each))
        seen.add(trait)
    return repeats


def _arrow(message: WireMessage, *, is_repeat: bool) -> Entry:
    lane = _LANES[message.role]
    return Entry(
        at=message.at,
        kind=Kind.SIP,
        source=Lane.TWOLEG if message.is_out else lane,
        target=lane if message.is_out else Lane.TWOLEG,
        label=label_of(message.data),
        detail=detail_of(message.data),
        message=message,
        is_repeat=is_repeat,
    )


def _steps(call: Call, event: Event, *, not_before: int) -> list[Entry]:
    """The first step is what the API request came to, so that goes before it.

    Of a step's time only the ms are known: within its own it is no earlier than what goes before it.
    """
    at = not_before if not_before // 1000 == event.at else event.at * 1000
    step = Entry(
        at=at,
        kind=Kind.STEP,
        source=Lane.TWOLEG,
        target=Lane.TWOLEG,
        label=f"{event.seq} {event.type.value}",
        detail=_facts(event),
    )
    if event.type is not EventType.CALL_QUEUED:
        return [step]
    asked = f"call {plain(call.agent.number, most=40)}, then {plain(call.customer.number, most=40)}"
    return [Entry(at=at, kind=Kind.API, source=Lane.API, target=Lane.TWOLEG, label="call placed", detail=asked), step]


def _facts(event: Event) -> str:
    facts = []
    if event.reason is not None:
        facts.append(f"reason {event.reason}: {_text_of(event.reason).rstrip('.')}")
    if event.sip_status is not None:
        facts.append(f"SIP {event.sip_status}")
    if event.sip_reason:
        facts.append(f"Reason: {plain(event.sip_reason)}")
    if event.cause is not None:
        facts.append(f"Q.850 {event.cause} {name_of_cause(event.cause)}")
    if event.detail:
        facts.append(plain(event.detail))
    return ", ".join(facts)


def _text_of(reason: int) -> str:
    known = {each.value: each.text for each in Reason}
    return known.get(reason, "unknown")


def _with_deliveries(told: Sequence[Entry], deliveries: Sequence[Delivery]) -> list[Entry]:
    waiting = [_webhook(each) for each in deliveries]
    merged: list[Entry] = []
    for entry in told:
        while waiting and waiting[0].at + 999 < entry.at:
            merged.append(waiting.pop(0))
        merged.append(entry)
    return merged + waiting


def _webhook(delivery: Delivery) -> Entry:
    return Entry(
        at=delivery.at * 1000,
        kind=Kind.WEBHOOK,
        source=Lane.TWOLEG,
        target=Lane.WEBHOOK,
        label=plain(delivery.event, most=60),
        detail=f"{plain(delivery.receiver, most=80)}: {plain(delivery.outcome, most=80)}",
    )
