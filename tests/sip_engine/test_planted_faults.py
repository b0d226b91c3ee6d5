"""A fault in one handler ends the one call that it was handled for; the calls beside it do not notice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any

import pytest

from domain.calls import SERIAL
from sip_engine.crowd import Crowd
from sip_engine.planting import PlantedError, Planter, Survey, name_of
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


BESIDE = 1000
_FED = "hands on to the guard that takes a transaction that raised out of the tables"
DOORS = {
    "adapters.sip_engine.engine.SipCallEngine.heard": "the guard itself; the driver logs what leaves it",
    "adapters.sip_engine.guard.Guard.do": "the guard itself",
    "application.conductor.Conductor.admit": "offered again by the next look at the store",
    "application.conductor.Conductor.signal": "the guard itself",
    "application.conductor.Conductor.signal.<locals>.<lambda>": "hands on to _durable",
    "application.conductor.Conductor._arm.<locals>.<lambda>": "hands on to signal",
    "application.conductor.Conductor._durable": "counts a step, then only guarded work",
    "application.late_steps.LateSteps.take": "takes out of a dictionary",
    "application.conductor.Conductor._drop_if_over": "looks whether all is over, then only guarded work",
    "application.conductor.Conductor._is_forgotten": "the guard itself",
    "sip.user_agent.UserAgent.receive": "hands on to the guard",
    "sip.user_agent.UserAgent.fire_timers": "hands on to the guard",
    "sip.user_agent.UserAgent._guard": "the guard itself",
    "sip.deadlines.Deadlines.pop_due": "pops a heap, before it is known whose deadline it was",
    "sip.deadlines.Deadlines.next": "looks at a heap",
    "sip.transaction_client.ClientTransaction._feed": "that guard",
    "sip.transaction_server.ServerTransaction._feed": "that guard",
    "sip.transaction_client.ClientTransaction._retransmit_due": _FED,
    "sip.transaction_client.ClientTransaction._give_up_due": _FED,
    "sip.transaction_client.ClientTransaction._linger_over": _FED,
    "sip.transaction_server.ServerTransaction._retransmit_due": _FED,
    "sip.transaction_server.ServerTransaction._give_up_due": _FED,
    "sip.transaction_server.ServerTransaction._linger_over": _FED,
    "sip.user_agent.UserAgent.next_deadline": "looks at a heap",
    "sip.user_agent.UserAgent.take_output": "hands over a list",
    "sip.user_agent.UserAgent.take_events": "hands over a list",
}
"""What stands outside of every guard and may do nothing but hand on; all else that runs for a call is planted."""


def crowd(calls: int) -> Crowd:
    """Calls of every kind, one after the other."""
    made = Crowd()
    made.place(calls)
    return made


def handlers() -> list[CodeType]:
    """Everything of ours that runs for calls of every kind, in the order of its first use."""
    some = Crowd()
    some.place_samples()
    with Survey(some.others()) as survey:
        some.world.run(300)
    return [code for code in survey.found if name_of(code) not in DOORS]


def told(world: World) -> set[str]:
    """Where the faults were, as log lines say."""
    lines = [*world.faults, *[error for _, error in world.log.faults], *world.shell.faults]
    return {str(fault) for fault in lines if isinstance(fault, PlantedError)}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_fault_in_any_handler_ends_at_most_its_own_call_and_a_thousand_beside_it_do_not_notice() -> None:
    """Long, for it is two runs of 1,450 calls, one of them traced: as many as there are handlers, and a thousand."""
    codes = handlers()
    calls = BESIDE + len(codes)
    quiet, hit = crowd(calls), crowd(calls)
    quiet.world.run(calls / 10 + 300)
    world = hit.world
    planter, world.network.escaped = Planter(hit.others()), []
    for at, code in enumerate(codes):
        world.network.at(world.network.now + 2 + at / 4, partial(planter.plant, code))
    for at in range(calls * 2):
        world.network.at(world.network.now + at / 20, planter.look)
    try:
        world.run(calls / 10 + 900)
    finally:
        never = list(planter.close())

    before = [quiet.world.call(SERIAL + number) for number in range(calls)]
    after = [world.call(SERIAL + number) for number in range(calls)]
    beside = [call for call, same in zip(after, before, strict=True) if call == same]
    broken = [call for call, same in zip(after, before, strict=True) if call.reason != same.reason]
    assert len(planter.planted) >= 400, never
    assert world.network.escaped == []
    assert len(beside) >= BESIDE
    assert len(broken) <= len(planter.planted)
    assert not [call for call in after if call.reason is None or call.cause is None]
    assert set(planter.planted) - told(world) == set(), "faults without a log line"
    assert (quiet.left(), hit.left()) == ({}, {})
