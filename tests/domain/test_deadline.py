"""No call outlives the sum of its timers, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from application.test_conductor import LIMITS, SERIAL, Stage
from domain.calls import T0, a_call
from domain.test_machine import SIGNALS
from twoleg.domain.call import Phase
from twoleg.domain.deadline import SLACK, TO_CLOSE, TO_HEED, longest_life, must_end_by
from twoleg.domain.effects import Timer
from twoleg.domain.machine import PHASE_TIMER
from twoleg.domain.signals import Kind

ONCE = (Kind.GREETING_BEGAN, Kind.GREETING_ENDED)
"""The agent is greeted once at most."""
WAYS = ((), (Kind.START,), (Kind.START, Kind.AGENT_ANSWERED), (Kind.START, Kind.AGENT_ANSWERED, *ONCE))
STEPS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([kind for kind in Kind if kind not in ONCE])), max_size=8)


@settings(max_examples=60)
@given(st.sampled_from(WAYS), STEPS)
def test_no_walk_of_the_machine_outlives_the_sum_of_its_timers(
    way: tuple[Kind, ...], steps: list[tuple[float, Kind]]
) -> None:
    """Each signal comes some way into what is left of the timer that runs, so that every phase lasts long."""
    stage = Stage()
    stage.conductor.hold()
    stage.conductor.admit(a_call())
    for wait, kind in [*((0.99, kind) for kind in way), *steps]:
        live = stage.conductor._calls.get(SERIAL)
        if live is not None and live.call.phase is not Phase.ENDED:
            stage.clock.advance(wait * LIMITS[PHASE_TIMER[live.call.phase]])
            stage.conductor.signal(SERIAL, SIGNALS[kind])
    stage.clock.advance(2 * longest_life(LIMITS))
    assert stage.call.phase is Phase.ENDED
    assert (stage.call.ended_at or 0) - T0 <= longest_life(LIMITS) * 1000


def test_the_deadline_leaves_the_timers_some_slack_and_the_sweeper_its_time() -> None:
    assert must_end_by(T0, LIMITS) == T0 + 1000 * (longest_life(LIMITS) + SLACK + TO_HEED + TO_CLOSE)
    longer = {**LIMITS, Timer.TALK: LIMITS[Timer.TALK] + 1}
    assert must_end_by(T0, longer) == must_end_by(T0, LIMITS) + 1000
