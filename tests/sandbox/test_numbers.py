"""The table of numbers: complete, unambiguous, and the same for phones, README and people."""

from __future__ import annotations

import pytest

from twoleg.sandbox.behaviour import Answer, Behaviour, HangUp, Refuse, Ring
from twoleg.sandbox.numbers import (
    NUMBERS,
    OTHERS,
    behaviour_of,
    is_for_the_deaf,
    number_of,
    numbers_markdown,
    numbers_table,
)

ALL = [*NUMBERS.values(), OTHERS]


def test_every_ending_has_eight_digits_so_that_none_hides_another() -> None:
    assert all(len(ending) == 8 and ending.isdigit() for ending in NUMBERS)


@pytest.mark.parametrize("behaviour", ALL, ids=[*NUMBERS, "other"])
def test_cues_come_in_order_and_nothing_follows_the_end(behaviour: Behaviour) -> None:
    cues = behaviour.cues
    assert [cue.at for cue in cues] == sorted(cue.at for cue in cues)
    assert not any(isinstance(cue.act, Refuse | HangUp) for cue in cues[:-1])
    answers = [cue for cue in cues if isinstance(cue.act, Answer)]
    assert len(answers) <= 1
    assert all(cue.at <= answer.at for answer in answers for cue in cues if isinstance(cue.act, Ring))


@pytest.mark.parametrize("prefix", ["", "0", "+49", "888"])
def test_any_prefix_works(prefix: str) -> None:
    for ending, behaviour in NUMBERS.items():
        assert behaviour_of(prefix + ending) is behaviour


@pytest.mark.parametrize("number", ["88889050", "5550048", "555004860", "", "5500486", "x"])
def test_every_other_number_answers_after_a_second(number: str) -> None:
    assert behaviour_of(number) is OTHERS


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:55500486@127.0.0.1:5070", "55500486"),
        ("sips:+4955500486@carrier.example;transport=udp", "+4955500486"),
        ("sip:55500486;phone-context=+49@carrier.example;user=phone", "55500486"),
        ("tel:55500486;phone-context=+49", "55500486"),
        ("sip:127.0.0.1", ""),
        ("http://55500486", ""),
        ("sip:", ""),
    ],
)
def test_the_number_is_the_user_part(uri: str, number: str) -> None:
    assert number_of(uri) == number


@pytest.mark.parametrize(
    ("start", "is_deaf"),
    [
        (b"INVITE sip:55500000@127.0.0.1:5070 SIP/2.0", True),
        (b"CANCEL sip:88855500000@127.0.0.1;user=phone SIP/2.0", True),
        (b"OPTIONS tel:55500000 SIP/2.0", True),
        (b"INVITE sip:555000001@127.0.0.1 SIP/2.0", False),
        (b"INVITE sip:55500486@55500000.example SIP/2.0", False),
        (b"SIP/2.0 200 55500000", False),
        (b"55500000", False),
        (b"\xff 55500000 \xfe", False),
        (b"", False),
    ],
)
def test_only_requests_to_the_black_hole_fall_into_it(start: bytes, is_deaf: bool) -> None:  # noqa: FBT001
    assert is_for_the_deaf(start + b"\r\nTo: <sip:55500000@127.0.0.1>\r\n\r\n") is is_deaf


def test_the_table_for_people_has_a_row_for_each_number_and_one_for_all_others() -> None:
    table = numbers_table()
    assert [ending for ending, _ in table] == [*NUMBERS, "any other"]
    assert all(says and "|" not in says and "\n" not in says for _, says in table)


def test_the_markdown_shows_that_table() -> None:
    head, rule, *rows = numbers_markdown().splitlines()
    assert (head.count("|"), rule) == (3, "|---|---|")
    assert rows[0] == f"| `55500200` | {NUMBERS['55500200'].says} |"
    assert rows[-1] == f"| any other | {OTHERS.says} |"
    assert len(rows) == len(numbers_table())
