"""A fault in one handler ends the one call that it was handled for; the calls beside it do not notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.calls import SERIAL
from sip_engine.world import Carrier, World, answers, trunk
from twoleg.adapters.media.direct import DirectPath
from twoleg.adapters.sip_engine.engine import SipCallEngine
from twoleg.domain.call import Phase
from twoleg.sip.invite_client import InviteClient
from twoleg.sip.reoffer import Reoffer

CALLS = 40
PLACES = [
    (InviteClient, "_provisional"),
    (InviteClient, "_success"),
    (InviteClient, "_first_success"),
    (Reoffer, "response_received"),
    (Reoffer, "_send"),
    (SipCallEngine, "_progressed"),
    (SipCallEngine, "_renegotiated"),
    (DirectPath, "dial"),
    (DirectPath, "answered"),
    (DirectPath, "bridge"),
]


class PlantedError(Exception):
    """Ours."""


def plant(monkeypatch: pytest.MonkeyPatch, where: type, name: str, nth: int) -> list[int]:
    """Let the n-th call of a method raise; gives the list that counts the calls."""
    real: Callable[..., Any] = getattr(where, name)
    seen: list[int] = []

    def trap(*args: Any, **rest: Any) -> Any:
        seen.append(1)
        if len(seen) == nth:
            raise PlantedError
        return real(*args, **rest)

    monkeypatch.setattr(where, name, trap)
    return seen


@pytest.mark.parametrize(("where", "name"), PLACES, ids=[f"{where.__name__}.{name}" for where, name in PLACES])
def test_a_fault_ends_one_call_with_a_cause_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, where: type, name: str
) -> None:
    seen = plant(monkeypatch, where, name, nth=20)
    world = World(trunk("a", 5070))
    carrier = Carrier(world.network, 5070, answers(after=0.5))
    for number in range(CALLS):
        world.place(offset=number)
    world.run(20)

    assert len(seen) >= 20
    calls = [world.call(SERIAL + number) for number in range(CALLS)]
    ended = [call for call in calls if call.phase is Phase.ENDED]
    assert len(ended) == 1, [call.reason for call in ended]
    assert {call.phase for call in calls if call not in ended} == {Phase.TALKING}
    assert ended[0].cause is not None
    faults = [*world.faults, *[error for _, error in world.log.faults]]
    assert [type(fault) for fault in faults] == [PlantedError]
    world.run(200)
    assert len(carrier.live) == 2 * (CALLS - 1)
