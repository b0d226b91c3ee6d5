"""Channels and calls per second: what is taken, what is given back, who has to wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.application.capacity import Capacity, Limits
from twoleg.application.ports import Full


def capacity(**limits: tuple[int | None, float | None]) -> Capacity:
    return Capacity({name: Limits(*each) for name, each in limits.items()})


def wait(answer: object) -> float | None:
    assert isinstance(answer, Full)
    assert answer.trunks == {"a"}
    return answer.seconds


def test_a_trunk_without_limits_always_has_room() -> None:
    free = capacity()
    assert all(free.reserve(["a"], ["a"], 0.0) == ("a", "a") for _ in range(1000))


def test_a_pair_is_kept_whole_or_not_at_all() -> None:
    tight = capacity(agents=(5, None), carrier=(1, None))
    assert tight.reserve(["agents"], ["carrier"], 0.0) == ("agents", "carrier")
    assert tight.reserve(["agents"], ["carrier"], 0.0) == Full(frozenset({"carrier"}))
    assert (tight.legs("agents"), tight.legs("carrier")) == (1, 1)


def test_both_legs_of_a_call_may_need_a_channel_of_one_trunk() -> None:
    odd = capacity(a=(3, None))
    assert odd.reserve(["a"], ["a"], 0.0) == ("a", "a")
    assert odd.reserve(["a"], ["a"], 0.0) == Full(frozenset({"a"}))
    odd.give_back("a")
    assert odd.reserve(["a"], ["a"], 0.0) == ("a", "a")


def test_the_next_trunk_takes_what_the_best_has_no_room_for() -> None:
    two = capacity(best=(1, None), next=(None, None))
    assert two.reserve(["best", "next"], ["best", "next"], 0.0) == ("best", "next")
    assert two.reserve(["best", "next"], ["best", "next"], 0.0) == ("next", "next")


def test_the_agent_gives_way_where_only_the_customer_has_no_other_trunk() -> None:
    one = capacity(shared=(1, None), spare=(1, None))
    assert one.reserve(["shared", "spare"], ["shared"], 0.0) == ("spare", "shared")


def test_a_full_trunk_keeps_nobody_from_another() -> None:
    two = capacity(full=(0, None), free=(None, None))
    assert isinstance(two.reserve(["full"], ["free"], 0.0), Full)
    assert two.reserve(["free"], ["free"], 0.0) == ("free", "free")


def test_calls_per_second_space_the_starts_and_say_when_the_next_is_due() -> None:
    slow = capacity(a=(None, 10.0), b=(None, None))
    assert slow.reserve(["a"], ["b"], 5.0) == ("a", "b")
    assert wait(slow.reserve(["a"], ["b"], 5.04)) == pytest.approx(0.06)
    assert slow.reserve(["a"], ["b"], 5.1) == ("a", "b")


def test_a_call_with_both_legs_on_a_trunk_counts_twice_against_its_rate() -> None:
    slow = capacity(a=(None, 10.0))
    assert slow.reserve(["a"], ["a"], 0.0) == ("a", "a")
    assert wait(slow.reserve(["a"], ["a"], 0.1)) == pytest.approx(0.1)
    assert slow.reserve(["a"], ["a"], 0.2) == ("a", "a")


def test_what_no_clock_mends_has_no_time() -> None:
    both = capacity(a=(2, 10.0))
    both.reserve(["a"], ["a"], 0.0)
    assert both.reserve(["a"], ["a"], 0.05) == Full(frozenset({"a"}), None)


def test_invites_are_sent_no_faster_than_the_rate_whoever_sends_them() -> None:
    slow = capacity(a=(None, 4.0))
    assert [slow.delay("a", 1.0) for _ in range(3)] == [0.0, 0.25, 0.5]
    assert slow.delay("a", 9.0) == 0.0


def test_a_leg_moves_to_another_trunk_if_that_has_room() -> None:
    two = capacity(a=(1, None), b=(1, None), c=(0, None))
    two.reserve(["a"], ["free"], 0.0)
    assert not two.move("a", "c", 0.0)
    assert two.move("a", "b", 0.0)
    assert (two.legs("a"), two.legs("b")) == (0, 1)


def test_giving_back_what_nobody_took_is_a_fault() -> None:
    with pytest.raises(ValueError, match="more than was taken"):
        capacity().give_back("a")


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["a", "b"]), st.booleans()), max_size=60))
def test_no_trunk_is_ever_over_its_channels(wishes: list[tuple[str, str, bool]]) -> None:
    tight = capacity(a=(3, None), b=(2, None))
    held: list[tuple[str, str]] = []
    for agent, customer, ends in wishes:
        if ends and held:
            for trunk in held.pop():
                tight.give_back(trunk)
        kept = tight.reserve([agent], [customer], 0.0)
        if not isinstance(kept, Full):
            held.append(kept)
        assert tight.legs("a") <= 3
        assert tight.legs("b") <= 2
        assert tight.legs("a") + tight.legs("b") == 2 * len(held)


@given(st.lists(st.floats(0, 1), max_size=80))
def test_no_second_sees_more_invites_than_the_rate(pauses: list[float]) -> None:
    slow, now, sent = capacity(a=(None, 5.0)), 0.0, []
    for pause in pauses:
        now += pause / 10
        sent.append(now + slow.delay("a", now))
    assert all(later - earlier >= 1 - 1e-6 for earlier, later in zip(sent, sent[5:], strict=False))
