"""EndpointBook and Outbox: receivers, and what is on its way to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0, WAY
from twoleg.application.errors import NotFound, StoreUnavailable
from twoleg.application.ports import Intent
from twoleg.application.webhook_ports import Attempted, EndpointChanged
from twoleg.domain.call import Phase
from twoleg.domain.delivery import Ruling, State, Word
from twoleg.domain.recording import AudioFormat
from twoleg.domain.values import replace
from twoleg.domain.webhooks import Endpoint, Format, Planned, callbacks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twoleg.application.webhook_ports import Delivery, Outbox

pytestmark = pytest.mark.asyncio

URL = "https://hooks.example.com/a"
ENDPOINT = Endpoint(
    endpoint_id="we_1",
    tenant_id=TENANT,
    format=Format.CLOUDEVENTS,
    url=URL,
    events=("call.ended", "agent.*"),
    created_at=T0,
    cursor=0,
)
AICC = Endpoint(
    endpoint_id=callbacks_of(TENANT),
    tenant_id=TENANT,
    format=Format.AICC,
    connect_url="https://a.example/c",
    release_url="https://a.example/r",
    created_at=T0,
    cursor=0,
)
ACCEPTED = Ruling(Word.ACCEPTED)


def attempt(delivery: Delivery, *, at: int = T0 + 100) -> Attempted:
    return Attempted(number=delivery.attempts + 1, at=at, took_ms=20, status=200, said="200")


def planned(serial: int, *seqs: int, lane: str = "") -> list[Planned]:
    return [Planned(position=0, serial=serial, seq=seq, url=URL, lane=lane) for seq in seqs]


def due(outbox: Outbox, *, now: int = T0 + 10**9, besides: Sequence[int] = (), limit: int = 100) -> list[Delivery]:
    return [each.delivery for each in outbox.due("we_1", now=now, limit=limit, besides=besides)]


async def ended_calls(world: World, *serials: int) -> None:
    """Calls with five events each."""
    calls = [numbered(serial) for serial in serials]
    await placed(world, *calls)
    journal = world.store.journal(asyncio.get_running_loop())
    for call in calls:
        Told(journal, call).tell(*WAY[Phase.ENDED])
    await journal.drained()


async def with_deliveries(world: World, *lanes: Sequence[Planned]) -> Outbox:
    """An endpoint whose deliveries are planned, of calls that have ended."""
    await ended_calls(world, *{each.serial for lane in lanes for each in lane})
    world.store.endpoint_book().add(ENDPOINT, b"sealed")
    outbox = world.store.outbox()
    assert await outbox.plan(ENDPOINT, [each for lane in lanes for each in lane], cursor=9, at=T0)
    return outbox


# ---------------------------------------------------------------------------- endpoints


async def test_an_endpoint_comes_back_as_it_was_added(world: World) -> None:
    world.store.endpoint_book().add(ENDPOINT, b"sealed")
    world.store.endpoint_book().add(AICC, b"other")

    world.reopen()

    book = world.store.endpoint_book()
    assert [book.endpoint("we_1"), book.endpoint(callbacks_of(TENANT))] == [ENDPOINT, AICC]
    assert [book.sealed("we_1"), book.sealed("we_2")] == [b"sealed", None]
    assert book.endpoint("we_2") is None


async def test_an_endpoint_needs_its_tenant(world: World) -> None:
    with pytest.raises(NotFound):
        world.store.endpoint_book().add(replace(ENDPOINT, tenant_id="nobody"), b"")


async def test_endpoints_are_listed_by_tenant_oldest_first(world: World) -> None:
    book = world.store.endpoint_book()
    for number, tenant_id, at in ((1, TENANT, 3), (2, "t2", 1), (3, TENANT, 2)):
        book.add(replace(ENDPOINT, endpoint_id=f"we_{number}", tenant_id=tenant_id, created_at=T0 + at), b"")

    assert [each.endpoint_id for each in book.of_tenant(TENANT)] == ["we_3", "we_1"]
    assert [each.endpoint_id for each in book.of_tenant("t2")] == ["we_2"]


async def test_the_vendors_callbacks_of_a_tenant_are_set_anew_and_their_cursor_stays(world: World) -> None:
    book = world.store.endpoint_book()
    book.add(replace(AICC, cursor=7), b"old")

    book.add(replace(AICC, cursor=99, created_at=T0 + 5, connect_url=None, release_url=URL), b"new")

    assert book.of_tenant(TENANT) == [replace(AICC, cursor=7, connect_url=None, release_url=URL)]
    assert book.sealed(AICC.endpoint_id) == b"new"


async def test_a_call_with_a_callback_url_has_an_endpoint_to_serve_it(world: World) -> None:
    await placed(world, numbered(1))
    intake = world.store.intake()
    await intake.place(Intent(numbered(2), callback_url="https://b.example/cb", agent_work_no=107))
    await intake.place(Intent(numbered(3), callback_url="https://b.example/cb"))

    (endpoint,) = world.store.outbox().endpoints()
    feed = world.store.event_feed()
    subject = world.store.outbox().subject(2)

    assert (endpoint.endpoint_id, endpoint.format, endpoint.release_url) == (callbacks_of(TENANT), Format.AICC, None)
    assert [each.event.serial for each in feed.of_tenant(TENANT, after=endpoint.cursor, limit=9)] == [2, 3]
    assert world.store.outbox().sealed(endpoint.endpoint_id) is None
    assert subject is not None
    assert (subject.call, subject.callback_url, subject.agent_work_no) == (numbered(2), "https://b.example/cb", 107)
    assert world.store.outbox().subject(99) is None


async def test_a_subject_knows_how_its_recording_stands(world: World) -> None:
    call, other = numbered(1), numbered(2)
    await world.store.intake().place(Intent(call, record_as=AudioFormat.ALAW))
    await placed(world, other)
    Told(world.store.journal(asyncio.get_running_loop()), call).tell(*WAY[Phase.TALKING])
    book = world.store.recordings()
    assert await book.began(1, at=T0 + 50)

    subject, bare = world.store.outbox().subject(1), world.store.outbox().subject(2)
    assert subject is not None
    assert bare is not None
    assert (subject.recording, bare.recording) == (book.find(1), None)
    assert subject.recording is not None
    assert subject.recording.began_at == T0 + 50


async def test_a_callback_url_changes_nothing_about_an_endpoint_that_is_there(world: World) -> None:
    world.store.endpoint_book().add(AICC, b"sealed")

    await world.store.intake().place(Intent(numbered(2), callback_url="https://b.example/cb"))

    assert world.store.outbox().endpoints() == [AICC]
    assert world.store.outbox().sealed(AICC.endpoint_id) == b"sealed"


async def test_secrets_are_replaced_only_by_who_knows_them(world: World) -> None:
    book = world.store.endpoint_book()
    book.add(ENDPOINT, b"first")

    book.reseal("we_1", b"second", was=b"first")
    with pytest.raises(EndpointChanged):
        book.reseal("we_1", b"third", was=b"first")
    with pytest.raises(EndpointChanged):
        book.reseal("we_9", b"third", was=None)

    assert book.sealed("we_1") == b"second"


async def test_secrets_are_given_once_to_an_endpoint_without_any(world: World) -> None:
    await world.store.intake().place(Intent(numbered(2), callback_url="https://b.example/cb"))
    outbox, endpoint_id = world.store.outbox(), callbacks_of(TENANT)

    assert [await outbox.seal(endpoint_id, b"1"), await outbox.seal(endpoint_id, b"2")] == [True, False]
    assert not await outbox.seal("nobody", b"1")
    assert outbox.sealed(endpoint_id) == b"1"


async def test_a_removed_endpoint_leaves_nothing(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2))
    (first,) = due(outbox)
    book = world.store.endpoint_book()

    book.remove("we_1")
    book.remove("we_1")
    await outbox.note(first, attempt(first), ACCEPTED, disable=None)

    assert book.endpoint("we_1") is None
    assert (due(outbox), book.deliveries("we_1", before=None, limit=9)) == ([], [])
    assert not await outbox.plan(replace(ENDPOINT, cursor=9), planned(1, 3), cursor=10, at=T0)


# ---------------------------------------------------------------------------- planning


async def test_only_the_first_of_a_call_and_lane_is_due(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2), planned(2, 1), planned(1, 3, lane="https://b.example"))

    assert [(each.serial, each.seq, each.due_at) for each in due(outbox)] == [(1, 1, T0), (2, 1, T0), (1, 3, T0)]
    assert outbox.open_deliveries("we_1") == 4
    assert outbox.next_due("we_1", besides=()) == T0


async def test_planning_moves_the_cursor_and_survives_a_restart(world: World) -> None:
    await with_deliveries(world, planned(1, 1, 2))

    world.reopen()

    outbox = world.store.outbox()
    assert outbox.endpoints() == [replace(ENDPOINT, cursor=9)]
    assert [(each.seq, each.state) for each in due(outbox)] == [(1, State.DUE)]


async def test_a_plan_from_an_old_cursor_is_refused_whole(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1))

    assert not await outbox.plan(ENDPOINT, planned(1, 2), cursor=10, at=T0)

    assert outbox.open_deliveries("we_1") == 1
    assert outbox.endpoints()[0].cursor == 9


async def test_a_rewound_endpoint_is_planned_again_behind_what_is_open(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1))
    world.store.endpoint_book().rewind("we_1", 0)

    assert not await outbox.plan(replace(ENDPOINT, cursor=9), [], cursor=10, at=T0)
    assert await outbox.plan(ENDPOINT, planned(1, 1, 2), cursor=9, at=T0 + 1)

    assert [each.state for each in world.store.endpoint_book().deliveries("we_1", before=None, limit=9)] == [
        State.WAITING,
        State.WAITING,
        State.DUE,
    ]


async def test_a_call_that_was_purged_meanwhile_is_not_planned(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1))

    assert await outbox.plan(replace(ENDPOINT, cursor=9), planned(77, 1), cursor=10, at=T0)

    assert [each.serial for each in due(outbox)] == [1]


async def test_a_purged_call_takes_its_deliveries_along(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2))

    assert world.store.purge(T0 + 91 * 24 * 3600 * 1000) == 1

    assert (due(outbox), outbox.open_deliveries("we_1")) == ([], 0)


# ---------------------------------------------------------------------------- delivering


async def test_a_parcel_carries_its_event(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 5))

    (parcel,) = outbox.due("we_1", now=T0, limit=9, besides=())

    assert parcel.recorded == world.store.event_feed().of_call(1, after=4, limit=1)[0]


async def test_what_is_accepted_gives_the_next_its_turn(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2, 3))
    (first,) = due(outbox)

    await outbox.note(first, attempt(first), ACCEPTED, disable=None)

    (second,) = due(outbox)
    assert (second.seq, second.due_at) == (2, T0 + 120)
    ended = world.store.endpoint_book().deliveries("we_1", before=None, limit=9)[-1]
    assert (ended.state, ended.attempts, ended.ended_at, ended.due_at) == (State.DELIVERED, 1, T0 + 120, None)


async def test_what_is_refused_holds_up_its_call_and_no_other(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2), planned(2, 1))
    first = due(outbox)[0]

    await outbox.note(first, attempt(first), Ruling(Word.REFUSED, T0 + 5000), disable=None)

    assert [(each.serial, each.seq) for each in due(outbox, now=T0 + 4999)] == [(2, 1)]
    assert [(each.serial, each.seq, each.attempts) for each in due(outbox, now=T0 + 5000)] == [(2, 1, 0), (1, 1, 1)]


@pytest.mark.parametrize("word", [Word.EXPIRED, Word.GONE])
async def test_what_is_over_without_success_gives_the_next_its_turn_too(world: World, word: Word) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2))
    (first,) = due(outbox)

    await outbox.note(first, attempt(first), Ruling(word), disable=None)

    assert [each.seq for each in due(outbox)] == [2]


async def test_what_is_under_way_is_left_out(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1), planned(2, 1))
    one, two = due(outbox)

    assert due(outbox, besides=[one.delivery_id]) == [two]
    assert due(outbox, limit=1) == [one]
    assert outbox.next_due("we_1", besides=[one.delivery_id, two.delivery_id]) is None


async def test_a_note_that_comes_twice_or_late_changes_nothing(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2))
    (first,) = due(outbox)
    await outbox.note(first, attempt(first), ACCEPTED, disable=None)

    await outbox.note(first, attempt(first, at=T0 + 900), Ruling(Word.REFUSED, T0 + 5000), disable=None)

    assert [(each.seq, each.due_at) for each in due(outbox)] == [(2, T0 + 120)]


async def test_a_disabled_endpoint_is_served_no_more_and_can_be_enabled(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2), planned(2, 1))
    first = due(outbox)[0]
    book = world.store.endpoint_book()

    await outbox.note(first, attempt(first), Ruling(Word.GONE), disable="410 Gone")

    assert (outbox.endpoints(), outbox.endpoint("we_1")) == ([], None)
    assert (due(outbox), outbox.open_deliveries("we_1")) == ([], 0)
    disabled = book.endpoint("we_1")
    assert disabled is not None
    assert (disabled.disabled_at, disabled.disabled_why) == (T0 + 120, "410 Gone")
    assert not await outbox.plan(replace(ENDPOINT, cursor=9), planned(1, 3), cursor=10, at=T0)

    book.enable("we_1")
    assert outbox.endpoints() == [outbox.endpoint("we_1")] == [replace(ENDPOINT, cursor=9)]


async def test_the_log_is_paged_newest_first_with_its_attempts(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2, 3))
    (first,) = due(outbox)
    tries = [attempt(first), replace(attempt(first, at=T0 + 500), number=2, status=None, said="no answer")]
    await outbox.note(first, tries[0], Ruling(Word.REFUSED, T0 + 400), disable=None)
    await outbox.note(first, tries[1], Ruling(Word.REFUSED, T0 + 900), disable=None)

    world.reopen()
    book = world.store.endpoint_book()
    newest = book.deliveries("we_1", before=None, limit=2)
    rest = book.deliveries("we_1", before=newest[-1].delivery_id, limit=2)

    assert [each.seq for each in (*newest, *rest)] == [3, 2, 1]
    assert (rest[0].attempts, rest[0].due_at) == (2, T0 + 900)
    assert book.place_of("we_1", 1, 2, T0) == newest[-1].delivery_id
    assert [book.place_of("we_1", 1, 9, T0), book.place_of("we_2", 1, 2, T0)] == [None, None]
    assert book.attempts([first.delivery_id, newest[0].delivery_id]) == {first.delivery_id: tries}


async def test_in_trouble_nothing_is_noted_and_nothing_is_lost(world: World) -> None:
    outbox = await with_deliveries(world, planned(1, 1, 2))
    (first,) = due(outbox)

    with world.trouble():
        with pytest.raises(StoreUnavailable):
            await outbox.note(first, attempt(first), ACCEPTED, disable=None)
        with pytest.raises(StoreUnavailable):
            world.store.endpoint_book().rewind("we_1", 0)
        with pytest.raises(StoreUnavailable):
            await outbox.plan(replace(ENDPOINT, cursor=9), planned(1, 3), cursor=10, at=T0)

    assert due(outbox) == [first]
    await outbox.note(first, attempt(first), ACCEPTED, disable=None)
    assert [each.seq for each in due(outbox)] == [2]
