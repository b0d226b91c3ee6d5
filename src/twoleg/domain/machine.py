"""The call machine: the table of every phase and signal, and `step`, the one place that changes a call's phase.

Each cell is decided: a transition, LATE_OR_REPEATED (nothing happens, and that is right) or IMPOSSIBLE (the sender
broke its contract; `step` raises and the conductor ends the call with `Faulted`). A test proves that none is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from twoleg.domain import causes, facts, on_wire
from twoleg.domain.call import Call, EndedBy, Phase, Role
from twoleg.domain.effects import (
    Acknowledge,
    ArmTimer,
    Bridge,
    Dial,
    DisarmTimer,
    Effect,
    PassEarlyMedia,
    Release,
    Ringback,
    SendInvite,
    Timer,
)
from twoleg.domain.errors import ImpossibleSignal
from twoleg.domain.events import Event, EventType
from twoleg.domain.kinds import OF_RECORDING, OF_TALKING, PROVISIONALS, TIMEOUTS_THAT_CROSSED
from twoleg.domain.media import LONGEST_GREETING
from twoleg.domain.on_wire import LegOnWire
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import Kind, Signal
from twoleg.domain.values import Value, replace

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
QUEUED, CALLING_AGENT, CALLING_CUSTOMER, TALKING, ENDED = Phase


@dataclass(frozen=True, slots=True)
class Rule:
    """One decided transition."""

    next: Phase
    reason: Reason | None = None
    """Set exactly where `next` is ENDED and the phase before is not."""
    effects: tuple[Effect, ...] = ()
    release: tuple[Role, ...] = ()
    """Legs to end, with the Q.850 cause of the call's end."""
    events: tuple[EventType, ...] = ()


class Step(Value, frozen=True, gc=False):
    """The answer to one signal: the new call, what to do, what to tell. No effects and no events: nothing to commit."""

    call: Call
    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()
    changed: bool = True
    """Whether there is anything to make durable."""
    kept: tuple[LegOnWire, ...] = ()
    """What has to be remembered of legs on the wire from now on."""
    over: tuple[Role, ...] = ()
    """Legs of which nothing is on the wire any more: all that was remembered of them may be forgotten."""
    is_same_call: bool = False
    """Whether that is all there is to make durable: the call is as it was."""

    @property
    def is_last_word(self) -> bool:
        """Whether all it says is that of some legs nothing is on the wire any more."""
        return self.is_same_call and not (self.kept or self.events or self.effects)


def _end(reason: Reason, *release: Role) -> Rule:
    return Rule(next=ENDED, reason=reason, release=release, events=(EventType.CALL_ENDED,))


PHASE_TIMER: dict[Phase, Timer] = {
    QUEUED: Timer.QUEUE,
    CALLING_AGENT: Timer.RING_AGENT,
    CALLING_CUSTOMER: Timer.RING_CUSTOMER,
    TALKING: Timer.TALK,
}
"""Entering a phase arms its timer, leaving it disarms it: no phase without one, none outlives its phase."""


