"""Guards that count: decided in the transaction that places the call; and the do-not-call lists they look into."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0, WAY
from twoleg.application.audit import Recorded
from twoleg.application.errors import NotFound
from twoleg.application.ports import Idempotency, Intent, Placed
from twoleg.domain.audit import Act, Entry
from twoleg.domain.call import Call, Phase
from twoleg.domain.guard_rules import Watch
from twoleg.domain.guards import Guards, NumberBudget
from twoleg.domain.tenant import Refusal, Refused
from twoleg.domain.values import replace as changed

pytestmark = pytest.mark.asyncio


def watched(call: Call, guards: Guards, *, spelled: tuple[str, ...] = (), has_list: bool = False) -> Intent:
    called = (call.customer.number, *spelled)
    watch = Watch(guards, caller=(call.agent.number,), called=called, has_list=has_list)
    return Intent(call, watch=watch)


def note(act: Act = Act.UNWANTED_ADDED) -> Entry:
    return Entry(at=T0, who="os:tester", act=act, subject=TENANT, tenant_id=TENANT)


async def test_of_many_placed_at_once_by_two_processes_as_many_are_taken_as_the_limit_has_room_for(
    world: World,
) -> None:
    guards = Guards(concurrent_calls=7)
    intakes = (world.store.intake(), world.opened().intake())

    answers = await asyncio.gather(
        *(intakes[serial % 2].place(watched(numbered(serial), guards)) for serial in range(1, 41))
    )

    assert sum(isinstance(answer, Placed) for answer in answers) == 7
    assert answers.count(Refused(Refusal.CONCURRENT_CALLS)) == 33


async def test_a_call_that_has_ended_makes_room_for_the_next(world: World) -> None:
    guards = Guards(concurrent_calls=1)
    intake = world.store.intake()
    await placed(world, numbered(1))
    assert await intake.place(watched(numbered(2), guards)) == Refused(Refusal.CONCURRENT_CALLS)

    told = Told(world.store.journal(asyncio.get_running_loop()), numbered(1))
    told.tell(*WAY[Phase.ENDED])
    await told.journal.drained()

    assert await intake.place(watched(numbered(3), guards)) == Placed(3)


async def test_another_tenants_calls_do_not_count(world: World) -> None:
    guards = Guards(concurrent_calls=1, calls_a_second=1)
    await placed(world, numbered(1, tenant_id="t2"))

    assert await world.store.intake().place(watched(numbered(2), guards)) == Placed(2)


async def test_calls_a_second_are_those_of_the_second_before(world: World) -> None:
    guards = Guards(calls_a_second=2)
    intake = world.store.intake()
    await placed(world, numbered(1), numbered(2, created_at=T0 + 400))

    assert await intake.place(watched(numbered(3, created_at=T0 + 999), guards)) == Refused(Refusal.CALLS_A_SECOND)
    assert await intake.place(watched(numbered(4, created_at=T0 + 1000), guards)) == Placed(4)


async def test_a_clock_that_was_set_back_does_not_keep_a_tenant_from_calling(world: World) -> None:
    await placed(world, numbered(1, created_at=T0 + 3_600_000))

    assert await world.store.intake().place(watched(numbered(2), Guards(calls_a_second=1))) == Placed(2)


async def test_a_number_may_be_called_as_often_as_its_budget_allows_however_it_is_spelled(world: World) -> None:
    guards = Guards(number_budget=NumberBudget(calls=2, seconds=60))
    first = numbered(1)
    second = changed(first, serial=2, agent=changed(first.agent, number="1"), created_at=T0 + 1)
    other = changed(second, serial=3, customer=changed(first.customer, number="0861"), created_at=T0 + 2)
    intake = world.store.intake()
    await placed(world, first, second)

    over = watched(other, guards, spelled=(first.customer.number,))
    assert await intake.place(over) == Refused(Refusal.NUMBER_BUDGET, "called")
    later = replace(over, call=changed(other, created_at=T0 + 60_000))
    assert await intake.place(later) == Placed(3)


async def test_a_number_on_the_list_is_called_by_neither_name(world: World) -> None:
    call = numbered(1)
    book, intake = world.store.unwanted_book(), world.store.intake()
    book.add(TENANT, [call.customer.number], note=note())
    turned = changed(
        call, agent=changed(call.agent, number=call.customer.number), customer=changed(call.customer, number="7")
    )

    assert await intake.place(watched(call, Guards(), has_list=True)) == Refused(Refusal.DO_NOT_CALL, "called")
    assert await intake.place(watched(turned, Guards(), has_list=True)) == Refused(Refusal.DO_NOT_CALL, "caller")

    book.remove(TENANT, [call.customer.number], note=note(Act.UNWANTED_REMOVED))
    assert await intake.place(watched(call, Guards(), has_list=True)) == Placed(1)


async def test_a_list_is_its_tenants_own(world: World) -> None:
    call = numbered(1)
    world.store.unwanted_book().add("t2", [call.customer.number], note=note())

    assert await world.store.intake().place(watched(call, Guards(), has_list=True)) == Placed(1)
    tenants = {
        each.tenant_id: each.has_do_not_call for each in map(world.store.directory().tenant, (TENANT, "t2")) if each
    }
    assert tenants == {TENANT: False, "t2": True}


async def test_what_a_rule_refuses_is_still_answered_as_before_to_a_repeated_key(world: World) -> None:
    key = Idempotency("order 7", b"\x01" * 32)
    intake = world.store.intake()
    refused = Refused(Refusal.QUIET_HOURS, "called")
    await intake.place(Intent(numbered(1), idempotency=key))

    assert await intake.place(Intent(numbered(2), idempotency=key, refused=refused)) == Placed(1, replayed=True)
    assert await intake.place(Intent(numbered(3), refused=refused)) == refused
    assert world.store.reader().call(3) is None


async def test_a_rehearsal_counts_what_placing_counts(world: World) -> None:
    guards = Guards(concurrent_calls=9, calls_a_second=9, number_budget=NumberBudget(9, 60))
    world.store.unwanted_book().add(TENANT, ["+491"], note=note())
    await placed(world, numbered(1), numbered(2, created_at=T0 + 500))
    watch = Watch(guards, caller=("+491",), called=("+861",), has_list=True)

    found = world.store.call_search().counts(TENANT, watch, now_ms=T0 + 1200)

    assert (found.unwanted, found.living, found.last_second, found.to_number) == ("caller", 2, 1, 1)


async def test_lists_are_read_page_by_page_in_order(world: World) -> None:
    book = world.store.unwanted_book()
    assert book.add(TENANT, ["+3", "+1", "+2"], note=note()) == 3
    assert book.add(TENANT, ["+1", "+4"], note=note()) == 1

    assert [each.number for each in book.listed(TENANT, limit=2)] == ["+1", "+2"]
    assert [each.number for each in book.listed(TENANT, behind="+2", limit=9)] == ["+3", "+4"]
    assert book.remove(TENANT, ["+9", "+1"], note=note()) == 1
    with pytest.raises(NotFound):
        book.add("nobody", ["+1"], note=note())


async def test_a_change_is_noted_with_itself_and_no_change_is_not(world: World) -> None:
    book, log = world.store.unwanted_book(), world.store.audit_log()
    book.add(TENANT, ["+1"], note=note())
    book.add(TENANT, ["+1"], note=note())
    log.add(replace(note(Act.KEY_ADDED), tenant_id=None, before={"a": [1]}, after={"b": "ü"}))
    book.remove(TENANT, ["+2"], note=note(Act.UNWANTED_REMOVED))

    world.reopen()

    kept = list(world.store.audit_log().newest(limit=10))
    assert [(each.position, each.entry.act) for each in kept] == [(1, Act.UNWANTED_ADDED), (2, Act.KEY_ADDED)]
    assert kept[1].entry.before == {"a": [1]}
    assert kept[1].entry.after == {"b": "ü"}
    assert world.store.audit_log().newest(limit=1) == [kept[1]]
    assert world.store.audit_log().newest(limit=9, tenant_id=TENANT) == [Recorded(1, kept[0].entry)]
