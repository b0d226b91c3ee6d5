"""Channels and calls per second: no agent is rung for a customer who cannot be dialled, nobody is overtaken."""

from __future__ import annotations

from domain.calls import SERIAL
from sip_engine.world import LIMITS, Carrier, World, answers, refuses, rings, trunk
from twoleg.domain.call import Phase
from twoleg.domain.effects import Timer
from twoleg.domain.reasons import Reason
from twoleg.domain.trunk import HealthCheck
from twoleg.sip.events import LegId
from twoleg.sip.message import Request

AGENTS = trunk("agents", 5070, prefixes=("1",))


def phases(world: World, count: int) -> list[Phase]:
    return [world.call(SERIAL + offset).phase for offset in range(count)]


def place(world: World, count: int) -> None:
    for offset in range(count):
        world.place(offset=offset, agent=f"1{offset:03}", customer=f"2{offset:03}")


def test_the_third_call_waits_in_state_0_and_goes_on_when_the_first_ends() -> None:
    world = World(AGENTS, trunk("carrier", 5071, prefixes=("2",), channels=2))
    agents, carrier = world.carrier(5070, answers()), world.carrier(5071, answers())
    place(world, 3)
    world.run(5)
    assert phases(world, 3) == [Phase.TALKING, Phase.TALKING, Phase.QUEUED]
    assert agents.dialled == ["1000", "1001"]
    carrier.ua.release(min(carrier.live), now=carrier.now)
    world.run(5)
    assert phases(world, 3) == [Phase.ENDED, Phase.TALKING, Phase.TALKING]
    carrier.hang_up()
    world.run(60)
    assert world.is_clean()


def test_who_waits_too_long_for_a_channel_ends_with_1005() -> None:
    world = World(AGENTS, trunk("carrier", 5071, prefixes=("2",), channels=1), limits=LIMITS | {Timer.QUEUE: 3.0})
    agents = world.carrier(5070, answers())
    world.carrier(5071, answers())
    place(world, 2)
    world.run(10)
    assert phases(world, 2) == [Phase.TALKING, Phase.ENDED]
    assert world.call(SERIAL + 1).reason is Reason.QUEUE_EXPIRED
    assert agents.dialled == ["1000"]


def test_a_call_that_needs_the_one_channel_of_a_trunk_twice_ends_at_once_with_its_cause() -> None:
    world = World(trunk("carrier", 5071, channels=1))
    carrier = world.carrier(5071, answers())
    place(world, 1)
    call = world.call()
    assert (call.phase, call.reason, call.cause) == (Phase.ENDED, Reason.NOT_DIALLED, 34)
    assert call.customer.cause == 34
    assert carrier.dialled == []
    assert world.is_clean()


def test_the_one_channel_of_a_trunk_is_waited_for_where_another_trunk_takes_the_other_phone() -> None:
    down = trunk("other", 5072, health=HealthCheck(every=5.0, failures=1))
    world = World(trunk("carrier", 5071, channels=1), down, limits=LIMITS | {Timer.QUEUE: 20.0})
    world.carrier(5071, answers())
    world.run(60)
    place(world, 1)
    assert phases(world, 1) == [Phase.QUEUED]
    world.run(60)
    assert world.call().reason is Reason.QUEUE_EXPIRED


def test_a_failed_leg_gives_its_channel_back() -> None:
    world = World(AGENTS, trunk("carrier", 5071, prefixes=("2",), channels=1))
    world.carrier(5070, answers(after=0.1))
    carrier = world.carrier(5071, refuses(486))
    place(world, 5)
    world.run(10)
    assert phases(world, 5) == [Phase.ENDED] * 5
    assert carrier.dialled == ["2000", "2001", "2002", "2003", "2004"]
    assert world.is_clean()


def test_a_customer_that_is_never_dialled_gives_the_channel_back_at_once() -> None:
    world = World(AGENTS, trunk("carrier", 5071, prefixes=("2",), channels=1))
    world.carrier(5070, rings)
    world.carrier(5071, answers())
    place(world, 2)
    world.run(29)
    assert phases(world, 2) == [Phase.CALLING_AGENT, Phase.QUEUED]
    world.run(1.5)
    assert phases(world, 2) == [Phase.ENDED, Phase.CALLING_AGENT]