TRANSITIONS: dict[tuple[Phase, Kind], Rule] = {
    # ---- waiting to be dialled
    (QUEUED, Kind.START): Rule(CALLING_AGENT, effects=(Dial(AGENT),), events=(EventType.AGENT_DIALLED,)),
    (QUEUED, Kind.QUEUE_EXPIRED): _end(Reason.QUEUE_EXPIRED),
    (QUEUED, Kind.AGENT_REFUSED): _end(Reason.NOT_DIALLED),
    (QUEUED, Kind.CUSTOMER_REFUSED): _end(Reason.NOT_DIALLED),
    (QUEUED, Kind.HANGUP_REQUESTED): _end(Reason.HANGUP_REQUESTED),
    (QUEUED, Kind.ENGINE_LOST): _end(Reason.ENGINE_LOST),
    (QUEUED, Kind.FAULTED): _end(Reason.ENGINE_LOST),
    # ---- the agent's phone is being called
    (CALLING_AGENT, Kind.AGENT_REFUSED): _end(Reason.NOT_DIALLED, AGENT),
    (CALLING_AGENT, Kind.AGENT_PREPARED): Rule(CALLING_AGENT, effects=(SendInvite(AGENT),)),
    (CALLING_AGENT, Kind.AGENT_ATTEMPT_FAILED): Rule(CALLING_AGENT, events=(EventType.AGENT_ATTEMPT_FAILED,)),
    (CALLING_AGENT, Kind.AGENT_RINGING): Rule(CALLING_AGENT, events=(EventType.AGENT_RINGING,)),
    (CALLING_AGENT, Kind.AGENT_EARLY_MEDIA): Rule(CALLING_AGENT, events=(EventType.AGENT_EARLY_MEDIA,)),
    (CALLING_AGENT, Kind.AGENT_ANSWERED): Rule(
        CALLING_CUSTOMER,
        effects=(Acknowledge(AGENT), Dial(CUSTOMER)),
        events=(EventType.AGENT_ANSWERED, EventType.CUSTOMER_DIALLED),
    ),
    (CALLING_AGENT, Kind.AGENT_FAILED): _end(Reason.AGENT_FAILED),
    (CALLING_AGENT, Kind.AGENT_UNANSWERED): _end(Reason.AGENT_UNANSWERED, AGENT),
    (CALLING_AGENT, Kind.BRIDGE_FAILED): _end(Reason.BRIDGE_FAILED, AGENT),
    (CALLING_AGENT, Kind.HANGUP_REQUESTED): _end(Reason.HANGUP_REQUESTED, AGENT),
    (CALLING_AGENT, Kind.ENGINE_LOST): _end(Reason.ENGINE_LOST, AGENT),
    (CALLING_AGENT, Kind.SERVICE_STOPPED): _end(Reason.SERVICE_STOPPED, AGENT),
    (CALLING_AGENT, Kind.FAULTED): _end(Reason.ENGINE_LOST, AGENT),
    # ---- the agent waits, the customer's phone is being called; a greeting of the agent is no time of the customer's
    (CALLING_CUSTOMER, Kind.GREETING_BEGAN): Rule(
        CALLING_CUSTOMER, effects=(ArmTimer(Timer.RING_CUSTOMER, plus=LONGEST_GREETING),)
    ),
    (CALLING_CUSTOMER, Kind.GREETING_ENDED): Rule(CALLING_CUSTOMER, effects=(ArmTimer(Timer.RING_CUSTOMER),)),
    (CALLING_CUSTOMER, Kind.CUSTOMER_REFUSED): _end(Reason.CUSTOMER_FAILED, AGENT, CUSTOMER),
    (CALLING_CUSTOMER, Kind.CUSTOMER_PREPARED): Rule(CALLING_CUSTOMER, effects=(SendInvite(CUSTOMER),)),
    (CALLING_CUSTOMER, Kind.CUSTOMER_ATTEMPT_FAILED): Rule(
        CALLING_CUSTOMER, events=(EventType.CUSTOMER_ATTEMPT_FAILED,)
    ),
    (CALLING_CUSTOMER, Kind.CUSTOMER_RINGING): Rule(
        CALLING_CUSTOMER, effects=(Ringback(),), events=(EventType.CUSTOMER_RINGING,)
    ),
    (CALLING_CUSTOMER, Kind.CUSTOMER_EARLY_MEDIA): Rule(
        CALLING_CUSTOMER, effects=(PassEarlyMedia(),), events=(EventType.CUSTOMER_EARLY_MEDIA,)
    ),
    (CALLING_CUSTOMER, Kind.CUSTOMER_ANSWERED): Rule(
        TALKING, effects=(Acknowledge(CUSTOMER), Bridge()), events=(EventType.CUSTOMER_ANSWERED, EventType.CALL_TALKING)
    ),
    (CALLING_CUSTOMER, Kind.CUSTOMER_FAILED): _end(Reason.CUSTOMER_FAILED, AGENT),
    (CALLING_CUSTOMER, Kind.CUSTOMER_UNANSWERED): _end(Reason.CUSTOMER_UNANSWERED, AGENT, CUSTOMER),
    (CALLING_CUSTOMER, Kind.AGENT_HUNG_UP): _end(Reason.AGENT_HUNG_UP, CUSTOMER),
    (CALLING_CUSTOMER, Kind.BRIDGE_FAILED): _end(Reason.BRIDGE_FAILED, AGENT, CUSTOMER),
    (CALLING_CUSTOMER, Kind.HANGUP_REQUESTED): _end(Reason.HANGUP_REQUESTED, AGENT, CUSTOMER),
    (CALLING_CUSTOMER, Kind.ENGINE_LOST): _end(Reason.ENGINE_LOST, AGENT, CUSTOMER),
    (CALLING_CUSTOMER, Kind.SERVICE_STOPPED): _end(Reason.SERVICE_STOPPED, AGENT, CUSTOMER),
    (CALLING_CUSTOMER, Kind.FAULTED): _end(Reason.ENGINE_LOST, AGENT, CUSTOMER),
    # ---- both are connected
    (TALKING, Kind.BRIDGED): Rule(TALKING, events=(EventType.CALL_BRIDGED,)),
    (TALKING, Kind.AGENT_HELD): Rule(TALKING, events=(EventType.LEG_HELD,)),
    (TALKING, Kind.CUSTOMER_HELD): Rule(TALKING, events=(EventType.LEG_HELD,)),
    (TALKING, Kind.AGENT_RESUMED): Rule(TALKING, events=(EventType.LEG_RESUMED,)),
    (TALKING, Kind.CUSTOMER_RESUMED): Rule(TALKING, events=(EventType.LEG_RESUMED,)),
    (TALKING, Kind.AGENT_SILENT): Rule(TALKING, events=(EventType.LEG_SILENT,)),
    (TALKING, Kind.CUSTOMER_SILENT): Rule(TALKING, events=(EventType.LEG_SILENT,)),
    (TALKING, Kind.AGENT_HEARD): Rule(TALKING, events=(EventType.LEG_HEARD,)),
    (TALKING, Kind.CUSTOMER_HEARD): Rule(TALKING, events=(EventType.LEG_HEARD,)),
    (TALKING, Kind.CUSTOMER_HUNG_UP): _end(Reason.CUSTOMER_HUNG_UP, AGENT),
    (TALKING, Kind.AGENT_HUNG_UP): _end(Reason.AGENT_HUNG_UP, CUSTOMER),
    (TALKING, Kind.BRIDGE_FAILED): _end(Reason.BRIDGE_FAILED, AGENT, CUSTOMER),
    (TALKING, Kind.TALK_LIMIT): _end(Reason.TALK_LIMIT, AGENT, CUSTOMER),
    (TALKING, Kind.HANGUP_REQUESTED): _end(Reason.HANGUP_REQUESTED, AGENT, CUSTOMER),
    (TALKING, Kind.ENGINE_LOST): _end(Reason.ENGINE_LOST, AGENT, CUSTOMER),
    (TALKING, Kind.SERVICE_STOPPED): _end(Reason.SERVICE_STOPPED, AGENT, CUSTOMER),
    (TALKING, Kind.FAULTED): _end(Reason.ENGINE_LOST, AGENT, CUSTOMER),
    # ---- what becomes of the recording changes nothing else
    **{
        (phase, kind): Rule(phase, events=(EventType(kind.value.replace(" ", ".")),))
        for phase in (CALLING_AGENT, CALLING_CUSTOMER, TALKING)
        for kind in OF_RECORDING
    },
    # ---- over: nothing published changes any more; what the wire still says is kept as a fact of the leg
    (ENDED, Kind.AGENT_ANSWERED): Rule(ENDED, release=(AGENT,)),
    (ENDED, Kind.CUSTOMER_ANSWERED): Rule(ENDED, release=(CUSTOMER,)),
    (ENDED, Kind.AGENT_RELEASED): Rule(ENDED),
    (ENDED, Kind.CUSTOMER_RELEASED): Rule(ENDED),
    # Its phones may not have heard of the end yet.
    (ENDED, Kind.ENGINE_LOST): Rule(ENDED, release=(AGENT, CUSTOMER)),
}


