"""What gathered while no engine ran comes in at a pace; live traffic is never held back."""

from __future__ import annotations

from application.test_conductor import Stage
from domain.calls import SERIAL, T0, a_call
from twoleg.application.take_in_calls import Intake
from twoleg.domain.values import replace


def stored(stage: Stage, first: int, count: int, *, created_at: int) -> None:
    for offset in range(first, first + count):
        call = replace(a_call(serial=SERIAL + offset), created_at=created_at)
        stage.journal.stored[call.serial] = call


def test_a_backlog_of_ten_seconds_is_dialled_at_two_hundred_a_second() -> None:
    stage = Stage()
    stored(stage, 0, 1000, created_at=T0 - 10_000)
    intake = Intake(journal=stage.journal, conductor=stage.conductor, clock=stage.clock)
    intake.look()
    intake.look()
    assert len(stage.conductor) == 50

    for _ in range(8):
        stage.clock.advance(0.25)
        intake.look()
    assert len(stage.conductor) == 50 + 2 * 200


def test_calls_just_placed_do_not_wait_for_the_backlog() -> None:
    stage = Stage()
    stored(stage, 0, 1000, created_at=T0 - 10_000)
    stored(stage, 1000, 500, created_at=T0)
    Intake(journal=stage.journal, conductor=stage.conductor, clock=stage.clock).look()
    assert sum(SERIAL + offset in stage.conductor for offset in range(1000, 1500)) == 500
