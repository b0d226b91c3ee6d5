"""What the engine keeps of a call that is over: nothing, and at once."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from sip_engine.crowd import Crowd
from sip_engine.world import World, answers, trunk
from twoleg.adapters.sip_engine.legs import EngineCall

ROOMS = ("twoleg.application", "twoleg.adapters.sip_engine", "twoleg.adapters.media", "twoleg.sip.", "twoleg.domain.")


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


def test_calls_of_every_kind_that_are_over_leave_as_many_objects_as_there_were() -> None:
    """But for what the SIP core remembers of texts that come again, which is bounded, and is no object of a call."""
    crowd = Crowd()
    crowd.play(0, 50)
    before = kept_objects()
    crowd.play(50, 100)

    assert crowd.left() == {}
    assert kept_objects() - before == Counter()


def kept_objects() -> Counter[str]:
    """Of our code that handles calls, by type."""
    gc.collect()
    types = (type(each) for each in gc.get_objects())
    return Counter(kind.__qualname__ for kind in types if str(kind.__module__).startswith(ROOMS))
