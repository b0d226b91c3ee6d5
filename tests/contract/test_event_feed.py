"""EventFeed: what a reader by cursor may rely on, over every store."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0
from twoleg.application.event_feed import BEGINNING
from twoleg.application.ports import Intent
from twoleg.domain.call import Role
from twoleg.domain.events import EventType
from twoleg.domain.signals import HangUpRequested, LegFailed, LegRinging, Start, WireFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twoleg.application.event_feed import EventFeed, Recorded

pytestmark = pytest.mark.asyncio

ALL = 10_000


def places(found: Sequence[Recorded]) -> list[tuple[int, int]]:
    return [(each.event.serial, each.event.seq) for each in found]


async def test_an_empty_log_ends_at_its_beginning(world: World) -> None:
    feed = world.store.event_feed()

    assert feed.newest() == BEGINNING
    assert list(feed.after(BEGINNING, limit=ALL)) == []
    assert feed.newest_of_tenant(TENANT) is None


async def test_an_event_comes_with_its_facts_and_names_its_call(world: World) -> None:
    await placed(world, numbered(1))
    told = Told(world.store.journal(asyncio.get_running_loop()), numbered(1))
    told.tell(Start(), LegFailed(Role.AGENT, WireFacts(486, "SIP;cause=486", 17)))
    await told.journal.drained()

    queued, dialled, ended = world.store.event_feed().of_call(1, after=0, limit=ALL)

    assert (queued.tenant_id, queued.caller, queued.called) == (TENANT, "+491", "+861")
    assert [each.event.type for each in (queued, dialled, ended)] == [
        EventType.CALL_QUEUED,
        EventType.AGENT_DIALLED,
        EventType.CALL_ENDED,
    ]
    assert (ended.event.sip_status, ended.event.sip_reason, ended.event.cause) == (486, "SIP;cause=486", 17)
    assert ended.event.reason == told.call.reason == 2
    assert dialled.event.leg is Role.AGENT
    assert queued.event.at == T0


async def test_each_cursor_goes_on_exactly_behind_what_it_saw(world: World) -> None:
    await placed(world, numbered(1))
    await placed(world, numbered(2, tenant_id="t2"))
    told = Told(world.store.journal(asyncio.get_running_loop()), numbered(1))
    told.tell(Start(), LegRinging(Role.AGENT), HangUpRequested())
    await told.journal.drained()
    feed = world.store.event_feed()

    everything = feed.after(BEGINNING, limit=ALL)
    assert places(everything) == [(1, 1), (2, 1), (1, 2), (1, 3), (1, 4)]
    assert feed.newest() == everything[-1].position
    for place, recorded in enumerate(everything):
        assert feed.after(recorded.position, limit=ALL) == everything[place + 1 :]
        assert feed.after(recorded.position, limit=2) == everything[place + 1 : place + 3]
    assert places(feed.of_tenant(TENANT, after=everything[0].position, limit=2)) == [(1, 2), (1, 3)]
    assert places(feed.of_tenant("t2", after=BEGINNING, limit=ALL)) == [(2, 1)]
    assert places(feed.of_call(1, after=2, limit=ALL)) == [(1, 3), (1, 4)]
    assert places(feed.of_call(1, after=0, limit=1)) == [(1, 1)]
    assert list(feed.of_call(1, after=4, limit=ALL)) == list(feed.of_call(3, after=0, limit=ALL)) == []


async def test_an_event_is_found_by_its_name_by_its_own_tenant_only(world: World) -> None:
    await placed(world, numbered(1), numbered(2, tenant_id="t2"))
    feed = world.store.event_feed()
    positions = {each.event.serial: each.position for each in feed.after(BEGINNING, limit=ALL)}

    assert feed.position_of(TENANT, serial=1, seq=1) == positions[1]
    assert feed.position_of("t2", serial=2, seq=1) == positions[2]
    assert feed.position_of(TENANT, serial=2, seq=1) is None
    assert feed.position_of(TENANT, serial=1, seq=2) is None
    assert feed.newest_of_tenant(TENANT) == (1, 1)


async def test_the_end_of_the_log_stays_where_it_is_when_old_events_go(world: World) -> None:
    await placed(world, numbered(1))
    told = Told(world.store.journal(asyncio.get_running_loop()), numbered(1))
    told.tell(HangUpRequested())
    await told.journal.drained()
    feed = world.store.event_feed()
    before = feed.newest()

    while world.store.purge(T0 + 91 * 86_400_000):
        pass

    assert feed.newest() == before
    assert list(feed.after(BEGINNING, limit=ALL)) == []
    await placed(world, numbered(2))
    assert places(feed.after(before, limit=ALL)) == [(2, 1)]


async def test_what_another_process_commits_is_seen_by_the_next_read(world: World) -> None:
    feed = world.store.event_feed()
    assert feed.newest() == BEGINNING

    other = world.opened()
    await other.intake().place(Intent(numbered(7)))

    assert feed.newest() > BEGINNING
    assert places(feed.after(BEGINNING, limit=ALL)) == [(7, 1)]
    other.close()


async def test_a_cursor_skips_nothing_while_engine_and_intakes_write_at_once(world: World) -> None:
    """Two intakes and a journal commit as they can; a reader with a cursor never finds anything new below it."""
    writers, calls_each = 3, 40
    seen: list[tuple[int, int]] = []
    is_over = threading.Event()
    reader = threading.Thread(target=read_by_cursor, args=(world.store.event_feed(), is_over, seen))
    reader.start()
    try:
        others = [world.opened() for _ in range(writers)]
        engine = world.store.journal(asyncio.get_running_loop())

        async def place_and_call(writer: int) -> None:
            intake = others[writer].intake()
            for number in range(calls_each):
                call = numbered(writer * 1000 + number + 1)
                await intake.place(Intent(call))
                Told(engine, call).tell(Start(), LegRinging(Role.AGENT), HangUpRequested())

        await asyncio.gather(*(place_and_call(writer) for writer in range(writers)))
        await engine.drained()
        for other in others:
            other.close()
    finally:
        is_over.set()
        reader.join()

    assert sorted(seen) == sorted(places(world.store.event_feed().after(BEGINNING, limit=ALL)))
    assert len(seen) == writers * calls_each * 4
    for serial in {serial for serial, _ in seen}:
        assert [seq for each, seq in seen if each == serial] == [1, 2, 3, 4]


def read_by_cursor(feed: EventFeed, is_over: threading.Event, seen: list[tuple[int, int]]) -> None:
    cursor = BEGINNING
    while True:
        was_over = is_over.is_set()
        found = feed.after(cursor, limit=7)
        seen.extend(places(found))
        if found:
            cursor = found[-1].position
        elif was_over:
            return
