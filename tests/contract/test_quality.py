"""How well legs were heard, as kept beside their calls: the contract of `application.quality.QualityBook`."""

from __future__ import annotations

import asyncio

import pytest

from contract.worlds import World, numbered, placed
from twoleg.application.errors import StoreUnavailable
from twoleg.domain.call import Role
from twoleg.domain.quality import LegQuality

GOOD = LegQuality(packets=500, lost=0, loss=0.0, jitter=1.5, round_trip=40.25, mos=4.4, was_silent=False)
DEAF = LegQuality(packets=0, lost=None, loss=None, jitter=None, round_trip=None, mos=None, was_silent=True)


def test_what_was_kept_is_read_and_later_facts_replace_earlier_ones(world: World) -> None:
    asyncio.run(placed(world, numbered(1)))
    book = world.store.quality_book()
    assert book.of(1) == {}

    book.put({1: {Role.AGENT: DEAF, Role.CUSTOMER: GOOD}})
    assert book.of(1) == {Role.AGENT: DEAF, Role.CUSTOMER: GOOD}
    book.put({1: {Role.AGENT: GOOD}})
    assert world.opened().quality_book().of(1) == {Role.AGENT: GOOD, Role.CUSTOMER: GOOD}


def test_a_call_that_is_not_there_is_passed_over_and_the_others_are_kept(world: World) -> None:
    asyncio.run(placed(world, numbered(1)))
    book = world.store.quality_book()

    book.put({2: {Role.AGENT: GOOD}, 1: {Role.AGENT: GOOD}})

    assert (book.of(1), book.of(2)) == ({Role.AGENT: GOOD}, {})


def test_trouble_is_told_and_nothing_is_kept_then(world: World) -> None:
    asyncio.run(placed(world, numbered(1)))
    book = world.store.quality_book()

    with world.trouble(), pytest.raises(StoreUnavailable):
        book.put({1: {Role.AGENT: GOOD}})

    assert book.of(1) == {}
    book.put({1: {Role.AGENT: GOOD}})
    assert book.of(1) == {Role.AGENT: GOOD}
