"""What a signal adds to our knowledge of a call: its column in the table, the legs' facts, the cause, the events."""

from __future__ import annotations

from twoleg.domain import causes
from twoleg.domain import signals as s
from twoleg.domain.call import Attempt, Call, EndedBy, Leg, Phase, Role
from twoleg.domain.events import Event, EventType
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import Kind
from twoleg.domain.values import replace

TOLD_ONCE = (s.LegRinging, s.LegEarlyMedia)
"""Signals whose repeats, within their phase, teach nothing and are not told again."""

NO_ANSWER_AFTER_RINGING = frozenset({408, 480})
"""Final statuses that mean "did not answer" when the phone rang before (decisions, table A, rows 4 and 5)."""

_KIND_BY_CLASS: dict[type, Kind] = {
    s.Start: Kind.START,
    s.QueueExpired: Kind.QUEUE_EXPIRED,
    s.Bridged: Kind.BRIDGED,
    s.BridgeFailed: Kind.BRIDGE_FAILED,
    s.TalkLimitReached: Kind.TALK_LIMIT,
    s.HangUpRequested: Kind.HANGUP_REQUESTED,
    s.EngineLost: Kind.ENGINE_LOST,
    s.ServiceStopped: Kind.SERVICE_STOPPED,
    s.Faulted: Kind.FAULTED,
}

_KIND_BY_ROLE: dict[type, dict[Role, Kind]] = {
    s.LegRefused: {Role.AGENT: Kind.AGENT_REFUSED, Role.CUSTOMER: Kind.CUSTOMER_REFUSED},
    s.LegPrepared: {Role.AGENT: Kind.AGENT_PREPARED, Role.CUSTOMER: Kind.CUSTOMER_PREPARED},
    s.LegAttemptFailed: {Role.AGENT: Kind.AGENT_ATTEMPT_FAILED, Role.CUSTOMER: Kind.CUSTOMER_ATTEMPT_FAILED},
    s.LegRinging: {Role.AGENT: Kind.AGENT_RINGING, Role.CUSTOMER: Kind.CUSTOMER_RINGING},
    s.LegEarlyMedia: {Role.AGENT: Kind.AGENT_EARLY_MEDIA, Role.CUSTOMER: Kind.CUSTOMER_EARLY_MEDIA},
    s.LegAnswered: {Role.AGENT: Kind.AGENT_ANSWERED, Role.CUSTOMER: Kind.CUSTOMER_ANSWERED},
    s.LegFailed: {Role.AGENT: Kind.AGENT_FAILED, Role.CUSTOMER: Kind.CUSTOMER_FAILED},
    s.RingTimeout: {Role.AGENT: Kind.AGENT_UNANSWERED, Role.CUSTOMER: Kind.CUSTOMER_UNANSWERED},
    s.LegHungUp: {Role.AGENT: Kind.AGENT_HUNG_UP, Role.CUSTOMER: Kind.CUSTOMER_HUNG_UP},
    s.LegHeld: {Role.AGENT: Kind.AGENT_HELD, Role.CUSTOMER: Kind.CUSTOMER_HELD},
    s.LegResumed: {Role.AGENT: Kind.AGENT_RESUMED, Role.CUSTOMER: Kind.CUSTOMER_RESUMED},
    s.LegSilent: {Role.AGENT: Kind.AGENT_SILENT, Role.CUSTOMER: Kind.CUSTOMER_SILENT},
    s.LegHeard: {Role.AGENT: Kind.AGENT_HEARD, Role.CUSTOMER: Kind.CUSTOMER_HEARD},
    s.LegReleased: {Role.AGENT: Kind.AGENT_RELEASED, Role.CUSTOMER: Kind.CUSTOMER_RELEASED},
}

_KIND_BY_NEWS = {news: Kind(f"recording {news.value}") for news in s.RecordingNews}


def kind_of(call: Call, signal: s.Signal) -> Kind:
    """The column of the table that this signal means for this call."""
    simple = _KIND_BY_CLASS.get(signal.__class__)
    if simple is not None:
        return simple
    if isinstance(signal, s.AgentGreeting):
        return Kind.GREETING_ENDED if signal.is_over else Kind.GREETING_BEGAN
    if isinstance(signal, s.RecordingTold):
        return _KIND_BY_NEWS[signal.news]
    role: Role = signal.role  # type: ignore[union-attr]  # every class of _KIND_BY_ROLE has one
    if signal.__class__ is s.LegFailed and _is_no_answer(call.leg(role), signal):
        return _KIND_BY_ROLE[s.RingTimeout][role]
    return _KIND_BY_ROLE[signal.__class__][role]


def _is_no_answer(leg: Leg, failed: s.LegFailed) -> bool:
    return leg.ringing_at is not None and failed.wire.sip_status in NO_ANSWER_AFTER_RINGING


