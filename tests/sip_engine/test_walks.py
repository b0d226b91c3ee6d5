"""Walks: carriers of every mood behind a bad network. Every call ends, with a reason; no room, leg or timer is left."""

from __future__ import annotations

import random

import pytest

from domain.calls import SERIAL
from sip.network import bad
from sip_engine.world import LIMITS, Carrier, Habit, World, answers, refuses, rings, trunk
from twoleg.domain.call import Phase
from twoleg.domain.effects import Timer
from twoleg.domain.trunk import HealthCheck
from twoleg.sip.events import LegId
from twoleg.sip.message import Request

CALLS = 12
SHORT = LIMITS | {Timer.QUEUE: 40.0, Timer.RING_AGENT: 12.0, Timer.RING_CUSTOMER: 12.0, Timer.TALK: 60.0}


def sleeps(_carrier: Carrier, _leg: LegId, _request: Request) -> None:
    """Says 100 by itself, and nothing else."""


def moody(chance: random.Random) -> Habit:
    """Does something else for each call."""
    moods: list[Habit] = [
        answers(after=0.3),
        answers(after=3.0),
        answers(after=11.8),
        rings,
        sleeps,
        refuses(486, after=0.2),
        refuses(503),
        refuses(503, ("Retry-After", "5")),
        refuses(500, ("Reason", "Q.850;cause=34")),
        refuses(404),
    ]

    def habit(carrier: Carrier, leg: LegId, request: Request) -> None:
        chance.choice(moods)(carrier, leg, request)
        if chance.random() < 0.3:
            carrier.later(chance.random() * 20, lambda: carrier.ua.release(leg, now=carrier.now))

    return habit


def walk(seed: int, *, loss: float) -> World:
    chance = random.Random(seed)
    checked = HealthCheck(every=8.0, failures=2, successes=1)
    world = World(
        trunk("first", 5071, channels=6, calls_per_second=5, health=checked),
        trunk("second", 5072, priority=1, channels=6),
        trunk("silent", 5073, priority=chance.choice([0, 1, 2]), patience=2.0),
        fate=bad(seed=seed, loss=loss, doubling=0.1, jitter=0.2),
        limits=SHORT,
    )
    carriers = [world.carrier(port, moody(chance)) for port in (5071, 5072)]
    for offset in range(CALLS):
        world.place(offset=offset, agent=f"1{offset:03}", customer=f"2{offset:03}")
        world.run(chance.random())
    world.run(200)
    for carrier in carriers:
        carrier.hang_up()
    world.run(100)
    return world


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("seed", range(8))
def test_every_call_ends_with_a_reason_and_leaves_nothing(seed: int, loss: float) -> None:
    world = walk(seed, loss=loss)
    assert (world.faults, world.log.faults) == ([], [])
    for offset in range(CALLS):
        call = world.call(SERIAL + offset)
        assert call.phase is Phase.ENDED
        assert call.reason is not None
        for leg in (call.agent, call.customer):
            assert leg.dialled_at is None or leg.released_at is not None
            assert [each.number for each in leg.attempts] == list(range(1, len(leg.attempts) + 1))
            assert all(each.ended_at is not None for each in leg.attempts[:-1])
    assert world.is_clean()