LATE_OR_REPEATED: frozenset[tuple[Phase, Kind]] = frozenset(
    # A start told twice (the nudge and the poll see the same row).
    {(phase, Kind.START) for phase in (CALLING_AGENT, CALLING_CUSTOMER, TALKING, ENDED)}
    # A timer that ran out while the signal that disarms it was already on its way.
    | {(CALLING_AGENT, Kind.QUEUE_EXPIRED), (CALLING_CUSTOMER, Kind.QUEUE_EXPIRED), (TALKING, Kind.QUEUE_EXPIRED)}
    | {(CALLING_CUSTOMER, Kind.AGENT_UNANSWERED), (TALKING, Kind.AGENT_UNANSWERED), (TALKING, Kind.CUSTOMER_UNANSWERED)}
    # Provisional responses that a 2xx overtook (UDP keeps no order), and those of other forks.
    | {(CALLING_CUSTOMER, Kind.AGENT_RINGING), (CALLING_CUSTOMER, Kind.AGENT_EARLY_MEDIA)}
    | {(TALKING, kind) for kind in PROVISIONALS}
    # A second 2xx reported for a leg that is already up: the SIP core has ACKed it.
    | {(CALLING_CUSTOMER, Kind.AGENT_ANSWERED), (TALKING, Kind.AGENT_ANSWERED), (TALKING, Kind.CUSTOMER_ANSWERED)}
    # A hold, or silence, before both talk concerns nobody yet; when the call has ended meanwhile, nobody any more.
    | {(phase, kind) for phase in (CALLING_CUSTOMER, ENDED) for kind in OF_TALKING}
    # An early-media bridge that came up before the answer: nothing to tell yet.
    | {(CALLING_CUSTOMER, Kind.BRIDGED)}
    # After the end everything that was under way still arrives.
    | {(ENDED, kind) for kind in PROVISIONALS | TIMEOUTS_THAT_CROSSED}
    | {(ENDED, kind) for kind in (Kind.AGENT_ATTEMPT_FAILED, Kind.CUSTOMER_ATTEMPT_FAILED)}
    | {(ENDED, kind) for kind in (Kind.AGENT_PREPARED, Kind.CUSTOMER_PREPARED)}
    | {(ENDED, kind) for kind in (Kind.AGENT_FAILED, Kind.CUSTOMER_FAILED, Kind.AGENT_HUNG_UP, Kind.CUSTOMER_HUNG_UP)}
    | {(ENDED, kind) for kind in (Kind.AGENT_REFUSED, Kind.CUSTOMER_REFUSED, Kind.BRIDGED, Kind.BRIDGE_FAILED)}
    | {(ENDED, kind) for kind in (Kind.HANGUP_REQUESTED, Kind.SERVICE_STOPPED, Kind.FAULTED)}
    | {(ENDED, kind) for kind in (Kind.GREETING_BEGAN, Kind.GREETING_ENDED)}
    # A stop does not concern who waits to be dialled: the next start does that.
    | {(QUEUED, Kind.SERVICE_STOPPED)}
    # What is still to say of a recording then is the recorder's to say.
    | {(ENDED, kind) for kind in OF_RECORDING}
)

