"""Random walks over the machine: what must hold whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.calls import T0, a_call
from domain.test_machine import SIGNALS
from twoleg.domain.call import Call, Phase
from twoleg.domain.effects import ArmTimer, DisarmTimer, Timer
from twoleg.domain.errors import ImpossibleSignal
from twoleg.domain.machine import PHASE_TIMER, Step, step
from twoleg.domain.signals import Kind

WAYS = [[], [Kind.START], [Kind.START, Kind.AGENT_ANSWERED], [Kind.START, Kind.AGENT_ANSWERED, Kind.CUSTOMER_ANSWERED]]
WALKS = st.builds(list.__add__, st.sampled_from(WAYS), st.lists(st.sampled_from(list(Kind)), max_size=30))


def walk(kinds: list[Kind]) -> list[Step]:
    """The steps taken; impossible signals are refused and change nothing."""
    call, steps = a_call(), []
    for offset, kind in enumerate(kinds):
        try:
            taken = step(call, SIGNALS[kind], T0 + offset)
        except ImpossibleSignal:
            continue
        steps.append(taken)
        call = taken.call
    return steps


@given(WALKS)
def test_the_published_state_never_falls(kinds: list[Kind]) -> None:
    states = [taken.call.state for taken in walk(kinds)]
    assert states == sorted(states)


@given(WALKS)
def test_ended_is_absorbing(kinds: list[Kind]) -> None:
    ends = {_end(taken.call) for taken in walk(kinds) if taken.call.phase is Phase.ENDED}
    assert len(ends) <= 1


def _end(call: Call) -> tuple[object, ...]:
    return call.reason, call.cause, call.ended_at, call.seq


@given(WALKS)
def test_a_reason_a_cause_and_an_end_time_are_set_exactly_when_ended(kinds: list[Kind]) -> None:
    for taken in walk(kinds):
        ended = taken.call.phase is Phase.ENDED
        facts = (taken.call.reason, taken.call.cause, taken.call.ended_at)
        assert [fact is not None for fact in facts] == [ended] * 3


@given(WALKS)
def test_no_timer_outlives_the_end_and_no_phase_is_without_one(kinds: list[Kind]) -> None:
    armed = {Timer.QUEUE}
    for taken in walk(kinds):
        for effect in taken.effects:
            match effect:
                case ArmTimer(timer=timer):
                    armed.add(timer)
                case DisarmTimer(timer=timer):
                    armed.remove(timer)
                case _:
                    pass
        expected = PHASE_TIMER.get(taken.call.phase)
        assert armed == ({expected} if expected else set())


@given(WALKS)
def test_no_leg_is_live_after_the_end(kinds: list[Kind]) -> None:
    for taken in walk(kinds):
        if taken.call.phase is Phase.ENDED:
            assert not taken.call.agent.is_live
            assert not taken.call.customer.is_live


@given(WALKS)
def test_events_are_gapless_and_the_end_is_the_last(kinds: list[Kind]) -> None:
    events = [event for taken in walk(kinds) for event in taken.events]
    assert [event.seq for event in events] == list(range(2, 2 + len(events)))
    assert [event.type.value for event in events].count("call.ended") <= 1
    if any(event.type.value == "call.ended" for event in events):
        assert events[-1].type.value == "call.ended"
