"""The machine's table: every cell decided, and each row of the interface's promises."""

from __future__ import annotations

from typing import Any

import pytest

from domain.calls import SERIAL, T0, a_call, a_call_in, told
from twoleg.domain.call import PUBLISHED_STATE, Attempt, CallState, EndedBy, Phase, Role
from twoleg.domain.effects import (
    Acknowledge,
    ArmTimer,
    Bridge,
    Dial,
    DisarmTimer,
    PassEarlyMedia,
    Release,
    Ringback,
    SendInvite,
    Timer,
)
from twoleg.domain.errors import ImpossibleSignal
from twoleg.domain.events import EventType
from twoleg.domain.machine import IMPOSSIBLE, LATE_OR_REPEATED, PHASE_TIMER, TRANSITIONS, step
from twoleg.domain.media import LONGEST_GREETING
from twoleg.domain.on_wire import LegOnWire
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import (
    AgentGreeting,
    Bridged,
    BridgeFailed,
    EngineLost,
    Faulted,
    HangUpRequested,
    Kind,
    LegAnswered,
    LegAttemptFailed,
    LegEarlyMedia,
    LegFailed,
    LegHeard,
    LegHeld,
    LegHungUp,
    LegPrepared,
    LegRefused,
    LegReleased,
    LegResumed,
    LegRinging,
    LegSilent,
    QueueExpired,
    RecordingNews,
    RecordingTold,
    RingTimeout,
    ServiceStopped,
    Signal,
    Start,
    TalkLimitReached,
    WireFacts,
)
from twoleg.domain.values import replace

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
BUSY = WireFacts(sip_status=486, cause=17)
OVERLOADED = WireFacts(sip_status=503, cause=41)


def attempt(number: int = 1, **ends: Any) -> Attempt:
    return Attempt(number=number, trunk="a", peer="udp:192.0.2.1:5060", dialled="1", shown="2", started_at=T0, **ends)


SIGNALS: dict[Kind, Signal] = {
    Kind.START: Start(),
    Kind.QUEUE_EXPIRED: QueueExpired(),
    Kind.AGENT_REFUSED: LegRefused(AGENT, 3, "no trunk"),
    Kind.CUSTOMER_REFUSED: LegRefused(CUSTOMER, 3, "no trunk"),
    Kind.AGENT_PREPARED: LegPrepared(AGENT, attempt(), b"invite"),
    Kind.CUSTOMER_PREPARED: LegPrepared(CUSTOMER, attempt(), b"invite"),
    Kind.AGENT_ATTEMPT_FAILED: LegAttemptFailed(AGENT, attempt(), OVERLOADED, "full"),
    Kind.CUSTOMER_ATTEMPT_FAILED: LegAttemptFailed(CUSTOMER, attempt(), OVERLOADED, "full"),
    Kind.AGENT_RINGING: LegRinging(AGENT),
    Kind.CUSTOMER_RINGING: LegRinging(CUSTOMER),
    Kind.AGENT_EARLY_MEDIA: LegEarlyMedia(AGENT),
    Kind.CUSTOMER_EARLY_MEDIA: LegEarlyMedia(CUSTOMER),
    Kind.AGENT_ANSWERED: LegAnswered(AGENT),
    Kind.CUSTOMER_ANSWERED: LegAnswered(CUSTOMER),
    Kind.AGENT_FAILED: LegFailed(AGENT, BUSY),
    Kind.CUSTOMER_FAILED: LegFailed(CUSTOMER, BUSY),
    Kind.AGENT_UNANSWERED: RingTimeout(AGENT),
    Kind.CUSTOMER_UNANSWERED: RingTimeout(CUSTOMER),
    Kind.AGENT_HUNG_UP: LegHungUp(AGENT),
    Kind.CUSTOMER_HUNG_UP: LegHungUp(CUSTOMER),
    Kind.AGENT_RELEASED: LegReleased(AGENT),
    Kind.CUSTOMER_RELEASED: LegReleased(CUSTOMER),
    Kind.AGENT_HELD: LegHeld(AGENT),
    Kind.CUSTOMER_HELD: LegHeld(CUSTOMER),
    Kind.AGENT_RESUMED: LegResumed(AGENT),
    Kind.CUSTOMER_RESUMED: LegResumed(CUSTOMER),
    Kind.GREETING_BEGAN: AgentGreeting(is_over=False),
    Kind.GREETING_ENDED: AgentGreeting(is_over=True),
    Kind.AGENT_SILENT: LegSilent(AGENT),
    Kind.CUSTOMER_SILENT: LegSilent(CUSTOMER),
    Kind.AGENT_HEARD: LegHeard(AGENT),
    Kind.CUSTOMER_HEARD: LegHeard(CUSTOMER),
    Kind.BRIDGED: Bridged(),
    Kind.BRIDGE_FAILED: BridgeFailed(88, "no common codec"),
    Kind.TALK_LIMIT: TalkLimitReached(),
    Kind.HANGUP_REQUESTED: HangUpRequested(),
    Kind.ENGINE_LOST: EngineLost(),
    Kind.SERVICE_STOPPED: ServiceStopped(),
    Kind.FAULTED: Faulted("boom"),
    Kind.RECORDING_STARTED: RecordingTold(RecordingNews.STARTED),
    Kind.RECORDING_PAUSED: RecordingTold(RecordingNews.PAUSED),
    Kind.RECORDING_RESUMED: RecordingTold(RecordingNews.RESUMED),
    Kind.RECORDING_STOPPED: RecordingTold(RecordingNews.STOPPED),
    Kind.RECORDING_FAILED: RecordingTold(RecordingNews.FAILED, "the disk is full"),
}
CELLS = [(phase, kind) for phase in Phase for kind in Kind]


