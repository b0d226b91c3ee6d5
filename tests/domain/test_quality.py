"""The E-model against published values, and what is made of what a relay counted."""

from __future__ import annotations

import pytest

from twoleg.domain.quality import StreamStatistics, mos_of, quality_of, rating


@pytest.mark.parametrize(("r", "mos"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_the_score_of_a_rating_is_that_of_g107_table_b1(r: float, mos: float) -> None:
    assert mos_of(r) == pytest.approx(mos, abs=0.01)


def test_scores_stay_within_their_range_and_grow_with_the_rating() -> None:
    scores = [mos_of(r / 2) for r in range(-20, 221)]
    assert (scores[0], scores[-1]) == (1.0, 4.5)
    assert all(1.0 <= score <= 4.5 for score in scores)
    assert scores[20:] == sorted(scores[20:])


def test_a_perfect_connection_has_the_default_rating_of_g107() -> None:
    assert rating(one_way_delay=0, loss=0) == pytest.approx(93.2)
    assert mos_of(93.2) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(
    ("loss", "expected"),
    # G.711 without concealment, Ie = 0, Bpl = 4.3 (G.113 Appendix I): Ie,eff = 95 Ppl / (Ppl + 4.3)
    [(1, 93.2 - 17.92), (2, 93.2 - 30.16), (5, 93.2 - 51.08)],
)
def test_random_loss_costs_what_equation_7_29_says(loss: float, expected: float) -> None:
    assert rating(one_way_delay=0, loss=loss) == pytest.approx(expected, abs=0.01)


def test_delay_begins_to_hurt_beyond_177_ms() -> None:
    # Id(150) = 3.6 and Id(300) = 20.7 by the straight-line form
    assert rating(one_way_delay=150, loss=0) == pytest.approx(89.6, abs=0.01)
    assert rating(one_way_delay=300, loss=0) == pytest.approx(93.2 - 7.2 - 13.497, abs=0.01)


def test_what_the_relay_counted_becomes_percent_and_score() -> None:
    found = quality_of(StreamStatistics(packets=98, lost=2, jitter=5.0, round_trip=40.0), was_silent=False)
    assert found.loss == 2.0
    # d = 20 + 10 + 20 = 50 ms: R = 93.2 - 1.2 - 30.16 = 61.84
    assert found.mos == pytest.approx(mos_of(61.84), abs=0.01)


def test_nobody_guesses_a_score_without_knowing_the_loss() -> None:
    assert quality_of(StreamStatistics(packets=500), was_silent=False).mos is None
    assert quality_of(StreamStatistics(packets=0, lost=0), was_silent=True).mos is None
    assert quality_of(StreamStatistics(packets=500, loss=0.0), was_silent=False).mos == pytest.approx(4.4, abs=0.01)