def record(call: Call, signal: s.Signal, now: int) -> Call:
    """The call with what the signal says of its legs; a fact that is known already is kept as it was first told."""
    call = _with_attempt(call, signal)
    match signal:
        case s.LegRinging(role=role) if call.leg(role).ringing_at is None:
            return _with_leg(call, replace(call.leg(role), ringing_at=now))
        case s.LegEarlyMedia(role=role) if call.leg(role).early_media_at is None:
            return _with_leg(call, replace(call.leg(role), early_media_at=now))
        case s.LegAnswered(role=role) if call.leg(role).answered_at is None:
            return _with_leg(call, replace(call.leg(role), answered_at=now, sip_status=200))
        case s.LegFailed(role=role, wire=wire) | s.LegHungUp(role=role, wire=wire):
            by = EndedBy.NETWORK if signal.__class__ is s.LegFailed else EndedBy(role.value)
            return _with_leg(call, _gone(call.leg(role), wire, by=by, now=now))
        case s.LegRefused(role=role, cause=cause):
            return _with_leg(call, replace(call.leg(role), cause=cause, ended_by=EndedBy.SERVICE))
        case s.AgentGreeting(is_over=True):
            return _with_leg(call, replace(call.customer, dialled_at=now))
        case s.LegReleased(role=role, wire=wire):
            return _with_leg(call, _last_words(call.leg(role), wire))
        case _:
            return call


def entered(call: Call, phase: Phase, now: int) -> Call:
    """The call in its new living phase, with the times that entering it sets."""
    if phase is Phase.CALLING_AGENT:
        return replace(call, phase=phase, started_at=now, agent=replace(call.agent, dialled_at=now))
    if phase is Phase.CALLING_CUSTOMER:
        return replace(call, phase=phase, customer=replace(call.customer, dialled_at=now))
    return replace(call, phase=phase, talking_at=now)


def released(call: Call, roles: tuple[Role, ...], *, by: EndedBy, cause: int, now: int) -> Call:
    """The call with its still living legs among `roles` marked as ended by us."""
    for role in roles:
        leg = call.leg(role)
        if leg.is_live:
            ended_cause = leg.cause if leg.cause is not None else cause
            call = _with_leg(call, replace(leg, released_at=now, ended_by=leg.ended_by or by, cause=ended_cause))
    return call


def cause_of_end(call: Call, signal: s.Signal, reason: Reason) -> int:
    """The Q.850 cause of the call's end: what the wire said, else what the reason stands for."""
    match signal:
        case s.LegFailed(wire=wire) | s.LegHungUp(wire=wire) if wire.cause is not None:
            return wire.cause
        case s.LegRefused(cause=cause) | s.BridgeFailed(cause=cause):
            return cause
        case s.RingTimeout(role=role):
            rang = call.leg(role).ringing_at is not None
            return causes.NO_ANSWER if rang else causes.NO_USER_RESPONDING
        case _:
            return _CAUSE_BY_REASON.get(reason, causes.NORMAL_CLEARING)


_CAUSE_BY_REASON = {
    Reason.AGENT_FAILED: causes.INTERWORKING,
    Reason.CUSTOMER_FAILED: causes.INTERWORKING,
    Reason.TALK_LIMIT: causes.NORMAL_UNSPECIFIED,
    Reason.ENGINE_LOST: causes.TEMPORARY_FAILURE,
    Reason.SERVICE_STOPPED: causes.TEMPORARY_FAILURE,
    Reason.QUEUE_EXPIRED: causes.CONGESTION,
}


_ROLE_BY_NAME = {role.value: role for role in Role}


def event(call: Call, signal: s.Signal, *, type_: EventType, seq: int, now: int) -> Event:
    """One event with the facts that the signal brought."""
    ended = type_ is EventType.CALL_ENDED
    wire: s.WireFacts = getattr(signal, "wire", s.NOTHING_HEARD)
    role = type_.value.partition(".")[0]
    return Event(
        serial=call.serial,
        seq=seq,
        at=now,
        type=type_,
        leg=_ROLE_BY_NAME.get(role) or (getattr(signal, "role", None) if role == "leg" else None),
        sip_status=wire.sip_status,
        sip_reason=wire.sip_reason,
        cause=call.cause if ended else wire.cause,
        reason=call.reason if ended else None,
        detail=getattr(signal, "detail", None),
    )


def _with_leg(call: Call, leg: Leg) -> Call:
    return replace(call, agent=leg) if leg.role is Role.AGENT else replace(call, customer=leg)


def _with_attempt(call: Call, signal: s.Signal) -> Call:
    """What was last told of an attempt counts."""
    attempt: Attempt | None = getattr(signal, "attempt", None)
    if attempt is None:
        return call
    leg = call.leg(signal.role)  # type: ignore[union-attr]  # every class with an attempt has one
    if leg.attempts and leg.attempts[-1] == attempt:
        return call
    before = tuple(each for each in leg.attempts if each.number < attempt.number)
    return _with_leg(call, replace(leg, attempts=(*before, attempt)))


def _gone(leg: Leg, wire: s.WireFacts, *, by: EndedBy, now: int) -> Leg:
    return replace(
        leg,
        released_at=leg.released_at or now,
        sip_status=wire.sip_status or leg.sip_status,
        sip_reason=wire.sip_reason or leg.sip_reason,
        cause=wire.cause if wire.cause is not None else leg.cause or causes.NORMAL_CLEARING,
        ended_by=leg.ended_by or by,
    )


def _last_words(leg: Leg, wire: s.WireFacts) -> Leg:
    return replace(
        leg,
        sip_status=leg.sip_status or wire.sip_status,
        sip_reason=leg.sip_reason or wire.sip_reason,
    )
