"""CallIntake: where new calls and wishes enter."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0, WAY, a_call
from twoleg.application.errors import IdempotencyConflict, NotFound, SerialTaken, StoreUnavailable
from twoleg.application.ports import Idempotency, Intent, Placed
from twoleg.domain.call import Phase
from twoleg.domain.media import MediaMode
from twoleg.domain.tenant import Refusal, Refused
from twoleg.domain.values import replace as changed

pytestmark = pytest.mark.asyncio

MS_A_DAY = 24 * 60 * 60 * 1000
KEY = Idempotency(key="order 7", body_hash=b"\x01" * 32)
DUPLICATE = Refused(Refusal.DUPLICATE)
LIMIT = Refused(Refusal.TRIAL_LIMIT)


async def test_a_placed_call_can_be_queried_as_queued(world: World) -> None:
    call = changed(a_call(), call_data="Grüße, 客户 7 \U0001f4de")

    assert await world.store.intake().place(Intent(call)) == Placed(call.serial)

    status = world.store.reader().status(call.serial, TENANT)
    assert status is not None
    assert (status.phase, status.reason, status.cause) == (Phase.QUEUED, None, None)
    assert (status.caller, status.called) == ("88889050", "88889060")
    assert (status.caller_present, status.agent_present) == ("640003", "640060")
    assert (status.call_data, status.started_at, status.ended_at) == (call.call_data, None, None)


async def test_a_placed_call_survives_a_restart(world: World) -> None:
    await placed(world, numbered(1), numbered(2))

    world.reopen()

    reader = world.store.reader()
    assert [reader.call(1), reader.call(2)] == [numbered(1), numbered(2)]
    assert list(world.store.journal(asyncio.get_running_loop()).queued()) == [numbered(1), numbered(2)]


async def test_the_same_pair_is_refused_while_it_is_queued(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(a_call(serial=1)))

    assert await intake.place(Intent(a_call(serial=2))) == DUPLICATE
    assert world.store.reader().call(2) is None


@pytest.mark.parametrize("phase", [Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER])
async def test_the_same_pair_is_refused_while_it_is_being_called(world: World, phase: Phase) -> None:
    await _led_to(world, phase)

    assert await world.store.intake().place(Intent(a_call(serial=2))) == DUPLICATE


@pytest.mark.parametrize("media", [None, *MediaMode])
async def test_what_was_asked_of_its_media_is_kept_with_the_call(world: World, media: MediaMode | None) -> None:
    call = changed(numbered(1), media=media)

    await placed(world, call)

    assert world.store.reader().call(1) == call


@pytest.mark.parametrize("phase", [Phase.TALKING, Phase.ENDED])
async def test_the_same_pair_may_be_called_again_once_it_talks(world: World, phase: Phase) -> None:
    await _led_to(world, phase)

    assert await world.store.intake().place(Intent(a_call(serial=2))) == Placed(2)


async def test_the_two_numbers_the_other_way_round_are_another_pair(world: World) -> None:
    call = a_call(serial=1)
    turned = changed(
        a_call(serial=2),
        agent=changed(call.agent, number=call.customer.number),
        customer=changed(call.customer, number=call.agent.number),
    )
    await placed(world, call)

    assert await world.store.intake().place(Intent(turned)) == Placed(2)


async def test_the_pair_of_another_tenant_is_nobodys_business(world: World) -> None:
    await placed(world, a_call(serial=1))

    assert await world.store.intake().place(Intent(a_call(serial=2, tenant_id="t2"))) == Placed(2)


async def test_of_many_that_place_the_same_pair_at_once_one_is_accepted(world: World) -> None:
    intake = world.store.intake()

    answers = await asyncio.gather(*(intake.place(Intent(a_call(serial=serial))) for serial in range(1, 21)))

    assert [answer for answer in answers if isinstance(answer, Refused)] == [DUPLICATE] * 19


async def test_a_taken_serial_is_told_so_that_another_can_be_drawn(world: World) -> None:
    await placed(world, numbered(1))
    other_pair = changed(numbered(2), serial=1)

    with pytest.raises(SerialTaken):
        await world.store.intake().place(Intent(other_pair))
    assert world.store.reader().call(1) == numbered(1)


async def test_a_tenant_that_does_not_exist_places_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        await world.store.intake().place(Intent(numbered(1, tenant_id="nobody")))
    assert world.store.reader().call(1) is None


async def test_one_refusal_does_not_undo_its_neighbours(world: World) -> None:
    intake = world.store.intake()
    await placed(world, numbered(50))
    wishes = [numbered(serial) for serial in range(40, 60)]
    wishes[3] = changed(numbered(50), serial=43)
    wishes[7] = numbered(47, tenant_id="nobody")

    answers = await asyncio.gather(*(intake.place(Intent(call)) for call in wishes), return_exceptions=True)

    assert answers.pop(10).__class__ is SerialTaken
    assert answers.pop(7).__class__ is NotFound
    assert answers.pop(3) == DUPLICATE
    assert answers == [Placed(serial) for serial in range(40, 60) if serial not in (43, 47, 50)]
    reader = world.store.reader()
    assert all(reader.call(answer.serial) is not None for answer in answers if isinstance(answer, Placed))


async def test_a_caller_that_stops_waiting_does_not_disturb_the_others(world: World) -> None:
    intake = world.store.intake()
    impatient = asyncio.ensure_future(intake.place(Intent(numbered(1))))
    await asyncio.sleep(0)
    impatient.cancel()

    assert await intake.place(Intent(numbered(2))) == Placed(2)


# ---------------------------------------------------------------------------- idempotency


async def test_the_same_key_and_body_get_the_first_answer_and_place_nothing(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(numbered(1), idempotency=KEY))

    again = Intent(numbered(2, created_at=T0 + MS_A_DAY - 1), idempotency=KEY)

    assert await intake.place(again) == Placed(1, replayed=True)
    assert world.store.reader().call(2) is None


async def test_a_replay_comes_before_every_other_rule(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(a_call(serial=1), idempotency=KEY, calls_a_day=1))

    same_serial_pair_and_over_the_limit = Intent(a_call(serial=1), idempotency=KEY, calls_a_day=1)

    assert await intake.place(same_serial_pair_and_over_the_limit) == Placed(1, replayed=True)


async def test_a_replay_survives_a_restart(world: World) -> None:
    await world.store.intake().place(Intent(numbered(1), idempotency=KEY))

    world.reopen()

    assert await world.store.intake().place(Intent(numbered(2), idempotency=KEY)) == Placed(1, replayed=True)


async def test_the_same_key_with_another_body_is_a_conflict(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(numbered(1), idempotency=KEY))

    with pytest.raises(IdempotencyConflict):
        await intake.place(Intent(numbered(2), idempotency=replace(KEY, body_hash=b"\x02" * 32)))
    assert world.store.reader().call(2) is None


async def test_a_key_is_free_again_after_a_day(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(numbered(1), idempotency=KEY))
    other_body = replace(KEY, body_hash=b"\x02" * 32)

    later = Intent(numbered(2, created_at=T0 + MS_A_DAY), idempotency=other_body)

    assert await intake.place(later) == Placed(2)
    assert await intake.place(Intent(numbered(3, created_at=T0 + MS_A_DAY), idempotency=other_body)) == Placed(
        2, replayed=True
    )


async def test_keys_of_two_tenants_do_not_meet(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(numbered(1), idempotency=KEY))

    assert await intake.place(Intent(numbered(2, tenant_id="t2"), idempotency=KEY)) == Placed(2)


async def test_a_refused_call_spends_no_key(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(a_call(serial=1)))
    assert await intake.place(Intent(a_call(serial=2), idempotency=KEY)) == DUPLICATE

    assert await intake.place(Intent(numbered(3), idempotency=KEY)) == Placed(3)


# ---------------------------------------------------------------------------- the daily limit


async def test_a_daily_limit_counts_the_calls_of_that_day(world: World) -> None:
    intake = world.store.intake()
    await placed(world, numbered(1, created_at=T0 - 1), numbered(2, created_at=T0))

    answers = [await intake.place(Intent(numbered(serial), calls_a_day=3, day_start=T0)) for serial in (3, 4, 5)]

    assert answers == [Placed(3), Placed(4), LIMIT]


async def test_a_daily_limit_does_not_count_other_tenants(world: World) -> None:
    await placed(world, *(numbered(serial, tenant_id="t2") for serial in range(10, 15)))

    assert await world.store.intake().place(Intent(numbered(1), calls_a_day=1, day_start=T0)) == Placed(1)


async def test_a_daily_limit_holds_for_calls_that_come_at_once(world: World) -> None:
    intake = world.store.intake()

    answers = await asyncio.gather(
        *(intake.place(Intent(numbered(serial), calls_a_day=10, day_start=T0)) for serial in range(1, 31))
    )

    assert sum(isinstance(answer, Placed) for answer in answers) == 10


# ---------------------------------------------------------------------------- trouble


async def test_in_trouble_a_call_is_refused_and_nothing_is_stored(world: World) -> None:
    intake = world.store.intake()
    await intake.place(Intent(numbered(1)))

    with world.trouble():
        refused = await asyncio.gather(
            *(intake.place(Intent(numbered(serial), idempotency=KEY)) for serial in range(2, 7)),
            intake.request_hangup(1, at=T0),
            return_exceptions=True,
        )

    assert [answer.__class__ for answer in refused] == [StoreUnavailable] * 6
    world.reopen()
    assert [world.store.reader().call(serial) for serial in range(1, 7)] == [numbered(1)] + [None] * 5
    assert world.store.journal(asyncio.get_running_loop()).hangup_requests() == []


async def test_after_trouble_calls_are_taken_again_without_a_hand(world: World) -> None:
    intake = world.store.intake()
    with world.trouble(), pytest.raises(StoreUnavailable):
        await intake.place(Intent(numbered(1)))

    assert await intake.place(Intent(numbered(1))) == Placed(1)


# ---------------------------------------------------------------------------- hang-up by request


async def test_a_wished_hang_up_is_told_to_the_engine_until_the_call_has_ended(world: World) -> None:
    journal = world.store.journal(asyncio.get_running_loop())
    intake = world.store.intake()
    await placed(world, numbered(1), numbered(2))
    await intake.request_hangup(2, at=T0 + 5)
    await intake.request_hangup(1, at=T0 + 6)
    assert journal.hangup_requests() == [2, 1]

    Told(journal, numbered(2)).tell(*WAY[Phase.ENDED])
    await journal.drained()

    assert journal.hangup_requests() == [1]


async def test_a_hang_up_wished_twice_is_one_wish(world: World) -> None:
    intake = world.store.intake()
    await placed(world, numbered(1))

    await intake.request_hangup(1, at=T0)
    await intake.request_hangup(1, at=T0 + 1)

    assert world.store.journal(asyncio.get_running_loop()).hangup_requests() == [1]


async def test_a_hang_up_of_an_ended_or_unknown_call_is_harmless(world: World) -> None:
    await _led_to(world, Phase.ENDED)
    intake = world.store.intake()

    await intake.request_hangup(a_call().serial, at=T0)
    await intake.request_hangup(404, at=T0)

    assert world.store.journal(asyncio.get_running_loop()).hangup_requests() == []


async def test_a_wished_hang_up_survives_a_restart(world: World) -> None:
    await placed(world, numbered(1))
    await world.store.intake().request_hangup(1, at=T0)

    world.reopen()

    assert world.store.journal(asyncio.get_running_loop()).hangup_requests() == [1]


async def _led_to(world: World, phase: Phase) -> None:
    await placed(world, a_call())
    journal = world.store.journal(asyncio.get_running_loop())
    Told(journal, a_call()).tell(*WAY[phase])
    await journal.drained()
