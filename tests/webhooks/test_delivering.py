"""Delivering on a driven clock: order, retries, pauses, one receiver beside another; any interleaving of crashes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.worlds import numbered
from domain.calls import T0
from driven_loop import drive
from twoleg.application.deliver_webhooks import LOOK_EVERY
from twoleg.domain.delivery import Outcome, State
from twoleg.domain.events import EventType
from webhooks.lives import ACCEPTED, REFUSED, Fate, World, check_told

if TYPE_CHECKING:
    from random import Random

    from twoleg.application.webhook_ports import Parcel

HOUR = 3600
SERIALS = (1, 2, 3)
TYPES = (EventType.CALL_QUEUED, EventType.AGENT_RINGING, EventType.CALL_TALKING, EventType.CALL_ENDED)


async def until_quiet(world: World, *, hours: float = 48) -> None:
    """In the loop's own time."""
    for _ in range(round(hours * 60)):
        await asyncio.sleep(60)
        if world.is_quiet():
            return
    raise AssertionError(f"never quiet: {world.receivers.seen[-5:]} {world.log.lines[-5:]}")


def told(world: World, *serials: int, events: int = 3) -> None:
    for serial in serials:
        world.call(numbered(serial))
        for seq in range(1, events + 1):
            world.tell(serial, seq)


def test_each_call_is_told_in_order_to_each_endpoint_that_wants_it() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("all")
        world.endpoint("ends", "call.ended")
        told(world, 1, 2)
        world.tell(1, 4, EventType.CALL_ENDED)
        world.start()
        await until_quiet(world)

        receivers = world.receivers
        assert [receivers.accepted("all", serial) for serial in (1, 2)] == [[1, 2, 3, 4], [1, 2, 3]]
        assert [receivers.accepted("ends", serial) for serial in (1, 2)] == [[4], []]
        await world.kill()

    drive(story(), has_sockets=False)


def test_what_happens_later_is_delivered_within_a_tenth_of_a_second() -> None:
    async def story() -> None:
        world = World(look_every=LOOK_EVERY)
        world.endpoint("all")
        world.start()
        await asyncio.sleep(5)
        told(world, 1, events=1)
        before = T0 + 5000
        await until_quiet(world)

        assert 0 <= world.receivers.seen[0].at - before <= 100
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_dead_receiver_is_tried_for_a_day_and_holds_up_nobody() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("dead")
        world.endpoint("sound")
        world.receivers.answer = lambda parcel: REFUSED if "dead" in parcel.delivery.url else ACCEPTED
        world.receivers.seconds = lambda parcel: 15.0 if "dead" in parcel.delivery.url else 0.0
        told(world, *range(1, 21), events=2)
        world.start()
        await asyncio.sleep(1)
        assert [world.receivers.accepted("sound", serial) for serial in range(1, 21)] == [[1, 2]] * 20

        await until_quiet(world)
        of_one = [each for each in world.receivers.seen if (each.endpoint_id, each.serial) == ("dead", 1)]
        assert [each.seq for each in of_one] == sorted(each.seq for each in of_one)
        first = [each.at for each in of_one if each.seq == 1]
        assert 24 * HOUR <= (first[-1] - T0) / 1000 <= 25 * HOUR
        assert 20 <= len(first) <= 50
        assert [each.seq for each in of_one if each.seq == 2] == [2], "its time is over too, but it was tried"
        assert world.receivers.widest["dead"] == 4
        log = world.store.endpoint_book().deliveries("dead", before=None, limit=100)
        assert {each.state for each in log} == {State.EXPIRED}
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_refused_call_holds_up_itself_only() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("all")
        world.receivers.answer = lambda parcel: REFUSED if parcel.delivery.serial == 1 else ACCEPTED
        told(world, 1, 2, 3)
        world.start()
        await asyncio.sleep(60)

        assert [world.receivers.accepted("all", serial) for serial in (1, 2, 3)] == [[], [1, 2, 3], [1, 2, 3]]
        assert {each.seq for each in world.receivers.seen if each.serial == 1} == {1}
        await world.kill()

    drive(story(), has_sockets=False)


