"""A store that takes its time: calls in progress go on without it, but nobody is rung whom it does not know of."""

from __future__ import annotations

import pytest

from application.test_conductor import AGENT, CUSTOMER, SERIAL, Stage
from domain.calls import a_call
from fakes.clock import DrivenClock
from twoleg.application.late_steps import PATIENCE, LateSteps
from twoleg.domain.call import Phase
from twoleg.domain.effects import Acknowledge, Bridge, Dial, Release
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import HangUpRequested, LegAnswered, LegHungUp, LegReleased


@pytest.fixture
def stage() -> Stage:
    """A call in talk, and a store that has just stopped to take anything."""
    stage = Stage()
    stage.talking()
    stage.journal.is_open = False
    return stage


def test_who_hangs_up_frees_the_other_phone_though_the_store_does_not_answer(stage: Stage) -> None:
    stage.tell(LegHungUp(CUSTOMER))
    stage.clock.advance(PATIENCE / 2)
    assert stage.engine.take() == []
    stage.clock.advance(PATIENCE)
    assert stage.engine.take() == [Release(AGENT, 16)]


def test_what_was_done_ahead_is_not_done_again(stage: Stage) -> None:
    stage.tell(HangUpRequested())
    stage.clock.advance(PATIENCE)
    stage.engine.take()
    stage.journal.commit()
    assert stage.engine.take() == []
    assert stage.call.reason is Reason.HANGUP_REQUESTED
    stage.journal.is_open = True
    stage.tell(LegReleased(CUSTOMER), LegReleased(AGENT))
    assert (len(stage.conductor), stage.clock.armed) == (0, 0)


def test_an_ended_call_is_remembered_until_its_end_is_durable(stage: Stage) -> None:
    stage.tell(LegHungUp(CUSTOMER), LegReleased(CUSTOMER), LegReleased(AGENT))
    stage.clock.advance(3600)
    assert SERIAL in stage.conductor
    stage.journal.commit()
    assert SERIAL not in stage.conductor


def test_two_who_answered_are_connected() -> None:
    stage = Stage()
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(AGENT))
    stage.journal.is_open = False
    stage.tell(LegAnswered(CUSTOMER))
    stage.engine.take()
    stage.clock.advance(PATIENCE)
    assert stage.engine.take() == [Acknowledge(CUSTOMER), Bridge()]


def test_the_talk_limit_holds_in_a_talk_that_the_store_knows_nothing_of() -> None:
    stage = Stage()
    stage.conductor.admit(a_call())
    stage.tell(LegAnswered(AGENT))
    stage.journal.is_open = False
    stage.tell(LegAnswered(CUSTOMER))
    stage.engine.take()
    stage.clock.advance(14_400 + 2 * PATIENCE)
    assert stage.engine.take() == [Acknowledge(CUSTOMER), Bridge(), Release(AGENT, 31), Release(CUSTOMER, 31)]


def test_nobody_is_rung_however_late_the_store_is() -> None:
    stage = Stage()
    stage.journal.is_open = False
    stage.conductor.admit(a_call())
    stage.clock.advance(29)
    assert stage.engine.take() == []


def test_a_call_that_nobody_could_be_rung_for_ends_in_its_time_and_is_never_rung() -> None:
    stage = Stage()
    stage.journal.is_open = False
    stage.conductor.admit(a_call())
    stage.clock.advance(PATIENCE + 30)
    stage.journal.is_open = True
    stage.journal.commit()
    assert Dial(AGENT) not in stage.engine.take()
    assert (stage.call.phase, stage.call.reason) == (Phase.ENDED, Reason.ENGINE_LOST)
    assert stage.clock.armed == 0


def test_a_phone_is_rung_when_the_store_knows_of_it_in_time() -> None:
    stage = Stage()
    stage.journal.is_open = False
    stage.conductor.admit(a_call())
    stage.clock.advance(10)
    stage.journal.commit()
    assert stage.engine.take() == [Dial(AGENT)]


def test_a_customer_who_could_not_be_rung_leaves_no_agent_waiting() -> None:
    stage = Stage()
    stage.conductor.admit(a_call())
    stage.journal.is_open = False
    stage.tell(LegAnswered(AGENT))
    stage.engine.take()
    stage.clock.advance(PATIENCE + 45 + PATIENCE)
    assert stage.engine.take() == [Acknowledge(AGENT), Release(AGENT, 41), Release(CUSTOMER, 41)]
    stage.journal.commit()
    assert Dial(CUSTOMER) not in stage.engine.take()
    assert stage.call.reason is Reason.ENGINE_LOST


def test_each_late_one_is_told_once_and_by_its_own_time() -> None:
    clock, told = DrivenClock(), list[str]()
    late = LateSteps(clock=clock, tell=told.append)

    tickets = [late.put("first")]
    clock.advance(PATIENCE / 2)
    tickets += [late.put("second"), late.put("third")]
    clock.advance(PATIENCE / 2)
    assert told == ["first"]
    assert [late.take(ticket) for ticket in tickets[:2]] == [False, True]
    clock.advance(PATIENCE)
    assert told == ["first", "third"]
    assert clock.armed == 0