@pytest.mark.parametrize(("phase", "kind"), CELLS)
def test_every_cell_is_decided_exactly_once(phase: Phase, kind: Kind) -> None:
    cell = (phase, kind)
    assert [cell in TRANSITIONS, cell in LATE_OR_REPEATED, cell in IMPOSSIBLE].count(True) == 1


@pytest.mark.parametrize(("phase", "kind"), CELLS)
def test_step_obeys_the_cell(phase: Phase, kind: Kind) -> None:
    call = a_call_in(phase)
    if (phase, kind) in IMPOSSIBLE:
        with pytest.raises(ImpossibleSignal, match=str(SERIAL)):
            step(call, SIGNALS[kind], T0)
        return
    taken = step(call, SIGNALS[kind], T0 + 100)
    rule = TRANSITIONS.get((phase, kind))
    if rule is None:
        assert (taken.call, taken.effects, taken.events, taken.changed) == (call, (), (), False)
    else:
        assert taken.call.phase is rule.next
        assert [event.type for event in taken.events] == list(rule.events)


@pytest.mark.parametrize("cell", TRANSITIONS)
def test_a_reason_is_set_exactly_where_a_call_ends(cell: tuple[Phase, Kind]) -> None:
    ends = TRANSITIONS[cell].next is Phase.ENDED and cell[0] is not Phase.ENDED
    assert (TRANSITIONS[cell].reason is not None) == ends
    assert (EventType.CALL_ENDED in TRANSITIONS[cell].events) == ends


def test_published_state_is_total_and_never_falls_along_the_phases() -> None:
    states = [PUBLISHED_STATE[phase] for phase in Phase]
    assert states == sorted(states)
    assert set(states) == set(CallState)
    assert all(rule.next >= phase for (phase, _), rule in TRANSITIONS.items())


def test_every_living_phase_has_its_hard_timer() -> None:
    assert set(PHASE_TIMER) == set(Phase) - {Phase.ENDED}


