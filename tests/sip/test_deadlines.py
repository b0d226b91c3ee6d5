"""The heap of deadlines."""

from __future__ import annotations

from collections.abc import Callable

from twoleg.sip.deadlines import Deadlines


def noting(into: list[str], name: str) -> Callable[[float], None]:
    return lambda now: into.append(f"{name}@{now}")


def fire(deadlines: Deadlines, now: float) -> None:
    while (action := deadlines.pop_due(now)) is not None:
        action(now)


def test_deadlines_fire_in_order_of_time_and_then_of_arming() -> None:
    deadlines, fired = Deadlines(), list[str]()
    deadlines.arm(2.0, noting(fired, "b"))
    deadlines.arm(1.0, noting(fired, "a"))
    deadlines.arm(2.0, noting(fired, "c"))

    fire(deadlines, 2.0)

    assert fired == ["a@2.0", "b@2.0", "c@2.0"]


def test_nothing_fires_early() -> None:
    deadlines, fired = Deadlines(), list[str]()
    deadlines.arm(2.0, noting(fired, "a"))

    fire(deadlines, 1.9)

    assert (fired, deadlines.next()) == ([], 2.0)


def test_a_cancelled_deadline_neither_fires_nor_counts_as_next() -> None:
    deadlines, fired = Deadlines(), list[str]()
    deadlines.arm(1.0, noting(fired, "a")).cancel()
    deadlines.arm(3.0, noting(fired, "b"))

    assert deadlines.next() == 3.0
    fire(deadlines, 5.0)
    assert fired == ["b@5.0"]


def test_cancelling_after_firing_is_harmless() -> None:
    deadlines, fired = Deadlines(), list[str]()
    deadline = deadlines.arm(1.0, noting(fired, "a"))
    fire(deadlines, 1.0)

    deadline.cancel()

    assert (deadlines.next(), fired) == (None, ["a@1.0"])


def test_cancelled_deadlines_do_not_pile_up() -> None:
    deadlines = Deadlines()
    kept = [deadlines.arm(1000.0 + n, noting([], "x")) for n in range(100)]

    for n in range(100_000):
        deadlines.arm(10.0 + n, noting([], "x")).cancel()

    assert len(deadlines) < 1000
    assert all(deadline.action is not None for deadline in kept)
