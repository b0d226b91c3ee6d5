"""The choice of a trunk, the writing of numbers, failover, health: values in, values out."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.domain.errors import NoRoute
from twoleg.domain.trunk import HealthCheck, Rewrite, Trunk, choose_trunks, is_trunks_own_fault
from twoleg.domain.trunk_health import Health, after


def trunk(name: str, *prefixes: str, **rest: object) -> Trunk:
    return Trunk(name=name, uri=f"sip:{name}", prefixes=prefixes or ("",), **rest)  # type: ignore[arg-type]


def lowest(_limit: int) -> int:
    return 0


def names(*trunks: Trunk, number: str = "13800", tenant_id: str = "t1") -> list[str]:
    return [each.name for each in choose_trunks(trunks, number, tenant_id=tenant_id, draw=lowest)]


def test_the_longest_prefix_comes_first_and_the_others_follow() -> None:
    assert names(trunk("all"), trunk("mobile", "139", "138"), trunk("one", "1")) == ["mobile", "one", "all"]


def test_a_trunk_counts_by_its_own_longest_match() -> None:
    assert names(trunk("both", "", "1380"), trunk("mobile", "138")) == ["both", "mobile"]


def test_a_number_that_nobody_takes_has_no_route() -> None:
    with pytest.raises(NoRoute, match="no trunk has a prefix of 1370"):
        names(trunk("mobile", "138"), number="1370")


def test_the_lowest_priority_comes_first_among_equal_prefixes_only() -> None:
    backup, main = trunk("backup", "1", priority=20), trunk("main", "1", priority=10)
    assert names(backup, main, trunk("special", "138", priority=99)) == ["special", "main", "backup"]


def test_a_trunk_of_other_tenants_is_not_there() -> None:
    ours, theirs = trunk("ours", tenants=frozenset({"t1"})), trunk("theirs", "138", tenants=frozenset({"t2"}))
    assert names(ours, theirs, trunk("shared")) == ["ours", "shared"]
    with pytest.raises(NoRoute):
        names(theirs)


def test_weights_share_the_first_tries() -> None:
    chance = random.Random(7)
    heavy, light = trunk("heavy", weight=3), trunk("light", weight=1)
    firsts = Counter(
        choose_trunks([light, heavy], "1", tenant_id="t1", draw=lambda most: chance.randint(0, most))[0].name
        for _ in range(4000)
    )
    assert 0.70 < firsts["heavy"] / 4000 < 0.80


def test_a_trunk_of_no_weight_comes_after_its_equals() -> None:
    chance = random.Random(7)
    pair = [trunk("spare", weight=0), trunk("main", weight=1)]
    for _ in range(100):
        chosen = choose_trunks(pair, "1", tenant_id="t1", draw=lambda most: chance.randint(0, most))
        assert [each.name for each in chosen] == ["main", "spare"]


def test_equal_weights_share_alike() -> None:
    chance = random.Random(7)
    pair = [trunk("a", weight=50), trunk("b", weight=50)]
    firsts = Counter(
        choose_trunks(pair, "1", tenant_id="t1", draw=lambda most: chance.randint(0, most))[0].name for _ in range(4000)
    )
    assert 0.45 < firsts["a"] / 4000 < 0.55


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(["", "1", "13", "2"])), max_size=8),
    st.randoms(use_true_random=False),
)
def test_every_matching_trunk_is_there_once_and_in_rank(
    rules: list[tuple[int, int, str]], chance: random.Random
) -> None:
    trunks = [trunk(str(n), prefix, priority=p, weight=w) for n, (p, w, prefix) in enumerate(rules)]
    matching = [each for each in trunks if "130".startswith(each.prefixes[0])]
    if not matching:
        with pytest.raises(NoRoute):
            choose_trunks(trunks, "130", tenant_id="t", draw=lambda most: chance.randint(0, most))
        return
    chosen = choose_trunks(trunks, "130", tenant_id="t", draw=lambda most: chance.randint(0, most))
    assert sorted(each.name for each in chosen) == sorted(each.name for each in matching)
    ranks = [(-len(each.prefixes[0]), each.priority) for each in chosen]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("rule", "number", "written"),
    [
        (Rewrite(), "13800", "13800"),
        (Rewrite(strip="0", prepend="+49"), "0301", "+49301"),
        (Rewrite(strip="0", prepend="+49"), "+49301", "+49301"),
        (Rewrite(strip="00"), "0044", "44"),
        (Rewrite(prepend="9"), "123", "9123"),
    ],
)
def test_numbers_are_written_as_the_trunk_wants_them(rule: Rewrite, number: str, written: str) -> None:
    assert rule(number) == written


def test_a_trunks_password_stays_out_of_its_repr() -> None:
    assert "s3cret" not in repr(trunk("a", username="u", password="s3cret"))


@pytest.mark.parametrize(
    ("status", "said", "elsewhere"),
    [
        (None, None, True),
        (503, None, True),
        (500, None, True),
        (502, None, True),
        (504, None, True),
        (503, 34, True),
        (503, 17, False),
        (500, 1, False),
        (501, None, False),
        (486, None, False),
        (404, None, False),
        (408, None, False),
        (603, None, False),
        (302, None, False),
    ],
)
def test_only_the_trunks_own_trouble_is_tried_elsewhere(
    status: int | None, said: int | None, *, elsewhere: bool
) -> None:
    assert is_trunks_own_fault(status, said) is elsewhere


def follow(*statuses: int | None, start: Health | None = None) -> Health:
    health = start or Health()
    for status in statuses:
        health = after(health, status, HealthCheck(every=10, failures=3, successes=2))
    return health


def test_one_lost_answer_takes_nothing_down() -> None:
    assert follow(None, None).is_up
    assert not follow(None, None, None).is_up
    assert follow(None, None, 200, None, None).is_up


def test_a_trunk_comes_up_again_after_some_answers_in_a_row() -> None:
    down = follow(None, None, None)
    assert not follow(200, start=down).is_up
    assert not follow(200, None, 200, start=down).is_up
    assert follow(200, 200, start=down).is_up


@pytest.mark.parametrize("status", [200, 401, 404, 405, 500, 603])
def test_any_final_answer_shows_life(status: int) -> None:
    assert follow(None, None, status, None, None).is_up


def test_an_overloaded_trunk_counts_as_silent() -> None:
    assert not follow(503, 503, 503).is_up
