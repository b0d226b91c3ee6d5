"""The gate of the API processes, by the page on which supervisor and engine write."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from twoleg.adapters.service_page import Mode, PageGate, SharedPage
from twoleg.application.admission import Closed


class Hands:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def page(clock: Hands) -> Iterator[SharedPage]:
    made = SharedPage.make(clock)
    yield made
    made.close()


def gate_of(page: SharedPage, clock: Hands, *, share: float = 1.0) -> PageGate:
    return PageGate(page, clock, share=share)


def test_a_stop_shuts_the_gate_for_as_long_as_it_takes(page: SharedPage, clock: Hands) -> None:
    gate = gate_of(page, clock)
    assert (gate.refusal(), gate.is_leaving()) == (None, False)
    page.begin(Mode.STOPPING, seconds=20)
    clock.now += 4.5

    refusal = gate.refusal()
    assert refusal is not None
    assert (refusal.why, refusal.retry_after) == (Closed.STOPPING, 16)
    assert (gate.trouble(), gate.is_leaving()) == ("the service is being stopped", True)
    clock.now += 100
    late = gate.refusal()
    assert late is not None
    assert late.retry_after == 1


def test_a_hand_over_takes_every_call_and_stays_ready_though_its_engine_falls_silent(
    page: SharedPage, clock: Hands
) -> None:
    gate = gate_of(page, clock)
    page.beat(living=1, heeded=Mode.SERVING)
    page.allow(calls_per_second=1, delay=9)
    page.begin(Mode.HANDING_OVER, seconds=20)
    clock.now += 15
    assert [gate.refusal() for _ in range(50)] == [None] * 50
    assert (gate.trouble(), gate.is_leaving()) == (None, True)


def test_ready_is_an_engine_that_beats(page: SharedPage, clock: Hands) -> None:
    gate = gate_of(page, clock)
    assert gate.trouble() == "the engine is not up yet"
    page.beat(living=0, heeded=Mode.SERVING)
    assert gate.trouble() is None
    clock.now += 5.1
    assert gate.trouble() == "the engine does not answer"
    page.beat(living=0, heeded=Mode.SERVING)
    assert gate.trouble() is None


@pytest.mark.parametrize("workers", [1, 4])
def test_all_api_processes_together_let_through_what_the_engine_allows(
    page: SharedPage, clock: Hands, workers: int
) -> None:
    page.allow(calls_per_second=100, delay=0.5)
    gates = [gate_of(page, clock, share=1 / workers) for _ in range(workers)]
    let_through = refused = 0
    for _ in range(2000):
        clock.now += 0.005
        for gate in gates:
            refusal = gate.refusal()
            let_through += refusal is None
            refused += refusal is not None
            assert refusal is None or (refusal.why, refusal.retry_after) == (Closed.OVERLOADED, 1)
    assert let_through == pytest.approx(1000, rel=0.05)
    assert let_through + refused == 2000 * workers


def test_a_limit_that_is_gone_is_gone_at_once(page: SharedPage, clock: Hands) -> None:
    gate = gate_of(page, clock)
    page.allow(calls_per_second=1, delay=0.5)
    assert [gate.refusal() is None for _ in range(7)] == [True] * 5 + [False] * 2
    page.allow(calls_per_second=None, delay=0.0)
    assert [gate.refusal() is None for _ in range(7)] == [True] * 7


def test_another_process_reads_what_one_wrote(page: SharedPage, clock: Hands) -> None:
    other = SharedPage.of(os.dup(page.descriptor), clock)
    page.begin(Mode.STOPPING, seconds=3)
    other.beat(living=7, heeded=other.mode)
    assert (page.living, page.heeded, page.silence, other.seconds_left) == (7, Mode.STOPPING, 0.0, 3.0)
    other.close()
