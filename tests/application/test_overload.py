"""Admission by measured delay, on a driven clock: an engine of a known capacity, and clients that ask for more."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twoleg.application.overload import OverloadControl, Tuning
from twoleg.application.pace import Pace

TICK = 0.1
TUNING = Tuning()


@dataclass
class Plant:
    """An engine that begins `capacity` calls a second, first come, first served, behind a gate with that limit."""

    capacity: float
    control: OverloadControl = field(default_factory=lambda: OverloadControl(TUNING))
    pace: Pace = field(default_factory=lambda: Pace(per_second=1, burst=1))
    now: float = 0.0
    waiting: float = 0.0
    owed: float = 0.0
    asked: float = 0.0
    accepted: int = 0
    refused: int = 0
    delays: list[float] = field(default_factory=list)

    def run(self, offered: float, seconds: float) -> None:
        """That many calls a second for so long; counters begin anew."""
        self.accepted = self.refused = 0
        self.delays = []
        for _ in range(round(seconds / TICK)):
            self.tick(offered)

    def tick(self, offered: float) -> None:
        self.asked += offered * TICK
        while self.asked >= 1:
            self.asked -= 1
            self.ask()
        self.owed += self.capacity * TICK
        begun = int(min(self.waiting, self.owed))
        self.waiting -= begun
        self.owed = 0.0 if self.waiting < 1 else self.owed - begun
        self.now += TICK
        delay = self.waiting / self.capacity
        self.delays.append(delay)
        limit = self.control.observe(delay=delay, begun=begun, now=self.now)
        if limit is not None:
            self.pace.change(per_second=limit, burst=max(1.0, limit * TICK))

    def is_limited(self) -> bool:
        return self.control.limit is not None

    def ask(self) -> None:
        if self.control.limit is None or self.pace.takes(self.now):
            self.accepted += 1
            self.waiting += 1
        else:
            self.refused += 1


@pytest.mark.parametrize("capacity", [40, 150])
def test_at_three_times_the_capacity_delays_stay_short_and_the_engine_stays_busy(capacity: int) -> None:
    plant = Plant(capacity)
    plant.run(3 * capacity, seconds=10)
    assert max(plant.delays) < 1.0, "the wave's front, before anybody could know"

    plant.run(3 * capacity, seconds=30)
    assert max(plant.delays) <= 5 * TUNING.target
    assert plant.accepted >= 0.7 * capacity * 30
    assert plant.refused >= 1.9 * capacity * 30


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_below_the_capacity_nobody_is_ever_refused(share: float) -> None:
    plant = Plant(200)
    plant.run(share * 200, seconds=30)
    assert (plant.refused, plant.is_limited()) == (0, False)


def test_a_burst_that_passes_by_itself_is_nobodys_business() -> None:
    plant = Plant(200)
    plant.run(100, seconds=5)
    plant.waiting += 60  # 0.3 s of work at once: above the target, and gone before patience is
    plant.run(100, seconds=5)
    assert (plant.refused, plant.is_limited()) == (0, False)


def test_after_the_wave_it_is_as_before() -> None:
    plant = Plant(200)
    plant.run(600, seconds=30)
    assert plant.is_limited()
    plant.run(100, seconds=20)
    assert not plant.is_limited()
    plant.run(190, seconds=30)
    assert (plant.refused, plant.is_limited()) == (0, False)
    assert max(plant.delays) <= TUNING.target


def test_a_stall_ends_with_a_floor_that_is_not_zero_and_all_comes_back() -> None:
    plant = Plant(200)
    plant.run(150, seconds=5)
    plant.capacity = 0.001
    plant.run(150, seconds=20)
    assert plant.control.limit == TUNING.floor
    plant.capacity = 200
    plant.run(150, seconds=60)
    assert not plant.is_limited()


@settings(max_examples=25, deadline=None)
@given(
    capacity=st.integers(30, 120),
    waves=st.lists(st.tuples(st.floats(0, 4), st.floats(0.5, 5)), min_size=1, max_size=3),
)
def test_whatever_comes_the_queue_is_bounded_and_calm_brings_everything_back(
    capacity: int, waves: list[tuple[float, float]]
) -> None:
    plant = Plant(capacity)
    for times_the_capacity, seconds in waves:
        plant.run(times_the_capacity * capacity, seconds)
        assert max(plant.delays, default=0.0) < 4.0
        assert plant.control.limit is None or plant.control.limit >= TUNING.floor
    plant.run(0.2 * capacity, seconds=40)
    assert not plant.is_limited()
    assert max(plant.delays[-10:]) <= TUNING.target


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 10**6), st.floats(0, 1e6)), max_size=30))
def test_no_measurement_makes_a_limit_below_the_floor(measured: list[tuple[float, int, float]]) -> None:
    control, now = OverloadControl(TUNING), 0.0
    for delay, begun, passed in measured:
        now += passed
        limit = control.observe(delay=delay, begun=begun, now=now)
        assert limit is None or limit >= TUNING.floor