def test_gone_disables_the_endpoint_and_what_was_open_is_gone() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("left")
        gone = Outcome(accepted=False, said="410", status=410, gone=True)
        world.receivers.answer = lambda _: gone
        told(world, 1, 2)
        world.start()
        await asyncio.sleep(5)
        tried = len(world.receivers.seen)
        told(world, 3)
        await asyncio.sleep(HOUR)

        assert len(world.receivers.seen) == tried <= 2
        endpoint = world.store.endpoint_book().endpoint("left")
        assert endpoint is not None
        assert endpoint.disabled_why == "it answered 410 Gone"

        world.receivers.answer = lambda _: ACCEPTED
        world.store.endpoint_book().enable("left")
        await until_quiet(world)
        assert world.receivers.accepted("left", 3) == [1, 2, 3]
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_receiver_that_asks_for_time_is_left_alone_altogether() -> None:
    async def story() -> None:
        world = World(width=1)
        world.endpoint("busy")
        answers = iter([Outcome(accepted=False, said="429", status=429, retry_after=600.0)])
        world.receivers.answer = lambda _: next(answers, ACCEPTED)
        told(world, 1, 2, 3, events=1)
        world.start()
        await until_quiet(world)

        first, *rest = (each.at for each in world.receivers.seen)
        assert len(rest) == 3
        assert min(rest) >= first + 600_000
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_rewound_endpoint_is_told_everything_again() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("all")
        told(world, 1, 2)
        world.start()
        await until_quiet(world)
        world.store.endpoint_book().rewind("all", 3)
        await asyncio.sleep(1)
        await until_quiet(world)

        assert [world.receivers.accepted("all", serial) for serial in (1, 2)] == [[1, 2, 3], [1, 2, 3, 1, 2, 3]]
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_removed_endpoint_is_served_no_more() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("all")
        world.start()
        await asyncio.sleep(1)
        world.store.endpoint_book().remove("all")
        told(world, 1)
        await asyncio.sleep(HOUR)

        assert world.receivers.seen == []
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_store_in_trouble_delays_and_loses_nothing_and_delivers_nothing_twice() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("all")
        told(world, 1, 2)
        world.receivers.seconds = lambda _: 2.0
        world.start()
        await asyncio.sleep(1)
        world.store.break_down()
        told(world, 3)
        await asyncio.sleep(60)
        world.store.mend()
        await until_quiet(world)

        assert [world.receivers.accepted("all", serial) for serial in (1, 2, 3)] == [[1, 2, 3]] * 3
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_fault_of_ours_is_logged_and_tried_again() -> None:
    async def story() -> None:
        world = World()
        world.endpoint("all")
        faults = iter([KeyError("planted")])

        def answer(_: Parcel) -> Outcome:
            for fault in faults:
                raise fault
            return ACCEPTED

        world.receivers.answer = answer
        told(world, 1)
        world.start()
        await until_quiet(world)

        assert world.receivers.accepted("all", 1) == [1, 2, 3]
        assert "a webhook could not be sent" in str(world.log.lines)
        await world.kill()

    drive(story(), has_sockets=False)


def test_a_great_number_of_calls_is_delivered_side_by_side() -> None:
    async def story() -> None:
        world = World(width=8)
        world.endpoint("all", "call.ended")
        world.receivers.seconds = lambda _: 0.1
        for serial in range(1, 1201):
            world.call(numbered(serial))
            world.tell(serial, 1, EventType.CALL_ENDED)
        world.start()
        await until_quiet(world)

        assert len(world.receivers.seen) == 1200
        took = world.receivers.seen[-1].at - T0
        assert took < 1200 * 100 / 8 * 1.3
        assert world.receivers.widest["all"] == 8
        await world.kill()

    drive(story(), has_sockets=False)


@pytest.mark.slow
@settings(max_examples=15)
@given(chance=st.randoms(use_true_random=False), crashes=st.floats(0.0, 0.3), failures=st.floats(0.0, 0.7))
def test_for_any_interleaving_of_failures_and_crashes_each_call_comes_in_order_and_whole(
    chance: Random, crashes: float, failures: float
) -> None:
    drive(_crashing_story(chance, crashes=crashes, failures=failures), has_sockets=False)


async def _crashing_story(chance: Random, *, crashes: float, failures: float) -> None:
    world = World(width=3)
    world.endpoint("a")
    world.endpoint("b", "call.*")
    for serial in SERIALS:
        world.call(numbered(serial))
    fate = Fate(chance, crashes=crashes, failures=failures)
    world.receivers.answer = lambda _: fate.answer(world)
    world.receivers.seconds = lambda _: chance.random() * 2
    world.start(may_die=fate.may_die)
    left = {serial: list(enumerate(TYPES, start=1)) for serial in SERIALS}
    while any(left.values()):
        serial = chance.choice([each for each, events in left.items() if events])
        world.tell(serial, *left[serial].pop(0))
        await _live(world, chance.random() * 20, fate)
    await _live_until_quiet(world, fate)
    for serial in SERIALS:
        check_told(world, "a", serial, [1, 2, 3, 4])
        check_told(world, "b", serial, [1, 3, 4])
    await world.kill()


async def _live(world: World, seconds: float, fate: Fate) -> None:
    """That long; a process that died is started again, as the supervisor does."""
    await asyncio.sleep(seconds)
    if world.is_dead:
        await world.kill()
        world.start(may_die=fate.may_die)


async def _live_until_quiet(world: World, fate: Fate) -> None:
    for half_minutes in range(24 * 120):
        if world.is_quiet():
            return
        if half_minutes == 3 * 120:
            fate.relent()
        await _live(world, 30, fate)
    raise AssertionError("never quiet")


@pytest.mark.parametrize("serial", [1])
def test_the_checker_itself_sees_what_is_out_of_order(serial: int) -> None:
    """A test that cannot fail is none."""

    async def story() -> None:
        world = World()
        world.endpoint("a")
        told(world, serial, events=2)
        world.start()
        await until_quiet(world)
        world.receivers.seen.reverse()
        with pytest.raises(AssertionError):
            check_told(world, "a", serial, [1, 2])
        await world.kill()

    drive(story(), has_sockets=False)
