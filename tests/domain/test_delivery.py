"""A delivery's machine and its retries, by the table and by the clock."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import T0
from twoleg.domain.delivery import (
    FINAL,
    IMPOSSIBLE,
    LATE_OR_REPEATED,
    TRANSITIONS,
    ImpossibleWord,
    Outcome,
    Ruling,
    Schedule,
    State,
    Word,
    delay,
    judge,
    moved,
)

SCHEDULE = Schedule()
DAY_MS = 24 * 60 * 60 * 1000
FRACTIONS = st.floats(min_value=0, max_value=1, exclude_max=True)


def refused(**facts: object) -> Outcome:
    return Outcome(accepted=False, said="500", status=500, **facts)  # type: ignore[arg-type]


def test_each_state_and_word_is_decided_exactly_once() -> None:
    for cell in product(State, Word):
        assert [cell in TRANSITIONS, cell in LATE_OR_REPEATED, cell in IMPOSSIBLE].count(True) == 1, cell


@pytest.mark.parametrize("word", Word)
@pytest.mark.parametrize("state", sorted(FINAL, key=str))
def test_what_is_over_stays_over(state: State, word: Word) -> None:
    assert moved(state, word) is state


def test_what_waits_cannot_be_answered() -> None:
    with pytest.raises(ImpossibleWord, match="waiting"):
        moved(State.WAITING, Word.ACCEPTED)


def test_delays_double_up_to_the_longest() -> None:
    planned = [delay(SCHEDULE, attempts=number, fraction=0.5) for number in range(1, 13)]

    assert planned == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


@given(attempts=st.integers(1, 10_000), fraction=FRACTIONS)
def test_jitter_stays_within_a_fifth(attempts: int, fraction: float) -> None:
    planned = delay(SCHEDULE, attempts=attempts, fraction=0.5)

    assert 0.8 * planned <= delay(SCHEDULE, attempts=attempts, fraction=fraction) <= 1.2 * planned


@given(st.lists(FRACTIONS, min_size=60, max_size=60))
def test_a_dead_receiver_is_tried_for_a_day_and_a_last_time_at_its_end(fractions: list[float]) -> None:
    now, tries = T0, 0
    for fraction in fractions:
        tries += 1
        ruling = judge(refused(), attempts=tries, planned_at=T0, now=now, schedule=SCHEDULE, fraction=fraction)
        if ruling.word is Word.EXPIRED:
            break
        assert ruling.due_at is not None
        assert now < ruling.due_at <= now + 3600 * 1200
        now = ruling.due_at

    assert now == T0 + DAY_MS
    assert 25 <= tries <= 50


def test_nothing_expires_untried() -> None:
    late = T0 + 3 * DAY_MS
    accepted = Outcome(accepted=True, said="204", status=204)

    assert judge(accepted, attempts=1, planned_at=T0, now=late, schedule=SCHEDULE, fraction=0) == Ruling(Word.ACCEPTED)
    ruling = judge(refused(), attempts=1, planned_at=T0, now=late, schedule=SCHEDULE, fraction=0)
    assert ruling == Ruling(Word.EXPIRED)


def test_a_receiver_that_asks_for_time_gets_it() -> None:
    ruling = judge(refused(retry_after=90.0), attempts=1, planned_at=T0, now=T0, schedule=SCHEDULE, fraction=0)

    assert ruling == Ruling(Word.REFUSED, T0 + 90_000)


def test_asking_for_less_time_than_the_schedule_has_changes_nothing() -> None:
    ruling = judge(refused(retry_after=1.0), attempts=4, planned_at=T0, now=T0, schedule=SCHEDULE, fraction=0.5)

    assert ruling == Ruling(Word.REFUSED, T0 + 40_000)


def test_nobody_can_ask_for_more_than_the_window() -> None:
    ruling = judge(refused(retry_after=1e12), attempts=1, planned_at=T0, now=T0 + 5, schedule=SCHEDULE, fraction=0)

    assert ruling == Ruling(Word.REFUSED, T0 + DAY_MS)


def test_gone_is_gone_at_once() -> None:
    outcome = refused(gone=True)

    assert judge(outcome, attempts=1, planned_at=T0, now=T0, schedule=SCHEDULE, fraction=0) == Ruling(Word.GONE)