def test_the_agent_is_dialled_first_and_the_customer_only_after_the_agent_answered() -> None:
    started = step(a_call(), Start(), T0)
    assert started.effects == (DisarmTimer(Timer.QUEUE), ArmTimer(Timer.RING_AGENT), Dial(AGENT))
    answered = step(started.call, LegAnswered(AGENT), T0 + 5)
    assert answered.effects == (
        DisarmTimer(Timer.RING_AGENT),
        ArmTimer(Timer.RING_CUSTOMER),
        Acknowledge(AGENT),
        Dial(CUSTOMER),
    )
    assert answered.call.agent.answered_at == T0 + 5
    assert answered.call.customer.dialled_at == T0 + 5


def test_a_greeting_of_the_agent_is_no_time_of_the_customer() -> None:
    call = a_call_in(Phase.CALLING_CUSTOMER)
    began = step(call, AgentGreeting(is_over=False), T0 + 10)
    assert began.effects == (ArmTimer(Timer.RING_CUSTOMER, plus=LONGEST_GREETING),)
    over = step(began.call, AgentGreeting(is_over=True), T0 + 5_000)
    assert over.effects == (ArmTimer(Timer.RING_CUSTOMER),)
    assert over.call.customer.dialled_at == T0 + 5_000
    assert (began.events, over.events) == ((), ())


def test_the_agent_hears_ringback_once_while_the_customer_rings() -> None:
    ringing = step(a_call_in(Phase.CALLING_CUSTOMER), LegRinging(CUSTOMER), T0 + 9)
    assert ringing.effects == (Ringback(),)
    again = step(ringing.call, LegRinging(CUSTOMER), T0 + 10)
    assert (again.effects, again.changed) == ((), False)
    assert again.call.customer.ringing_at == T0 + 9


def test_early_media_of_the_customer_is_passed_on() -> None:
    assert step(a_call_in(Phase.CALLING_CUSTOMER), LegEarlyMedia(CUSTOMER), T0).effects == (PassEarlyMedia(),)


def test_the_customers_answer_bridges_and_arms_the_talk_limit() -> None:
    taken = step(a_call_in(Phase.CALLING_CUSTOMER), LegAnswered(CUSTOMER), T0 + 7)
    assert taken.effects == (DisarmTimer(Timer.RING_CUSTOMER), ArmTimer(Timer.TALK), Acknowledge(CUSTOMER), Bridge())
    assert (taken.call.state, taken.call.talking_at) == (CallState.TALKING, T0 + 7)


ENDS = [
    (Phase.TALKING, LegHungUp(CUSTOMER), Reason.CUSTOMER_HUNG_UP, 16, (AGENT,)),
    (Phase.TALKING, LegHungUp(AGENT), Reason.AGENT_HUNG_UP, 16, (CUSTOMER,)),
    (Phase.CALLING_CUSTOMER, LegHungUp(AGENT), Reason.AGENT_HUNG_UP, 16, (CUSTOMER,)),
    (Phase.CALLING_AGENT, LegFailed(AGENT, BUSY), Reason.AGENT_FAILED, 17, ()),
    (Phase.CALLING_CUSTOMER, LegFailed(CUSTOMER, BUSY), Reason.CUSTOMER_FAILED, 17, (AGENT,)),
    (Phase.CALLING_AGENT, RingTimeout(AGENT), Reason.AGENT_UNANSWERED, 18, (AGENT,)),
    (Phase.CALLING_CUSTOMER, RingTimeout(CUSTOMER), Reason.CUSTOMER_UNANSWERED, 18, (AGENT, CUSTOMER)),
    (Phase.QUEUED, LegRefused(AGENT, 3, "x"), Reason.NOT_DIALLED, 3, ()),
    (Phase.QUEUED, LegRefused(CUSTOMER, 3, "x"), Reason.NOT_DIALLED, 3, ()),
    (Phase.CALLING_AGENT, LegRefused(AGENT, 34, "x"), Reason.NOT_DIALLED, 34, (AGENT,)),
    (Phase.CALLING_CUSTOMER, LegRefused(CUSTOMER, 34, "x"), Reason.CUSTOMER_FAILED, 34, (AGENT, CUSTOMER)),
    (Phase.TALKING, HangUpRequested(), Reason.HANGUP_REQUESTED, 16, (AGENT, CUSTOMER)),
    (Phase.TALKING, TalkLimitReached(), Reason.TALK_LIMIT, 31, (AGENT, CUSTOMER)),
    (Phase.TALKING, EngineLost(), Reason.ENGINE_LOST, 41, (AGENT, CUSTOMER)),
    (Phase.CALLING_AGENT, ServiceStopped(), Reason.SERVICE_STOPPED, 41, (AGENT,)),
    (Phase.CALLING_CUSTOMER, ServiceStopped(), Reason.SERVICE_STOPPED, 41, (AGENT, CUSTOMER)),
    (Phase.TALKING, ServiceStopped(), Reason.SERVICE_STOPPED, 41, (AGENT, CUSTOMER)),
    (Phase.TALKING, BridgeFailed(88, "x"), Reason.BRIDGE_FAILED, 88, (AGENT, CUSTOMER)),
    (Phase.QUEUED, QueueExpired(), Reason.QUEUE_EXPIRED, 42, ()),
]