def test_a_full_trunk_keeps_nobody_from_another() -> None:
    full = trunk("full", 5071, prefixes=("2",), channels=1)
    world = World(AGENTS, full, trunk("free", 5072, prefixes=("3",)))
    for port in (5070, 5071, 5072):
        world.carrier(port, answers())
    place(world, 3)
    world.place(offset=3, agent="1900", customer="3000")
    world.run(4)
    assert phases(world, 4) == [Phase.TALKING, Phase.QUEUED, Phase.QUEUED, Phase.TALKING]


def test_what_the_first_trunk_has_no_channel_for_goes_by_the_second() -> None:
    world = World(AGENTS, trunk("main", 5071, channels=1), trunk("spare", 5072, priority=1))
    world.carrier(5070, answers())
    main, spare = world.carrier(5071, answers()), world.carrier(5072, answers())
    place(world, 3)
    world.run(4)
    assert phases(world, 3) == [Phase.TALKING] * 3
    assert (main.dialled, spare.dialled) == (["2000"], ["2001", "2002"])


def test_failover_goes_past_a_trunk_without_room() -> None:
    first = trunk("first", 5071, prefixes=("2",))
    world = World(
        AGENTS,
        first,
        trunk("full", 5072, prefixes=("2",), priority=1, channels=1),
        trunk("third", 5073, prefixes=("2",), priority=2),
    )
    world.carrier(5070, answers())
    world.carrier(5071, refuses(503))
    full, third = world.carrier(5072, answers()), world.carrier(5073, answers())
    place(world, 2)
    world.run(5)
    assert phases(world, 2) == [Phase.TALKING] * 2
    assert (len(full.dialled), len(third.dialled)) == (1, 1)
    full.hang_up()
    third.hang_up()
    world.run(60)
    assert world.is_clean()


def test_a_trunk_sees_no_more_invites_a_second_than_it_allows() -> None:
    world = World(AGENTS, trunk("carrier", 5071, prefixes=("2",), calls_per_second=4))
    agents, carrier = world.carrier(5070, answers(after=0.5)), world.carrier(5071, answers(after=0.5))
    place(world, 12)
    world.run(0.1)
    assert len(agents.dialled) == 1
    world.run(10)
    assert phases(world, 12) == [Phase.TALKING] * 12
    assert carrier.dialled == [f"2{offset:03}" for offset in range(12)]
    gaps = [later - earlier for earlier, later in zip(carrier.times, carrier.times[1:], strict=False)]
    assert min(gaps) >= 0.249
    assert max(gaps) < 0.30


def test_agents_that_answer_all_at_once_do_not_burst_the_carriers_rate() -> None:
    world = World(AGENTS, trunk("carrier", 5071, prefixes=("2",), calls_per_second=2))
    begun = world.network.now

    def answers_at_ten(carrier: Carrier, leg: LegId, request: Request) -> None:
        answers(after=begun + 10 - carrier.now)(carrier, leg, request)

    world.carrier(5070, answers_at_ten)
    carrier = world.carrier(5071, answers())
    place(world, 8)
    world.run(20)
    assert phases(world, 8) == [Phase.TALKING] * 8
    gaps = [later - earlier for earlier, later in zip(carrier.times, carrier.times[1:], strict=False)]
    assert min(gaps) >= 0.499
    assert carrier.times[0] < begun + 10.1


def test_a_trunk_of_another_tenant_is_no_way_out() -> None:
    world = World(AGENTS, trunk("theirs", 5071, prefixes=("2",), tenants=frozenset({"t2"})))
    agents = world.carrier(5070, answers())
    world.place()
    world.run(1)
    assert (world.call().reason, world.call().cause, agents.dialled) == (Reason.NOT_DIALLED, 3, [])
    world.place(offset=1, tenant_id="t2")
    world.run(1)
    assert world.call(SERIAL + 1).phase is Phase.CALLING_AGENT


def test_hundreds_of_waiting_calls_all_get_their_turn() -> None:
    world = World(trunk("carrier", 5071, channels=20, calls_per_second=200), limits=LIMITS | {Timer.QUEUE: 900.0})
    carrier = world.carrier(5071, refuses(486))
    place(world, 300)
    world.run(60)
    assert phases(world, 300) == [Phase.ENDED] * 300
    assert carrier.dialled == [f"1{offset:03}" for offset in range(300)]
    assert world.is_clean()
