"""CallSearch: lists by cursor, states of many calls, and what a dry run asks, over every store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from contract.worlds import TENANT, Told, World, numbered, placed
from domain.calls import T0
from twoleg.adapters.store.sqlite import call_search
from twoleg.application.call_search import NEWEST, CallFilter, Place
from twoleg.domain.call import CallState, Phase, Role
from twoleg.domain.signals import HangUpRequested, LegAnswered, LegFailed, Start, WireFacts

if TYPE_CHECKING:
    from twoleg.application.call_search import CallSearch
    from twoleg.domain.signals import Signal

pytestmark = pytest.mark.asyncio

BUSY = LegFailed(Role.AGENT, WireFacts(486, None, 17))


async def some_calls(world: World) -> CallSearch:
    """1 queued, 2 calling the agent, 3 calling the customer, 4 talking, 5 ended by request, 6 busy, 7 not ours."""
    own = [numbered(number, created_at=T0 + number) for number in range(1, 7)]
    await placed(world, *own, numbered(7, tenant_id="t2"))
    journal = world.store.journal(asyncio.get_running_loop())
    answered = LegAnswered(Role.AGENT)
    lives: list[list[Signal]] = [
        [Start()],
        [Start(), answered],
        [Start(), answered, LegAnswered(Role.CUSTOMER)],
        [HangUpRequested()],
        [Start(), BUSY],
    ]
    for call, signals in zip(own[1:], lives, strict=True):
        Told(journal, call).tell(*signals)
    await journal.drained()
    return world.store.call_search()


def found(search: CallSearch, *, limit: int = 100, behind: Place = NEWEST, **wanted: Any) -> list[int]:
    page = search.page(CallFilter(tenant_id=TENANT, **wanted), behind=behind, limit=limit)
    assert page.following is None or len(page.calls) == limit
    return [call.serial for call in page.calls]


async def test_a_list_holds_the_tenants_calls_newest_first(world: World) -> None:
    search = await some_calls(world)

    assert found(search) == [6, 5, 4, 3, 2, 1]
    whole = search.page(CallFilter(tenant_id=TENANT), behind=NEWEST, limit=100).calls
    assert list(whole) == [world.store.reader().call(call.serial) for call in whole]


@pytest.mark.parametrize(
    ("wanted", "serials"),
    [
        ({"state": CallState.TO_BE_CALLED}, [1]),
        ({"state": CallState.CALLING}, [3, 2]),
        ({"state": CallState.TALKING}, [4]),
        ({"state": CallState.ENDED}, [6, 5]),
        ({"reason": 1001}, [5]),
        ({"reason": 2}, [6]),
        ({"reason": 0}, []),
        ({"caller": "+493"}, [3]),
        ({"called": "+864"}, [4]),
        ({"caller": "+493", "called": "+863"}, [3]),
        ({"caller": "+493", "called": "+864"}, []),
        ({"caller": "+493", "state": CallState.TALKING}, []),
        ({"called": "+864", "state": CallState.TALKING}, [4]),
        ({"caller": "+497"}, []),
        ({"created_from": T0 + 3}, [6, 5, 4, 3]),
        ({"created_before": T0 + 3}, [2, 1]),
        ({"created_from": T0 + 2, "created_before": T0 + 5, "state": CallState.TALKING}, [4]),
        ({"created_from": T0 + 5, "created_before": T0 + 5}, []),
    ],
)
async def test_a_filter_leaves_what_matches_all_of_it(world: World, wanted: dict[str, Any], serials: list[int]) -> None:
    assert found(await some_calls(world), **wanted) == serials


@pytest.mark.parametrize("limit", [1, 2, 4, 6])
async def test_pages_follow_each_other_without_gap_or_repeat(world: World, limit: int) -> None:
    search = await some_calls(world)
    seen: list[int] = []
    behind: Place | None = NEWEST
    while behind is not None:
        page = search.page(CallFilter(tenant_id=TENANT), behind=behind, limit=limit)
        seen += [call.serial for call in page.calls]
        behind = page.following

    assert seen == [6, 5, 4, 3, 2, 1]


async def test_calls_that_come_while_somebody_turns_pages_move_nothing(world: World) -> None:
    search = await some_calls(world)
    seen: list[int] = []
    behind: Place | None = NEWEST
    latecomers = iter(range(100, 110))
    while behind is not None:
        page = search.page(CallFilter(tenant_id=TENANT), behind=behind, limit=2)
        seen += [call.serial for call in page.calls]
        behind = page.following
        await placed(world, *(numbered(number, created_at=T0 + number) for number in (next(latecomers),)))

    assert seen == [6, 5, 4, 3, 2, 1]
    assert found(search)[0] > 100


async def test_calls_of_one_millisecond_are_told_apart(world: World) -> None:
    await placed(world, *(numbered(number) for number in range(1, 6)))
    search = world.store.call_search()

    first = search.page(CallFilter(tenant_id=TENANT), behind=NEWEST, limit=2)
    assert first.following is not None

    assert [call.serial for call in first.calls] == [5, 4]
    assert found(search, behind=first.following) == [3, 2, 1]


async def test_a_page_that_looks_at_too_much_ends_early_and_says_where_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_search, "ROWS_A_PAGE", 2)
    search = await some_calls(world)
    wanted = CallFilter(tenant_id=TENANT, reason=1001)
    seen: list[int] = []
    behind: Place | None = NEWEST
    while behind is not None:
        page = search.page(wanted, behind=behind, limit=10)
        seen += [call.serial for call in page.calls]
        behind = page.following

    assert seen == [5]


async def test_progress_of_many_calls_is_told_in_one_look_and_to_their_tenant_only(world: World) -> None:
    search = await some_calls(world)

    progress = search.progress(TENANT, [1, 4, 5, 7, 999, 2**63 - 1])

    assert sorted(progress) == [1, 4, 5]
    assert progress[4].phase == Phase.TALKING
    assert (progress[5].phase, progress[5].reason, progress[5].cause) == (Phase.ENDED, 1001, 16)
    assert progress[1].seq == 1
    assert progress[4].created_at == T0 + 4
    assert search.progress(TENANT, []) == {}


async def test_a_pair_is_pending_until_it_talks_or_ends(world: World) -> None:
    search = await some_calls(world)

    pending = [search.pending(TENANT, caller=f"+49{n}", called=f"+86{n}") for n in range(1, 8)]

    assert pending == [1, 2, 3, None, None, None, None]
    assert search.pending("t2", caller="+497", called="+867") == 7


async def test_calls_of_a_day_are_counted_up_to_the_limit(world: World) -> None:
    search = await some_calls(world)

    assert search.placed_since(TENANT, T0 + 3, limit=10) == 4
    assert search.placed_since(TENANT, T0, limit=2) == 2
    assert search.placed_since("t3", T0, limit=2) == 0
