"""Calls that wait for room: in order, held up by nobody but those before them, never for longer than their limit."""

from __future__ import annotations

import pytest

from application.test_conductor import Stage
from domain.calls import SERIAL, a_call
from fakes.engine import NotingEngine
from twoleg.application.ports import Full
from twoleg.application.stop_calls import stop_calls
from twoleg.application.waiting import WaitingLines
from twoleg.domain.call import Call, Phase, Role
from twoleg.domain.effects import Acknowledge, Dial, Release
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import HangUpRequested, LegAnswered, LegReleased, Signal
from twoleg.domain.values import replace


class Doors(NotingEngine):
    """Calls go by the trunk that their agent's number names; `open` says how many more each takes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: dict[str, int] = {}
        self.seconds: float | None = None

    def reserve(self, call: Call) -> Signal | Full | None:
        wanted = [call.agent.number, call.customer.number]
        lacking = frozenset(trunk for trunk in wanted if not self.open.get(trunk, 0))
        if lacking:
            return Full(lacking, self.seconds)
        for trunk in wanted:
            self.open[trunk] -= 1
        self.asked.append(call.serial)
        return None


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
def stage(doors: Doors) -> Stage:
    return Stage(engine=doors)


def place(stage: Stage, offset: int, agent: str, customer: str = "free") -> int:
    call = a_call(serial=SERIAL + offset)
    call = replace(call, agent=replace(call.agent, number=agent), customer=replace(call.customer, number=customer))
    stage.conductor.admit(call)
    return call.serial


def test_a_call_without_room_waits_in_state_0_and_rings_nobody(stage: Stage) -> None:
    place(stage, 0, "a")
    assert (stage.engine.take(), stage.journal.written, len(stage.conductor)) == ([], [], 1)


def test_calls_start_in_the_order_in_which_they_were_placed(stage: Stage, doors: Doors) -> None:
    doors.open["free"] = 9
    for offset in (3, 1, 2):
        place(stage, offset, "a")
    doors.open["a"] = 2
    stage.conductor.room("a")
    assert doors.asked == [SERIAL + 1, SERIAL + 2]
    assert stage.engine.take() == [Dial(Role.AGENT)] * 2
    doors.open["a"] = 1
    stage.conductor.room("a")
    assert doors.asked == [SERIAL + 1, SERIAL + 2, SERIAL + 3]


def test_one_that_waits_for_another_trunk_holds_nobody_up(stage: Stage, doors: Doors) -> None:
    doors.open["free"] = 9
    blocked, next_ = place(stage, 1, "a", "full"), place(stage, 2, "a")
    doors.open["a"] = 2
    stage.conductor.room("a")
    assert doors.asked == [next_]
    doors.open["full"] = 1
    stage.conductor.room("full")
    assert doors.asked == [next_, blocked]


def test_room_at_a_trunk_that_nobody_waits_for_is_no_matter(stage: Stage) -> None:
    stage.conductor.room("a")
    assert len(stage.conductor) == 0


def test_who_waits_longer_than_the_queue_limit_ends_with_1005(stage: Stage, doors: Doors) -> None:
    place(stage, 0, "a")
    stage.clock.advance(61)
    assert stage.call.reason is Reason.QUEUE_EXPIRED
    assert stage.call.cause == 42
    doors.open = {"a": 9, "free": 9}
    stage.conductor.room("a")
    assert (stage.engine.take(), len(stage.conductor), stage.clock.armed) == ([], 0, 0)


def test_a_waiting_call_can_be_hung_up(stage: Stage) -> None:
    place(stage, 0, "a")
    stage.tell(HangUpRequested())
    assert (stage.call.reason, stage.engine.take()) == (Reason.HANGUP_REQUESTED, [])


def test_a_waiting_call_that_is_seen_in_the_store_again_keeps_its_place(stage: Stage, doors: Doors) -> None:
    doors.open["free"] = 9
    for offset in (1, 2, 1, 2):
        place(stage, offset, "a")
    doors.open["a"] = 9
    stage.conductor.room("a")
    assert doors.asked == [SERIAL + 1, SERIAL + 2]


def test_room_that_comes_with_time_is_looked_for_by_a_timer(stage: Stage, doors: Doors) -> None:
    doors.open["free"], doors.seconds = 9, 0.2
    place(stage, 0, "a")
    doors.open["a"] = 1
    stage.clock.advance(0.1)
    assert doors.asked == []
    stage.clock.advance(0.2)
    assert doors.asked == [SERIAL]


def test_who_comes_just_when_there_is_room_again_overtakes_nobody(stage: Stage, doors: Doors) -> None:
    doors.open["free"], doors.seconds = 9, 0.2
    place(stage, 1, "a")
    doors.open["a"] = 1
    stage.clock._now += 0.5  # the loop is late: the timer is due and has not run
    place(stage, 2, "a")
    assert doors.asked == [SERIAL + 1]


def test_a_started_call_moves_on(stage: Stage, doors: Doors) -> None:
    place(stage, 0, "a")
    doors.open = {"a": 1, "free": 1}
    stage.conductor.room("a")
    assert stage.call.phase is Phase.CALLING_AGENT


def test_lines_forget_who_left() -> None:
    lines = WaitingLines()
    for serial in range(1000):
        lines.put(serial, {"a", "b"})
    for serial in range(1000):
        lines.leave(serial)
    assert (lines.first("a"), lines.first("b"), len(lines), list(lines.trunks())) == (None, None, 0, [])


def test_a_service_that_stops_dials_none_of_those_who_wait(stage: Stage, doors: Doors) -> None:
    waiting = place(stage, 1, "a", "b")
    stage.conductor.hold()
    late = place(stage, 2, "c", "d")
    doors.open = dict.fromkeys("abcd", 9)
    stage.conductor.room("a")
    stage.conductor.ways_changed()

    assert stage.engine.take() == []
    assert (waiting in stage.conductor, late in stage.conductor) == (True, True)
    assert (stage.conductor.living, stage.conductor.is_silent) == (0, True)


def test_a_service_that_stops_lets_its_living_calls_go_on_and_then_ends_them_with_1006() -> None:
    stage = Stage()
    stage.conductor.admit(a_call())
    stage.conductor.hold()
    stage.tell(LegAnswered(Role.AGENT))
    assert stage.engine.take() == [Dial(Role.AGENT), Acknowledge(Role.AGENT), Dial(Role.CUSTOMER)]
    assert (stage.conductor.living, stage.conductor.is_silent) == (1, False)

    assert stop_calls(journal=stage.journal, conductor=stage.conductor) == 1
    assert stage.engine.take() == [Release(Role.AGENT, 41), Release(Role.CUSTOMER, 41)]
    assert (stage.call.phase, stage.call.reason) == (Phase.ENDED, Reason.SERVICE_STOPPED)
    assert (stage.conductor.living, stage.conductor.is_silent) == (0, False), "the phones have not said their last word"
    stage.tell(LegReleased(Role.AGENT), LegReleased(Role.CUSTOMER))
    assert stage.conductor.is_silent