IMPOSSIBLE: frozenset[tuple[Phase, Kind]] = frozenset(
    # Nothing of a leg can be heard before it was dialled, and no leg ends twice.
    {(QUEUED, kind) for kind in Kind if (QUEUED, kind) not in TRANSITIONS and (QUEUED, kind) not in LATE_OR_REPEATED}
    | {(CALLING_AGENT, Kind.AGENT_HUNG_UP), (CALLING_AGENT, Kind.AGENT_RELEASED), (CALLING_AGENT, Kind.BRIDGED)}
    | {(CALLING_AGENT, kind) for kind in Kind if kind.name.startswith("CUSTOMER_")}
    | {(CALLING_AGENT, kind) for kind in OF_TALKING}
    | {(CALLING_CUSTOMER, Kind.AGENT_REFUSED), (CALLING_CUSTOMER, Kind.AGENT_FAILED)}
    | {(TALKING, Kind.AGENT_REFUSED), (TALKING, Kind.AGENT_FAILED)}
    | {(TALKING, Kind.CUSTOMER_REFUSED), (TALKING, Kind.CUSTOMER_FAILED)}
    | {(CALLING_CUSTOMER, Kind.CUSTOMER_HUNG_UP)}
    # Nobody is called again, or elsewhere, after having answered.
    | {
        (phase, kind)
        for phase in (CALLING_CUSTOMER, TALKING)
        for kind in (Kind.AGENT_ATTEMPT_FAILED, Kind.AGENT_PREPARED)
    }
    | {(TALKING, Kind.CUSTOMER_ATTEMPT_FAILED), (TALKING, Kind.CUSTOMER_PREPARED)}
    # The last word of a leg follows its end, and the end of a leg ends the call.
    | {(phase, kind) for phase in (CALLING_CUSTOMER, TALKING) for kind in (Kind.AGENT_RELEASED, Kind.CUSTOMER_RELEASED)}
    # The agent is greeted after having answered, and the customer called after that.
    | {(phase, kind) for phase in (CALLING_AGENT, TALKING) for kind in (Kind.GREETING_BEGAN, Kind.GREETING_ENDED)}
    # The talk timer runs in TALKING only.
    | {(CALLING_AGENT, Kind.TALK_LIMIT), (CALLING_CUSTOMER, Kind.TALK_LIMIT)}
)


