"""Serials: decisions 3.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.domain.serials import (
    CHANCE_BITS,
    EPOCH_MS,
    LARGEST_NODE,
    LARGEST_SERIAL,
    TIME_BITS,
    made_at,
    make_serial,
    node_of,
)

TIMES = st.integers(EPOCH_MS + 1, EPOCH_MS + 2**TIME_BITS - 1)
NODES = st.integers(0, LARGEST_NODE)
CHANCES = st.integers(0, 2**CHANCE_BITS - 1)
TODAYS = st.integers(1_577_836_800_000, 2_524_608_000_000)
"""2020 to 2050."""


@given(now=TIMES, node=NODES, chance=CHANCES)
def test_serial_is_positive_fits_64_bits_and_tells_its_time_and_node(now: int, node: int, chance: int) -> None:
    serial = make_serial(now_ms=now, node_id=node, chance=chance)

    assert 0 < serial <= LARGEST_SERIAL == 2**63 - 1
    assert made_at(serial) == now
    assert node_of(serial) == node


@given(now=TODAYS, node=NODES, chance=CHANCES)
def test_serial_of_today_has_18_or_19_digits(now: int, node: int, chance: int) -> None:
    assert len(str(make_serial(now_ms=now, node_id=node, chance=chance))) in (18, 19)


@given(now=TODAYS, nodes=st.tuples(NODES, NODES), chances=st.tuples(CHANCES, CHANCES))
def test_later_millisecond_has_the_larger_serial_on_any_node(
    now: int, nodes: tuple[int, int], chances: tuple[int, int]
) -> None:
    earlier = make_serial(now_ms=now, node_id=nodes[0], chance=chances[0])

    assert earlier < make_serial(now_ms=now + 1, node_id=nodes[1], chance=chances[1])


@given(
    now=TIMES,
    one=st.tuples(NODES, CHANCES),
    other=st.tuples(NODES, CHANCES),
)
def test_serials_differ_when_node_or_chance_does(now: int, one: tuple[int, int], other: tuple[int, int]) -> None:
    serials = {make_serial(now_ms=now, node_id=node, chance=chance) for node, chance in (one, other)}

    assert len(serials) == len({one, other})


@pytest.mark.parametrize(
    ("now", "node", "chance"),
    [
        (EPOCH_MS, 0, 0),
        (EPOCH_MS + 2**TIME_BITS, 0, 0),
        (EPOCH_MS + 1, -1, 0),
        (EPOCH_MS + 1, 64, 0),
        (EPOCH_MS + 1, 0, -1),
        (EPOCH_MS + 1, 0, 2**CHANCE_BITS),
    ],
)
def test_what_does_not_fit_is_an_error(now: int, node: int, chance: int) -> None:
    with pytest.raises(ValueError, match=r"2010|node|chance"):
        make_serial(now_ms=now, node_id=node, chance=chance)
