"""Which trunk the INVITEs of a call really go to: weights share them, and a tenant's trunk is no other tenant's."""

from __future__ import annotations

import random

from domain.calls import SERIAL
from sip_engine.world import World, refuses, trunk
from twoleg.bootstrap.trunks import draw as drawn_by_the_service
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.trunk import Draw

CALLS = 400


def a_chance(seed: int) -> Draw:
    chance = random.Random(seed)
    return lambda most: chance.randint(0, most)


def invites(world: World, *ports: int, calls: int = CALLS, tenant_id: str = "t1") -> list[int]:
    """How many INVITEs each carrier got of calls that nobody takes."""
    carriers = [world.carrier(port, refuses(486)) for port in ports]
    for offset in range(calls):
        world.place(offset=offset, tenant_id=tenant_id)
        world.run(0.1)
    world.run(60)
    assert world.is_clean()
    return [len(carrier.invites) for carrier in carriers]


def test_invites_are_shared_by_weight() -> None:
    world = World(trunk("light", 5070, weight=1), trunk("heavy", 5071, weight=3), draw=a_chance(7))
    light, heavy = invites(world, 5070, 5071)
    assert light + heavy == CALLS
    assert 0.70 < heavy / CALLS < 0.80


def test_the_chance_of_the_service_itself_shares_them_too() -> None:
    world = World(trunk("light", 5070, weight=1), trunk("heavy", 5071, weight=3), draw=drawn_by_the_service)
    light, heavy = invites(world, 5070, 5071)
    assert light + heavy == CALLS
    assert 0.60 < heavy / CALLS < 0.90  # beyond either, by chance, once in more than ten thousand million runs


def test_a_trunk_of_no_weight_gets_what_its_equal_has_trouble_with_and_nothing_else() -> None:
    world = World(trunk("spare", 5070, weight=0), trunk("main", 5071, weight=1), draw=a_chance(7))
    assert invites(world, 5070, 5071, calls=50) == [0, 50]
    world = World(trunk("spare", 5070, weight=0), trunk("main", 5071, weight=1), draw=a_chance(7))
    world.carrier(5071, refuses(503))
    assert invites(world, 5070, calls=50) == [50]


def test_calls_of_each_tenant_go_by_its_own_trunks_and_the_shared_ones_alone() -> None:
    world = World(
        trunk("first", 5070, tenants=frozenset({"t1"})),
        trunk("second", 5071, tenants=frozenset({"t2"})),
        trunk("shared", 5072),
        draw=a_chance(3),
    )
    first, second, shared = (world.carrier(port, refuses(486)) for port in (5070, 5071, 5072))
    for offset in range(90):
        world.place(offset=offset, agent=f"1{offset:03}", tenant_id=f"t{offset % 3 + 1}")
        world.run(0.1)
    world.run(60)
    dialled = {carrier.address.port: {int(number[1:]) % 3 for number in carrier.dialled} for carrier in (first, second)}
    assert dialled == {5070: {0}, 5071: {1}}
    assert {int(number[1:]) % 3 for number in shared.dialled} == {0, 1, 2}
    assert len(first.dialled) + len(second.dialled) + len(shared.dialled) == 90
    assert sum(int(number[1:]) % 3 == 2 for number in shared.dialled) == 30


def test_trouble_of_its_own_trunk_does_not_take_a_call_to_another_tenants() -> None:
    world = World(
        trunk("own", 5070, tenants=frozenset({"t1"})), trunk("theirs", 5071, priority=1, tenants=frozenset({"t2"}))
    )
    own, theirs = world.carrier(5070, refuses(503)), world.carrier(5071, refuses(486))
    world.place()
    world.run(60)
    call = world.call(SERIAL)
    assert (call.phase, call.reason, call.agent.sip_status) == (Phase.ENDED, Reason.AGENT_FAILED, 503)
    assert (len(own.invites), theirs.invites) == (1, [])
