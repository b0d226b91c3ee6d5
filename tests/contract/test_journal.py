"""CallJournal: the conductor's steps become durable, in order, and come back whole."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0, WAY, a_call
from patience import eventually_async
from twoleg.domain import signals as s
from twoleg.domain.call import Attempt, Phase, Role
from twoleg.domain.values import replace

pytestmark = pytest.mark.asyncio

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
BUSY = s.WireFacts(sip_status=486, sip_reason='Q.850;cause=17;text="User busy", SIP;cause=486', cause=17)

TRIED = (
    Attempt(
        number=1,
        trunk="a",
        peer="udp:192.0.2.1:5060",
        dialled="+4930",
        shown="640003",
        started_at=T0,
        ended_at=T0 + 4,
        sip_status=503,
        sip_reason='Q.850;cause=34;text="full"',
        cause=34,
    ),
    Attempt(number=2, trunk="b", peer=None, dialled="0030", shown="640003", started_at=T0 + 4),
)
LIVES: dict[str, tuple[s.Signal, ...]] = {
    "talked, customer hung up": (
        s.Start(),
        s.LegRinging(AGENT),
        s.LegAnswered(AGENT),
        s.LegRinging(CUSTOMER),
        s.LegEarlyMedia(CUSTOMER),
        s.LegAnswered(CUSTOMER),
        s.Bridged(),
        s.LegHungUp(CUSTOMER, s.WireFacts(sip_reason="Q.850;cause=16", cause=16)),
        s.LegReleased(AGENT),
        s.LegReleased(CUSTOMER),
    ),
    "customer busy": (s.Start(), s.LegAnswered(AGENT), s.LegFailed(CUSTOMER, BUSY)),
    "agent never answered, last words": (
        s.Start(),
        s.LegRinging(AGENT),
        s.RingTimeout(AGENT),
        s.LegReleased(AGENT, s.WireFacts(sip_status=487)),
    ),
    "tried elsewhere, then ringing": (
        s.Start(),
        s.LegAttemptFailed(AGENT, TRIED[0], s.WireFacts(sip_status=503, cause=41), "full"),
        s.LegRinging(AGENT, TRIED[1]),
        s.LegAnswered(AGENT, replace(TRIED[1], ended_at=T0 + 9, sip_status=200)),
        s.LegFailed(CUSTOMER, BUSY, replace(TRIED[0], number=1, sip_status=486, cause=17)),
        s.LegReleased(AGENT),
    ),
    "not dialled": (s.LegRefused(AGENT, cause=3, detail="no trunk has a prefix of 88889050"),),
    "queued too long": (s.QueueExpired(),),
    "hung up by request": (s.Start(), s.LegAnswered(AGENT), s.HangUpRequested()),
    "engine lost": (s.Start(), s.LegAnswered(AGENT), s.LegAnswered(CUSTOMER), s.EngineLost()),
}


async def test_a_step_is_readable_when_it_is_said_to_be_durable(world: World) -> None:
    journal, reader = world.store.journal(asyncio.get_running_loop()), world.store.reader()
    await placed(world, a_call())
    seen: list[int] = []

    def look() -> None:
        status = reader.status(a_call().serial, TENANT)
        assert status is not None
        seen.append(status.phase)

    told = Told(journal, a_call())
    for signal in WAY[Phase.ENDED]:
        told.tell(signal, then=look)
        await journal.drained()

    assert seen == [Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER, Phase.TALKING, Phase.ENDED]


@pytest.mark.parametrize("life", LIVES)
async def test_the_whole_call_comes_back_after_every_step_and_a_restart(world: World, life: str) -> None:
    journal, reader = world.store.journal(asyncio.get_running_loop()), world.store.reader()
    await placed(world, a_call())
    told = Told(journal, a_call())

    for signal in LIVES[life]:
        told.tell(signal)
        await journal.drained()
        assert reader.call(told.call.serial) == told.call

    world.reopen()
    assert world.store.reader().call(told.call.serial) == told.call


@pytest.mark.parametrize("life", LIVES)
async def test_steps_that_share_a_transaction_come_back_like_single_ones(world: World, life: str) -> None:
    journal, reader = world.store.journal(asyncio.get_running_loop()), world.store.reader()
    await placed(world, a_call())
    told = Told(journal, a_call())

    told.tell(*LIVES[life])
    await journal.drained()

    assert reader.call(told.call.serial) == told.call


async def test_callbacks_run_on_the_loop_in_order_and_once(world: World) -> None:
    journal = world.store.journal(asyncio.get_running_loop())
    calls = [numbered(serial) for serial in range(1, 101)]
    await placed(world, *calls)
    order: list[tuple[int, int]] = []
    threads: set[int] = set()

    def note(place: int, serial: int) -> None:
        order.append((place, serial))
        threads.add(threading.get_ident())

    told = [Told(journal, call) for call in calls]
    for place, signal in enumerate(WAY[Phase.ENDED]):
        for one in told:
            one.tell(signal, then=partial(note, place, one.call.serial))
    await journal.drained()

    assert order == [(place, call.serial) for place in range(4) for call in calls]
    assert threads == {threading.get_ident()}


async def test_append_does_not_call_back_before_it_returned(world: World) -> None:
    journal = world.store.journal(asyncio.get_running_loop())
    await placed(world, a_call())
    told = Told(journal, a_call())

    told.tell(s.Start())

    assert told.durable == []
    await journal.drained()
    assert told.durable == [told.call]


async def test_a_callback_that_raises_does_not_silence_the_next(world: World) -> None:
    loop = asyncio.get_running_loop()
    raised: list[dict[str, Any]] = []
    nothing_there: list[None] = []
    loop.set_exception_handler(lambda _, context: raised.append(context))
    journal = world.store.journal(loop)
    await placed(world, numbered(1), numbered(2))
    first, second = Told(journal, numbered(1)), Told(journal, numbered(2))

    first.tell(s.Start(), then=nothing_there.pop)
    second.tell(s.Start())
    await journal.drained()

    assert second.durable == [second.call]
    assert [context["exception"].__class__ for context in raised] == [IndexError]


async def test_queued_lists_only_what_waits_oldest_first(world: World) -> None:
    journal = world.store.journal(asyncio.get_running_loop())
    await placed(world, numbered(3), numbered(1), numbered(2))

    Told(journal, numbered(2)).tell(s.Start())
    await journal.drained()

    assert list(journal.queued()) == [numbered(1), numbered(3)]
    assert list(journal.queued({numbered(1).serial, 7})) == [numbered(3)]


async def test_live_lists_what_was_dialled_and_has_not_ended(world: World) -> None:
    journal = world.store.journal(asyncio.get_running_loop())
    calls = {phase: numbered(serial) for serial, phase in enumerate(Phase, start=1)}
    await placed(world, *calls.values())
    led = {phase: Told(journal, call).tell(*WAY[phase]) for phase, call in calls.items()}
    await journal.drained()

    world.reopen()

    found = list(world.store.journal(asyncio.get_running_loop()).live())
    assert found == [led[phase] for phase in (Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER, Phase.TALKING)]


async def test_in_trouble_steps_are_kept_in_order_and_told_afterwards(world: World) -> None:
    journal, reader = world.store.journal(asyncio.get_running_loop()), world.store.reader()
    await placed(world, a_call(), numbered(1))
    told, other = Told(journal, a_call()), Told(journal, numbered(1))
    told.tell(s.Start())
    await journal.drained()

    with world.trouble():
        told.tell(*WAY[Phase.ENDED][1:3])
        other.tell(s.Start())
        drained = asyncio.ensure_future(journal.drained())
        done, _ = await asyncio.wait([drained], timeout=0.1)
        assert not done
        assert (len(told.durable), other.durable) == (1, [])
        told.tell(*WAY[Phase.ENDED][3:])
    await asyncio.wait_for(drained, timeout=5)
    await journal.drained()

    assert [call.phase for call in told.durable] == [1, 2, 3, 4]
    assert other.durable == [other.call]
    assert [reader.call(told.call.serial), reader.call(1)] == [told.call, other.call]


async def test_what_was_appended_is_durable_when_the_store_was_closed(world: World) -> None:
    await placed(world, a_call())
    told = Told(world.store.journal(asyncio.get_running_loop()), a_call())

    told.tell(*WAY[Phase.TALKING])
    world.reopen()

    assert world.store.reader().call(told.call.serial) == told.call


async def test_drained_waits_for_nothing_when_nothing_was_appended(world: World) -> None:
    await asyncio.wait_for(world.store.journal(asyncio.get_running_loop()).drained(), timeout=5)


async def test_one_process_reads_what_another_wrote(world: World) -> None:
    await placed(world, a_call())
    other = world.opened()
    journal = world.store.journal(asyncio.get_running_loop())
    reader = other.reader()

    told = Told(journal, a_call())
    told.tell(s.Start())
    assert await eventually_async(lambda: told.durable != [])

    assert reader.call(told.call.serial) == told.call
    assert (told.call.started_at or 0) > T0
    other.close()
