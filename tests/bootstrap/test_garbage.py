"""Searches for garbage stay out of the way of calls."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from driven_loop import drive
from twoleg.bootstrap.garbage import collect_in_quiet_moments, settle

HOUR = 3600.0


@pytest.fixture(autouse=True)
def _as_python_has_it() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def full_searches(*, is_quiet: bool, seconds: float) -> int:
    """How many full searches an engine makes in that time."""
    found: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            found.append(phase)

    async def story() -> None:
        chore = asyncio.create_task(collect_in_quiet_moments(is_quiet=lambda: is_quiet))
        await asyncio.sleep(seconds)
        chore.cancel()

    gc.callbacks.append(note)
    try:
        drive(story())
    finally:
        gc.callbacks.remove(note)
    return len(found)


def test_what_lives_for_good_is_not_searched_again() -> None:
    settle()

    assert gc.get_freeze_count() > 1000


def test_a_quiet_engine_searches_once_a_minute() -> None:
    assert full_searches(is_quiet=True, seconds=200.0) == 3


def test_an_engine_with_calls_searches_once_an_hour() -> None:
    assert full_searches(is_quiet=False, seconds=HOUR - 1) == 0
    assert full_searches(is_quiet=False, seconds=HOUR + 1) == 1
