"""The whole engine between two bad networks: whatever is lost, doubled, late or out of order, every call ends."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from domain.calls import SERIAL
from sip.network import bad, has_ended
from sip_engine.agreement import Verdict, agreement
from sip_engine.world import EPOCH, LIMITS, Carrier, World, trunk
from twoleg.domain.call import Phase
from twoleg.domain.effects import Timer
from twoleg.domain.reasons import Reason
from twoleg.sip.events import LegId
from twoleg.sip.message import Request
from twoleg.sip.uri import SipUri

LIMITS_OF_CALLS = {**LIMITS, Timer.QUEUE: 600.0, Timer.TALK: 60.0}
EVERY = 0.05
"""Seconds between two calls."""


def mixed(carrier: Carrier, leg: LegId, request: Request) -> None:
    """What a phone does depends on the last digit of its number."""
    digit = int((SipUri.parse(request.uri).user or "0")[-1])
    ua = carrier.ua
    if digit == 0:
        carrier.later(0.3, lambda: carrier.refuse(leg, 486))
        return
    if digit != 1:
        ua.ring(leg, now=carrier.now)
    if digit != 2:  # 2 rings for good
        carrier.later(digit / 4, lambda: carrier.accept(leg))
    if digit in (3, 4, 5):
        carrier.later(digit * 3, lambda: carrier.hang_up_leg(leg))
    if digit in (6, 7):
        carrier.later(digit * 2, lambda: reoffer(carrier, leg))


def reoffer(carrier: Carrier, leg: LegId) -> None:
    if leg in carrier.live and leg not in carrier.ringing:
        carrier.ua.reinvite(leg, body=None, now=carrier.now)


def through(loss: float, *, calls: int, seed: int) -> tuple[World, Carrier]:
    world = World(trunk("a", 5070), fate=bad(seed=seed, loss=loss, doubling=0.1, jitter=0.2), limits=LIMITS_OF_CALLS)
    carrier = world.carrier(5070, mixed)
    for number in range(calls):
        agent, customer = f"10{1 + number % 9}", f"20{number // 9 % 10}"
        place = partial(world.place, offset=number, agent=agent, customer=customer)
        world.network.at(world.network.now + number * EVERY, place)
    world.run(calls * EVERY + 600)
    return world, carrier


def check(world: World, carrier: Carrier, calls: int) -> Counter[Reason | None]:
    """Every call ended with a reason and a cause, and no end of it is left on either side."""
    assert carrier.live == set()
    assert has_ended(carrier.ua)
    return check_ours(world, calls)


def check_ours(world: World, calls: int) -> Counter[Reason | None]:
    ended = [world.call(SERIAL + number) for number in range(calls)]
    assert {call.phase for call in ended} == {Phase.ENDED}
    assert not [call for call in ended if call.reason is None or call.cause is None]
    assert not [call for call in ended for leg in (call.agent, call.customer) if leg.is_live]
    assert world.is_clean()
    assert has_ended(world.shell.ua)
    return Counter(call.reason for call in ended)


def agreed(world: World, carrier: Carrier, calls: int) -> Counter[Verdict]:
    records = [world.call(SERIAL + number) for number in range(calls)]
    return agreement(records, carrier.stories.values(), epoch_ms=EPOCH)


def exceptions(verdicts: Counter[Verdict]) -> int:
    return verdicts.total() - verdicts[Verdict.AGREE]


@pytest.mark.parametrize(("loss", "seed"), [(0.0, 1), (0.1, 2), (0.3, 3)])
def test_every_call_ends_with_a_reason_and_leaves_nothing(loss: float, seed: int) -> None:
    world, carrier = through(loss, calls=90, seed=seed)

    reasons = check(world, carrier, 90)

    assert len(reasons) >= 3, reasons


def test_late_doubled_and_reordered_messages_alone_bring_no_phone_and_record_apart() -> None:
    world, carrier = through(0.0, calls=300, seed=6)

    check(world, carrier, 300)
    verdicts = agreed(world, carrier, 300)

    assert set(verdicts) <= {Verdict.AGREE, Verdict.CROSSED, Verdict.ANSWER_CROSSED}, verdicts
    assert exceptions(verdicts) <= 3, verdicts


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "seed", "share"), [(0.1, 4, 0.002), (0.3, 5, 0.03)])
def test_thousands_of_calls_end_with_a_reason_leave_nothing_and_both_sides_agree(
    loss: float, seed: int, share: float
) -> None:
    """`share` of the legs may end in one of the ways in which the protocol cannot bring both sides to one mind."""
    world, carrier = through(loss, calls=1500, seed=seed)

    reasons = check(world, carrier, 1500)
    verdicts = agreed(world, carrier, 1500)

    assert min(reasons[reason] for reason in (Reason.AGENT_HUNG_UP, Reason.CUSTOMER_HUNG_UP)) > 200, reasons
    assert verdicts.total() == 3000
    assert exceptions(verdicts) <= share * 3000, verdicts


@pytest.mark.slow
def test_on_a_network_that_loses_half_every_difference_is_one_that_the_protocol_has_to_allow() -> None:
    """A phone that hears none of eleven BYEs goes on believing, so our side alone has to be clean."""
    world, carrier = through(0.5, calls=600, seed=9)

    check_ours(world, 600)
    verdicts = agreed(world, carrier, 600)

    assert len(carrier.live) <= 3
    assert carrier.live == {leg for leg, story in carrier.stories.items() if story.end is None}
    assert verdicts[Verdict.AGREE] > 1000, verdicts
    assert len(verdicts) >= 6, verdicts