@pytest.mark.parametrize(("phase", "signal", "reason", "cause", "released"), ENDS)
def test_each_end_has_its_reason_its_cause_and_releases_who_is_left(
    phase: Phase, signal: Signal, reason: Reason, cause: int, released: tuple[Role, ...]
) -> None:
    taken = step(a_call_in(phase), signal, T0 + 50)
    ended = taken.call
    assert (ended.state, ended.reason, ended.cause, ended.ended_at) == (CallState.ENDED, reason, cause, T0 + 50)
    assert [effect for effect in taken.effects if isinstance(effect, Release)] == [
        Release(role, cause) for role in released
    ]
    assert DisarmTimer(PHASE_TIMER[phase]) in taken.effects
    last = taken.events[-1]
    assert (last.type, last.reason, last.cause, last.at) == (EventType.CALL_ENDED, reason, cause, T0 + 50)
    assert not ended.agent.is_live
    assert not ended.customer.is_live


@pytest.mark.parametrize("status", [408, 480])
@pytest.mark.parametrize(
    ("phase", "role", "reason"),
    [
        (Phase.CALLING_AGENT, AGENT, Reason.AGENT_UNANSWERED),
        (Phase.CALLING_CUSTOMER, CUSTOMER, Reason.CUSTOMER_UNANSWERED),
    ],
)
def test_408_and_480_after_ringing_mean_unanswered(phase: Phase, role: Role, reason: Reason, status: int) -> None:
    failed = LegFailed(role, WireFacts(sip_status=status, cause=18))
    assert told(a_call_in(phase), LegRinging(role), failed).reason is reason


@pytest.mark.parametrize("status", [408, 480])
@pytest.mark.parametrize(
    ("phase", "role", "reason"),
    [(Phase.CALLING_AGENT, AGENT, Reason.AGENT_FAILED), (Phase.CALLING_CUSTOMER, CUSTOMER, Reason.CUSTOMER_FAILED)],
)
def test_408_and_480_without_ringing_mean_failed(phase: Phase, role: Role, reason: Reason, status: int) -> None:
    failed = LegFailed(role, WireFacts(sip_status=status, cause=18))
    assert told(a_call_in(phase), failed).reason is reason


def test_our_ring_timer_after_ringing_is_cause_19() -> None:
    ended = told(a_call_in(Phase.CALLING_AGENT), LegRinging(AGENT), RingTimeout(AGENT))
    assert (ended.cause, ended.agent.cause, ended.agent.ended_by) == (19, 19, EndedBy.SERVICE)


