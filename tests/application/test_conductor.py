"""The conductor on a driven clock: commit before effects, one fault ends one call, nothing kept for ever."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field

import pytest

from domain.calls import T0, a_call, a_call_in
from fakes.clock import DrivenClock
from fakes.engine import NotingEngine
from fakes.on_wire import WireNotes
from twoleg.application.conductor import LINGER, Conductor
from twoleg.application.recover_calls import LeftBehind, recover_calls
from twoleg.application.take_in_calls import Intake
from twoleg.domain.call import Attempt, Call, Phase, Role
from twoleg.domain.effects import Acknowledge, Bridge, Dial, Effect, Release, SendInvite, Timer
from twoleg.domain.machine import Step
from twoleg.domain.media import LONGEST_GREETING
from twoleg.domain.on_wire import LegOnWire
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import (
    AgentGreeting,
    HangUpRequested,
    LegAnswered,
    LegFailed,
    LegHungUp,
    LegPrepared,
    LegRefused,
    LegReleased,
    Signal,
    WireFacts,
)

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
LIMITS = {Timer.QUEUE: 60.0, Timer.RING_AGENT: 30.0, Timer.RING_CUSTOMER: 45.0, Timer.TALK: 14_400.0}
SERIAL = a_call().serial


@dataclass
class HeldJournal:
    """Makes steps durable only when told to."""

    is_open: bool = True
    waiting: list[tuple[Step, Callable[[], None]]] = field(default_factory=list)
    written: list[Step] = field(default_factory=list)
    stored: dict[int, Call] = field(default_factory=dict)
    wished: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    on_wire: WireNotes = field(default_factory=WireNotes)

    def append(self, step: Step, on_durable: Callable[[], None]) -> None:
        self.waiting.append((step, on_durable))
        if self.is_open:
            self.commit()

    def commit(self) -> None:
        while self.waiting:
            step, on_durable = self.waiting.pop(0)
            self.written.append(step)
            self.stored[step.call.serial] = step.call
            self.on_wire.take(step)
            on_durable()

    def queued(self, known: Container[int] = ()) -> list[Call]:
        return [call for serial, call in self.stored.items() if call.phase is Phase.QUEUED and serial not in known]

    def live(self) -> list[Call]:
        return [call for call in self.stored.values() if call.phase not in (Phase.QUEUED, Phase.ENDED)]

    def overdue(self) -> list[int]:
        return self.late

    def left_behind(self) -> list[LeftBehind]:
        return self.on_wire.left_behind(self.stored.values())

    def hangup_requests(self) -> list[int]:
        return self.wished

    async def drained(self) -> None:
        self.commit()


@dataclass
class NotedLog:
    faults: list[tuple[object, Exception]] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    def stepped(self, step: Step, signal: Signal) -> None: ...

    def faulted(self, call: Call, at: Signal | Effect, error: Exception) -> None:
        self.faults.append((at, error))

    def unknown_call(self, serial: int, signal: Signal) -> None:
        self.unknown.append(serial)


@dataclass
class Stage:
    """A conductor with everything around it."""

    journal: HeldJournal = field(default_factory=HeldJournal)
    engine: NotingEngine = field(default_factory=NotingEngine)
    clock: DrivenClock = field(default_factory=lambda: DrivenClock(start_ms=T0))
    log: NotedLog = field(default_factory=NotedLog)

    def __post_init__(self) -> None:
        self.conductor = Conductor(
            journal=self.journal, engine=self.engine, clock=self.clock, limits=LIMITS, log=self.log
        )

    def tell(self, *signals: Signal) -> None:
        for signal in signals:
            self.conductor.signal(SERIAL, signal)

    def talking(self) -> None:
        self.conductor.admit(a_call())
        self.tell(_prepared(AGENT), LegAnswered(AGENT), _prepared(CUSTOMER), LegAnswered(CUSTOMER))
        self.engine.take()

    @property
    def call(self) -> Call:
        return self.journal.stored[SERIAL]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_an_admitted_call_dials_the_agent(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    assert stage.engine.take() == [Dial(AGENT)]
    assert stage.call.phase is Phase.CALLING_AGENT


def test_nothing_is_dialled_before_the_intent_is_durable(stage: Stage) -> None:
    stage.journal.is_open = False
    stage.conductor.admit(a_call())
    assert stage.engine.take() == []
    stage.journal.commit()
    assert stage.engine.take() == [Dial(AGENT)]


def test_a_call_admitted_twice_rings_once(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.conductor.admit(a_call())
    assert stage.engine.take() == [Dial(AGENT)]


def test_a_call_that_ended_in_memory_is_not_admitted_again_before_its_end_is_durable(stage: Stage) -> None:
    stage.journal.is_open = False
    stage.engine.refusal = LegRefused(AGENT, 3, "no route")
    stage.conductor.admit(a_call())
    stage.conductor.admit(a_call())
    stage.journal.commit()
    assert [step.call.reason for step in stage.journal.written] == [Reason.NOT_DIALLED]
    assert len(stage.conductor) == 0


def test_a_number_without_a_route_ends_the_call_and_rings_nobody(stage: Stage) -> None:
    stage.engine.refusal = LegRefused(CUSTOMER, 3, "no route")
    stage.conductor.admit(a_call())
    assert (stage.call.reason, stage.call.cause, stage.engine.take()) == (Reason.NOT_DIALLED, 3, [])


def test_the_whole_way_of_a_call(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(AGENT), LegAnswered(CUSTOMER))
    assert stage.engine.take() == [Dial(AGENT), Acknowledge(AGENT), Dial(CUSTOMER), Acknowledge(CUSTOMER), Bridge()]
    stage.tell(LegHungUp(CUSTOMER))
    assert stage.engine.take() == [Release(AGENT, 16)]
    assert stage.call.reason is Reason.CUSTOMER_HUNG_UP
    stage.tell(LegReleased(CUSTOMER), LegReleased(AGENT))
    assert (len(stage.conductor), stage.engine.forgotten, stage.clock.armed) == (0, [SERIAL], 0)


def test_nobody_waits_until_the_last_words_are_written_and_they_are_written(stage: Stage) -> None:
    stage.talking()
    stage.tell(LegHungUp(CUSTOMER))
    stage.journal.is_open = False
    stage.tell(LegReleased(CUSTOMER), LegReleased(AGENT))
    assert (len(stage.conductor), stage.engine.forgotten, stage.clock.armed) == (0, [SERIAL], 0)
    stage.journal.commit()
    assert [step.over for step in stage.journal.written[-2:]] == [(CUSTOMER,), (AGENT,)]


def test_a_call_whose_last_words_come_before_its_end_is_durable_is_kept_until_it_is(stage: Stage) -> None:
    stage.talking()
    stage.journal.is_open = False
    stage.tell(LegHungUp(CUSTOMER), LegReleased(CUSTOMER), LegReleased(AGENT))
    assert len(stage.conductor) == 1
    stage.journal.commit()
    assert (len(stage.conductor), stage.engine.forgotten) == (0, [SERIAL])


def test_an_unanswered_agent_is_released_by_the_ring_timer(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.engine.take()
    stage.clock.advance(29.9)
    assert stage.engine.take() == []
    stage.clock.advance(0.2)
    assert stage.engine.take() == [Release(AGENT, 18)]
    assert stage.call.reason is Reason.AGENT_UNANSWERED


def test_the_talk_limit_ends_a_call(stage: Stage) -> None:
    stage.talking()
    stage.clock.advance(14_400)
    assert stage.call.reason is Reason.TALK_LIMIT


def test_a_call_that_waited_too_long_is_not_dialled(stage: Stage) -> None:
    stage.clock.advance(61)
    stage.conductor.admit(a_call())
    assert (stage.call.reason, stage.engine.take()) == (Reason.QUEUE_EXPIRED, [])


def test_a_customer_rings_as_long_as_ever_after_a_greeting_of_the_agent(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(AGENT), AgentGreeting(is_over=False))
    stage.clock.advance(LONGEST_GREETING)
    stage.tell(AgentGreeting(is_over=True))
    stage.engine.take()
    stage.clock.advance(44.9)
    assert stage.engine.take() == []
    stage.clock.advance(0.2)
    assert stage.engine.take() == [Release(AGENT, 18), Release(CUSTOMER, 18)]
    assert stage.call.reason is Reason.CUSTOMER_UNANSWERED


def test_a_greeting_that_never_ends_ends_the_call(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(AGENT), AgentGreeting(is_over=False))
    stage.clock.advance(LONGEST_GREETING + 45.1)
    assert stage.call.reason is Reason.CUSTOMER_UNANSWERED


def test_an_agent_that_hangs_up_while_the_customers_dialling_becomes_durable_rings_no_customer(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.journal.is_open = False
    stage.tell(LegAnswered(AGENT), LegHungUp(AGENT))
    stage.engine.take()
    stage.journal.commit()
    assert Dial(CUSTOMER) not in stage.engine.take()
    assert stage.call.reason is Reason.AGENT_HUNG_UP


def test_an_effect_that_raises_ends_its_call_with_a_cause_and_is_logged(stage: Stage) -> None:
    stage.engine.broken = Bridge
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(AGENT), LegAnswered(CUSTOMER))
    assert (stage.call.reason, stage.call.cause) == (Reason.ENGINE_LOST, 41)
    assert Release(AGENT, 41) in stage.engine.take()
    assert [str(error) for _, error in stage.log.faults] == ["planted fault"]


def test_a_fault_touches_no_other_call(stage: Stage) -> None:
    stage.conductor.admit(a_call(serial=SERIAL + 1))
    stage.engine.broken = Dial
    stage.conductor.admit(a_call())
    assert stage.call.reason is Reason.ENGINE_LOST
    assert stage.journal.stored[SERIAL + 1].phase is Phase.CALLING_AGENT


def test_an_impossible_signal_ends_its_call_and_is_logged(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(CUSTOMER))
    assert stage.call.reason is Reason.ENGINE_LOST
    assert len(stage.log.faults) == 1


def test_a_signal_for_an_unknown_call_is_logged_and_harmless(stage: Stage) -> None:
    stage.tell(LegAnswered(AGENT))
    assert stage.log.unknown == [SERIAL]


def test_a_released_leg_that_never_says_its_last_word_is_forgotten_in_time(stage: Stage) -> None:
    stage.talking()
    stage.tell(HangUpRequested())
    assert len(stage.conductor) == 1
    stage.clock.advance(LINGER + 1)
    assert (len(stage.conductor), stage.clock.armed) == (0, 0)


def test_the_last_word_after_the_end_is_kept(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.clock.advance(31)
    stage.tell(LegReleased(AGENT, WireFacts(sip_status=487)))
    assert (stage.call.agent.sip_status, len(stage.conductor)) == (487, 0)


def test_a_failed_agent_leaves_nothing_behind(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(LegFailed(AGENT, WireFacts(sip_status=486, cause=17)), LegReleased(AGENT))
    assert (stage.call.reason, len(stage.conductor)) == (Reason.AGENT_FAILED, 0)


@pytest.mark.parametrize("phase", [Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER, Phase.TALKING])
def test_what_a_dead_engine_left_behind_ends_with_1003_through_the_machine(stage: Stage, phase: Phase) -> None:
    stage.journal.stored[SERIAL] = a_call_in(phase)
    assert recover_calls(journal=stage.journal, engine=stage.engine, conductor=stage.conductor) == [SERIAL]
    assert (stage.call.phase, stage.call.reason) == (Phase.ENDED, Reason.ENGINE_LOST)
    assert len(stage.conductor) == 0


def _prepared(role: Role) -> LegPrepared:
    way = Attempt(number=1, trunk="a", peer="udp:192.0.2.1:5060", dialled="1", shown="2", started_at=T0)
    return LegPrepared(role, way, b"note")


def test_an_invite_goes_out_when_its_note_is_durable_and_not_before(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.engine.take()
    stage.journal.is_open = False
    stage.tell(_prepared(AGENT))
    stage.clock.advance(20)
    assert stage.engine.take() == [], "not even when the store takes its time: who may ring must be known"
    stage.journal.commit()
    assert stage.engine.take() == [SendInvite(AGENT)]
    assert stage.journal.on_wire.legs == {SERIAL: [LegOnWire(AGENT, 1, b"note")]}


def test_an_invite_whose_call_ended_while_its_note_became_durable_is_not_sent(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.engine.take()
    stage.journal.is_open = False
    stage.tell(_prepared(AGENT), HangUpRequested())
    stage.journal.commit()
    assert stage.engine.take() == [Release(AGENT, 16)]


def test_a_phone_that_the_store_kept_from_being_rung_did_not_leave_it_unanswered(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.journal.is_open = False
    stage.tell(_prepared(AGENT))
    stage.clock.advance(31)
    stage.journal.commit()
    assert stage.call.reason is Reason.ENGINE_LOST


def test_phones_of_a_dead_engine_are_taken_over_and_the_call_stays_until_their_last_words(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(_prepared(AGENT), LegAnswered(AGENT, record=b"dialog"), _prepared(CUSTOMER))
    heir = Stage(journal=stage.journal)
    assert recover_calls(journal=heir.journal, engine=heir.engine, conductor=heir.conductor) == [SERIAL]
    assert heir.engine.taken_over == [
        (SERIAL, LegOnWire(AGENT, 1, b"dialog")),
        (SERIAL, LegOnWire(CUSTOMER, 1, b"note")),
    ]
    assert heir.engine.take() == [Release(AGENT, 41), Release(CUSTOMER, 41)]
    assert SERIAL in heir.conductor
    heir.tell(LegReleased(CUSTOMER, WireFacts(sip_status=487)), LegReleased(AGENT))
    assert len(heir.conductor) == 0
    assert heir.journal.on_wire.legs == {}
    assert heir.call.customer.sip_status == 487


def test_a_call_whose_engine_died_between_its_end_and_the_goodbye_is_said_goodbye(stage: Stage) -> None:
    stage.conductor.admit(a_call())
    stage.tell(_prepared(AGENT), LegAnswered(AGENT, record=b"dialog"), HangUpRequested())
    heir = Stage(journal=stage.journal)
    assert recover_calls(journal=heir.journal, engine=heir.engine, conductor=heir.conductor) == [SERIAL]
    assert Release(AGENT, 16) in heir.engine.take()
    assert heir.call.reason is Reason.HANGUP_REQUESTED
    heir.tell(LegReleased(AGENT))
    assert (len(heir.conductor), heir.journal.on_wire.legs) == (0, {})


def test_recovery_leaves_queued_calls_to_the_intake(stage: Stage) -> None:
    stage.journal.stored[SERIAL] = a_call()
    assert recover_calls(journal=stage.journal, engine=stage.engine, conductor=stage.conductor) == []
    Intake(journal=stage.journal, conductor=stage.conductor).look()
    assert stage.engine.take() == [Dial(AGENT)]


def test_a_call_that_has_lost_its_timer_ends_when_the_sweeper_says_so(stage: Stage) -> None:
    stage.talking()
    stage.journal.late = [SERIAL, SERIAL + 7]
    intake = Intake(journal=stage.journal, conductor=stage.conductor)
    intake.look()
    intake.look()
    assert stage.call.reason is Reason.ENGINE_LOST
    assert stage.engine.take() == [Release(AGENT, 41), Release(CUSTOMER, 41)]
    assert stage.log.unknown == []


def test_a_wished_hang_up_reaches_its_call_once(stage: Stage) -> None:
    stage.talking()
    stage.journal.wished = [SERIAL, SERIAL + 7]
    intake = Intake(journal=stage.journal, conductor=stage.conductor)
    intake.look()
    intake.look()
    assert stage.call.reason is Reason.HANGUP_REQUESTED
    assert stage.engine.take() == [Release(AGENT, 16), Release(CUSTOMER, 16)]
    assert stage.log.unknown == []
