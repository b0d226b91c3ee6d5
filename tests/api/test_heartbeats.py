"""Heartbeats on a driven clock: one in each turn for everybody, never many at once, and the timer rests with nobody."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from driven_loop import drive
from twoleg.api.native.heartbeats import PLACES, Heartbeats

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 15.0
STEP = EVERY / PLACES


class Beats:
    """Who beat when, in seconds of the loop."""

    def __init__(self) -> None:
        self.at: defaultdict[int, list[float]] = defaultdict(list)

    def of(self, number: int) -> Callable[[], None]:
        return lambda: self.at[number].append(asyncio.get_running_loop().time())


def test_everybody_beats_once_in_every_turn_and_for_the_first_time_within_one() -> None:
    async def story() -> None:
        beats, wheel = Beats(), Heartbeats(EVERY)
        began = asyncio.get_running_loop().time()
        for number in range(40):
            wheel.join(beats.of(number))
            await asyncio.sleep(0.3)
        joined = {number: began + 0.3 * number for number in range(40)}
        await asyncio.sleep(10 * EVERY)

        for number, at in beats.at.items():
            assert at[0] - joined[number] <= EVERY + STEP
            assert all(abs(later - earlier - EVERY) <= STEP for earlier, later in pairwise(at))
        assert len(beats.at) == 40

    drive(story(), has_sockets=False)


def test_ten_thousand_that_came_at_once_beat_a_few_at_a_time() -> None:
    async def story() -> None:
        beats, wheel = Beats(), Heartbeats(EVERY)
        for number in range(10_000):
            wheel.join(beats.of(number))
        await asyncio.sleep(EVERY + STEP)

        at_once = Counter(round(at / STEP) for times in beats.at.values() for at in times[:1])
        assert len(beats.at) == 10_000
        assert max(at_once.values()) <= 7

    drive(story(), has_sockets=False)


def test_few_lie_far_apart() -> None:
    """Whatever their number is: no two of fifty nearer than a quarter of an even share."""

    async def story() -> None:
        wheel = Heartbeats(EVERY)
        places: list[int] = []
        for number in range(50):
            places.append(wheel.join(Beats().of(number)))
            ring = sorted(places)
            gaps = [(after - before) % PLACES for before, after in zip(ring, [*ring[1:], ring[0]], strict=True)]
            assert len(ring) == 1 or min(gaps) >= PLACES / len(ring) / 4

    drive(story(), has_sockets=False)


def test_a_wheel_that_is_late_lets_others_have_their_turn_between_two_places() -> None:
    async def story() -> None:
        beats, wheel = Beats(), Heartbeats(EVERY)
        for number in range(PLACES):
            wheel.join(beats.of(number))
        late = asyncio.get_running_loop().time() + 5.0
        asyncio.get_running_loop().call_later(0.02, lambda: _hold_up(5.0))
        turns = 0
        while asyncio.get_running_loop().time() < late + 1.0:
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 300
        await asyncio.sleep(EVERY)

        assert all(len(at) >= 1 for at in beats.at.values())
        assert len(beats.at) == PLACES

    drive(story(), has_sockets=False)


def _hold_up(seconds: float) -> None:
    """The loop is busy with something else for so long."""
    loop = asyncio.get_running_loop()
    loop._jumping.now += seconds  # type: ignore[attr-defined]  # the driven loop's clock


def test_who_left_beats_no_more_and_without_anybody_the_timer_rests() -> None:
    async def story() -> None:
        beats, wheel = Beats(), Heartbeats(EVERY)
        beat = beats.of(1)
        place = wheel.join(beat)
        await asyncio.sleep(2 * EVERY)
        wheel.leave(place, beat)
        wheel.leave(place, beat)
        beaten = len(beats.at[1])
        await asyncio.sleep(STEP * 2)
        assert wheel._timer is None
        await asyncio.sleep(10 * EVERY)
        assert (len(beats.at[1]), beaten) == (beaten, 2)

        wheel.join(beat)
        await asyncio.sleep(EVERY + STEP)
        assert len(beats.at[1]) == beaten + 1

    drive(story(), has_sockets=False)