def test_the_wires_facts_are_kept_with_the_leg() -> None:
    wire = WireFacts(sip_status=503, sip_reason="Q.850;cause=34", cause=34)
    leg = told(a_call_in(Phase.CALLING_CUSTOMER), LegFailed(CUSTOMER, wire), at=T0 + 3).customer
    assert (leg.sip_status, leg.sip_reason, leg.cause) == (503, "Q.850;cause=34", 34)
    assert (leg.ended_by, leg.released_at) == (EndedBy.NETWORK, T0 + 3)


def test_who_hung_up_is_kept_with_each_leg() -> None:
    ended = told(a_call_in(Phase.TALKING), LegHungUp(CUSTOMER))
    assert (ended.customer.ended_by, ended.agent.ended_by) == (EndedBy.CUSTOMER, EndedBy.SERVICE)
    by_request = told(a_call_in(Phase.TALKING), HangUpRequested())
    assert by_request.agent.ended_by is EndedBy.REQUEST


def test_late_answer_is_released() -> None:
    ended = told(a_call_in(Phase.CALLING_CUSTOMER), RingTimeout(CUSTOMER))
    late = step(ended, LegAnswered(CUSTOMER), T0 + 99)
    assert late.effects == (Release(CUSTOMER, 18),)
    assert (late.call.phase, late.call.reason, late.call.ended_at) == (Phase.ENDED, ended.reason, ended.ended_at)
    assert late.events == ()


def test_the_last_word_of_a_released_leg_is_kept_and_told_to_nobody() -> None:
    ended = told(a_call_in(Phase.CALLING_AGENT), RingTimeout(AGENT))
    after = step(ended, LegReleased(AGENT, WireFacts(sip_status=487)), T0 + 99)
    assert (after.call.agent.sip_status, after.call.ended_at, after.events) == (487, ended.ended_at, ())
    assert after.changed
    assert not step(after.call, LegReleased(AGENT, WireFacts(sip_status=487)), T0 + 100).changed


def test_the_answered_status_is_not_overwritten_by_the_answer_to_our_bye() -> None:
    ended = told(a_call_in(Phase.TALKING), LegHungUp(CUSTOMER))
    assert told(ended, LegReleased(AGENT, WireFacts(sip_status=481))).agent.sip_status == 200


def test_seq_is_gapless_and_matches_the_events() -> None:
    call, seqs = a_call(), []
    for signal in (Start(), LegRinging(AGENT), LegAnswered(AGENT), LegRinging(CUSTOMER), LegAnswered(CUSTOMER)):
        taken = step(call, signal, T0)
        call = taken.call
        seqs += [event.seq for event in taken.events]
    assert seqs == list(range(2, 2 + len(seqs)))
    assert call.seq == seqs[-1]


def test_each_attempt_is_kept_as_a_fact_of_its_leg() -> None:
    first = attempt(1, ended_at=T0 + 5, sip_status=503, cause=41)
    second = attempt(2)
    call = told(a_call(), Start(), LegAttemptFailed(AGENT, first, OVERLOADED, "full"), LegRinging(AGENT, second))
    assert call.agent.attempts == (first, second)
    assert call.agent.sip_status is None
    answered = attempt(2, ended_at=T0 + 9, sip_status=200)
    call = told(call, LegAnswered(AGENT, answered))
    assert call.agent.attempts == (first, answered)
    assert call.customer.attempts == ()


def test_a_failed_attempt_is_told_with_what_was_heard() -> None:
    step_ = step(a_call_in(Phase.CALLING_AGENT), LegAttemptFailed(AGENT, attempt(), OVERLOADED, "a is full"), T0)
    (event,) = step_.events
    assert (event.type, event.leg, event.sip_status, event.cause) == (EventType.AGENT_ATTEMPT_FAILED, AGENT, 503, 41)
    assert (event.detail, step_.effects, step_.call.phase) == ("a is full", (), Phase.CALLING_AGENT)