def step(call: Call, signal: Signal, now: int) -> Step:
    """Answer one signal. `now` is ms since the epoch.

    Raises `ImpossibleSignal` for a cell of IMPOSSIBLE. The caller commits the step, then performs its effects in order.
    """
    kind = facts.kind_of(call, signal)
    rule = TRANSITIONS.get((call.phase, kind))
    if rule is None:
        if (call.phase, kind) in LATE_OR_REPEATED:
            return Step(call=call, changed=False)
        raise ImpossibleSignal(f"call {call.serial}: '{kind.value}' cannot occur while {call.phase.name}")
    known = facts.record(call, signal, now)
    taken = _taken(call, known, signal, rule, now)
    kept, over = on_wire.kept(known, signal), on_wire.over(known, signal)
    if not kept and not over:
        return taken
    return replace(taken, kept=kept, over=over, changed=True, is_same_call=not taken.changed)


def _taken(call: Call, known: Call, signal: Signal, rule: Rule, now: int) -> Step:
    if call.phase is ENDED:
        return _after_the_end(call, known, rule)
    if rule.reason is not None:
        return _ended(known, signal, rule, rule.reason, now)
    if rule.next is call.phase:
        return _in_phase(call, known, signal, rule, now)
    return _moved_on(known, signal, rule, now)


def _in_phase(before: Call, known: Call, signal: Signal, rule: Rule, now: int) -> Step:
    if known == before and signal.__class__ in facts.TOLD_ONCE:
        return Step(call=before, changed=False)
    call, events = _told(known, signal, rule, now)
    return Step(call=call, effects=rule.effects, events=events)


def _moved_on(known: Call, signal: Signal, rule: Rule, now: int) -> Step:
    moved = facts.entered(known, rule.next, now)
    call, events = _told(moved, signal, rule, now)
    timers = (DisarmTimer(PHASE_TIMER[known.phase]), ArmTimer(PHASE_TIMER[rule.next]))
    return Step(call=call, effects=timers + rule.effects, events=events)


def _ended(known: Call, signal: Signal, rule: Rule, reason: Reason, now: int) -> Step:
    cause = facts.cause_of_end(known, signal, reason)
    releases = tuple(Release(role, cause) for role in rule.release if known.leg(role).is_live)
    ended = facts.released(known, rule.release, by=_ender(reason), cause=cause, now=now)
    ended = replace(ended, phase=ENDED, reason=reason, cause=cause, ended_at=now)
    call, events = _told(ended, signal, rule, now)
    return Step(call=call, effects=(DisarmTimer(PHASE_TIMER[known.phase]), *releases), events=events)


def _after_the_end(before: Call, known: Call, rule: Rule) -> Step:
    cause = before.cause or causes.NORMAL_CLEARING
    releases = tuple(Release(role, cause) for role in rule.release)
    return Step(call=known, effects=releases, changed=known != before)


def _ender(reason: Reason) -> EndedBy:
    return EndedBy.REQUEST if reason is Reason.HANGUP_REQUESTED else EndedBy.SERVICE


def _told(call: Call, signal: Signal, rule: Rule, now: int) -> tuple[Call, tuple[Event, ...]]:
    if not rule.events:
        return call, ()
    events = tuple(
        [
            facts.event(call, signal, type_=type_, seq=call.seq + place, now=now)
            for place, type_ in enumerate(rule.events, start=1)
        ]
    )
    return replace(call, seq=call.seq + len(events)), events
