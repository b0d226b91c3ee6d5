"""A fault anywhere between a call and its relay ends that call alone, is logged, and leaves nothing at the relay."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import CodeType

import pytest

from domain.calls import SERIAL
from sip_engine.planting import PlantedError, Planter, Survey, name_of
from sip_engine.relayed import Relayed, in_loop, relayed
from twoleg.domain.call import Call

BESIDE = 120
DOORS = {
    "adapters.media.errands.Errands._run": "the guard itself",
    "adapters.media.errands.Errands.is_closed": "looks at a flag",
}
"""What stands outside of every guard and may do nothing but hand on; all else of the media's is planted."""


_A_TURN_MS = 100
"""What falls on one instant may come in another order than before, a turn of the network later."""


def notices_nothing(call: Call, same: Call) -> bool:
    """Whether it went as it did in the world without faults."""
    assert call.ended_at is not None
    assert same.ended_at is not None
    return outcome(call) == outcome(same) and abs(call.ended_at - same.ended_at) <= _A_TURN_MS


def outcome(call: Call) -> tuple[object, ...]:
    legs = [(leg.sip_status, leg.cause, leg.ended_by, leg.answered_at is None) for leg in (call.agent, call.customer)]
    return (call.serial, call.reason, call.cause, call.talking_at is None, *legs)


async def handlers(folder: Path) -> list[CodeType]:
    """Everything of the media's that runs for calls of every kind, in the order of its first use."""
    with relayed(folder) as some:
        some.place(100, step=9)
        with Survey(some.others()) as survey:
            await some.run(300)
    return [code for code in survey.found if name_of(code).startswith("adapters.media.") and name_of(code) not in DOORS]


async def undisturbed(folder: Path, calls: int) -> list[Call]:
    with relayed(folder) as quiet:
        quiet.place(calls)
        await quiet.run(calls / 10 + 300)
        assert (quiet.faults(), quiet.left()) == ([], {})
        return quiet.calls()


async def disturbed(folder: Path, calls: int, codes: list[CodeType]) -> tuple[Relayed, Planter, list[str]]:
    with relayed(folder) as hit:
        hit.place(calls)
        planter, network = Planter(hit.others()), hit.world.network
        network.escaped = []
        for at, code in enumerate(codes):
            network.at(network.now + 2 + at / 4, partial(planter.plant, code))
        for at in range(calls * 2):
            network.at(network.now + at / 20, planter.look)
        try:
            await hit.run(calls / 10 + 900)
        finally:
            never = list(planter.close())
        assert (network.escaped, hit.left()) == ([], {})
        return hit, planter, never


@pytest.mark.slow
def test_a_fault_in_any_handler_of_media_ends_at_most_its_own_call_and_leaves_nothing_at_a_relay(
    tmp_path: Path,
) -> None:
    codes = in_loop(handlers(tmp_path))
    calls = BESIDE + len(codes)

    before = in_loop(undisturbed(tmp_path, calls))
    hit, planter, never = in_loop(disturbed(tmp_path, calls, codes))

    after = hit.calls()
    assert [call.serial for call in after] == [SERIAL + number for number in range(calls)]
    broken = [call for call, same in zip(after, before, strict=True) if call.reason != same.reason]
    assert len(planter.planted) >= 100, never
    assert len([call for call, same in zip(after, before, strict=True) if notices_nothing(call, same)]) >= BESIDE
    assert len(broken) <= len(planter.planted)
    assert not [call for call in after if call.reason is None or call.cause is None]
    assert set(planter.planted) - {str(fault) for fault in hit.faults() if isinstance(fault, PlantedError)} == set()