def test_the_last_word_of_a_leg_completes_its_attempt() -> None:
    call = told(a_call(), Start(), LegRinging(AGENT, attempt()), RingTimeout(AGENT))
    cancelled = attempt(1, ended_at=T0 + 30_000, sip_status=487)
    call = told(call, LegReleased(AGENT, WireFacts(sip_status=487), cancelled))
    assert call.agent.attempts == (cancelled,)


def test_ringing_told_twice_by_one_attempt_is_told_once() -> None:
    call = told(a_call_in(Phase.CALLING_AGENT), LegRinging(AGENT, attempt()))
    assert not step(call, LegRinging(AGENT, attempt()), T0 + 1).changed


@pytest.mark.parametrize("phase", [Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER, Phase.TALKING])
def test_what_becomes_of_a_recording_is_told_and_changes_nothing_else(phase: Phase) -> None:
    call = a_call_in(phase)
    taken = step(call, RecordingTold(RecordingNews.FAILED, "the disk is full"), T0 + 5)
    (event,) = taken.events
    assert (event.type, event.leg, event.detail) == (EventType.RECORDING_FAILED, None, "the disk is full")
    assert (taken.effects, taken.call) == ((), replace(call, seq=call.seq + 1))


@pytest.mark.parametrize(("phase", "role"), [(Phase.CALLING_AGENT, AGENT), (Phase.CALLING_CUSTOMER, CUSTOMER)])
def test_an_invite_goes_out_once_it_is_kept_how_it_can_be_taken_back(phase: Phase, role: Role) -> None:
    taken = step(a_call_in(phase), LegPrepared(role, attempt(), b"invite"), T0 + 5)
    assert taken.kept == (LegOnWire(role, 1, b"invite"),)
    assert taken.effects == (SendInvite(role),)
    assert taken.events == ()
    assert taken.call.leg(role).attempts == (attempt(),), "the claim: from now on the phone may have been rung"


@pytest.mark.parametrize(("phase", "role"), [(Phase.CALLING_AGENT, AGENT), (Phase.CALLING_CUSTOMER, CUSTOMER)])
def test_an_answer_is_acknowledged_once_it_is_kept_how_it_can_be_hung_up(phase: Phase, role: Role) -> None:
    call = step(a_call_in(phase), LegPrepared(role, attempt(2), b"invite"), T0 + 5).call
    taken = step(call, LegAnswered(role, attempt(2, ended_at=T0 + 6, sip_status=200), b"dialog"), T0 + 6)
    assert taken.kept == (LegOnWire(role, 2, b"dialog"),)
    assert Acknowledge(role) in taken.effects


def test_what_was_kept_of_a_leg_is_forgotten_with_its_last_word() -> None:
    call = step(a_call_in(Phase.CALLING_AGENT), LegPrepared(AGENT, attempt(), b"invite"), T0 + 5).call
    ended = step(call, RingTimeout(AGENT), T0 + 6)
    assert (ended.kept, ended.over) == ((), ()), "the phone may still ring"
    last = step(ended.call, LegReleased(AGENT, WireFacts()), T0 + 7)
    assert (last.over, last.changed, last.is_same_call) == ((AGENT,), True, True)


def test_an_invite_that_was_being_written_when_the_call_ended_is_never_sent() -> None:
    ended = told(a_call_in(Phase.CALLING_AGENT), HangUpRequested())
    taken = step(ended, LegPrepared(AGENT, attempt(), b"invite"), T0 + 9)
    assert (taken.changed, taken.effects, taken.kept) == (False, (), ())


def test_the_phones_of_a_call_that_ended_just_before_its_engine_died_are_released_all_the_same() -> None:
    ended = told(a_call_in(Phase.TALKING), LegHungUp(CUSTOMER))
    taken = step(ended, EngineLost(), T0 + 99)
    assert taken.effects == (Release(AGENT, 16), Release(CUSTOMER, 16))
    assert (taken.call, taken.events, taken.changed) == (ended, (), False)
