"""What the engine keeps of a call that is over: nothing, and at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from sip_engine.world import World, answers, trunk
from twoleg.adapters.sip_engine.legs import EngineCall


@pytest.fixture(autouse=True)
def _no_search_for_garbage() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_call_that_is_over_leaves_no_circle_for_the_garbage_collector() -> None:
    before = kept_calls()
    world = World(trunk("carrier", 5070))
    carrier = world.carrier(5070, answers())
    world.place()
    world.run(5)

    assert kept_calls() == before + 1
    carrier.hang_up()
    world.run(5)
    assert world.is_clean()
    assert kept_calls() == before


def kept_calls() -> int:
    return sum(isinstance(each, EngineCall) for each in gc.get_objects())
