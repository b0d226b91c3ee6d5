"""A phone's clockwork: what it does, at which second, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twoleg.sandbox.behaviour import Act, Answer, HangUp, Refuse, Ring
from twoleg.sandbox.numbers import NUMBERS, behaviour_of
from twoleg.sandbox.phone import Phone

START = 100.0


def played(number: str) -> list[tuple[float, str]]:
    """What the phone does when it is asked whenever it wants to be: (seconds after the INVITE, act)."""
    phone = Phone(behaviour_of(number), now=START)
    done = []
    while (deadline := phone.deadline()) is not None:
        done += [(deadline - START, _name(act)) for act in phone.take_due(deadline)]
    return done


def _name(act: Act) -> str:
    match act:
        case Ring(status, is_early_media):
            return f"{status} with media" if is_early_media else f"{status}"
        case Answer():
            return "200"
        case Refuse(status, reason):
            return f"{status}" if reason is None else f"{status} {reason.protocol} {reason.cause}"
        case HangUp(reason):
            return "BYE" if reason is None else f"BYE {reason.protocol} {reason.cause}"


STORIES = {
    "88889050": [(0, "180"), (1, "200")],
    "55500200": [(0, "180"), (1, "200")],
    "55500002": [(0, "180"), (1, "200"), (3, "BYE Q.850 16")],
    "55500180": [(2, "180"), (5, "200")],
    "55500183": [(0, "183 with media"), (2, "200")],
    "55500407": [(0, "180"), (1, "200")],
    "55500408": [(0, "180")],
    "55500481": [(0, "180"), (1, "480")],
    "55500487": [(0, "180")],
    "55500404": [(0, "404")],
    "55500480": [(0, "480")],
    "55500486": [(0, "486")],
    "55500503": [(0, "503 Q.850 34")],
    "55500603": [(0, "603")],
    "55500000": [],
}


@pytest.mark.parametrize("number", STORIES)
def test_each_number_does_what_its_row_says(number: str) -> None:
    assert played(number) == STORIES[number]


def test_every_number_of_the_table_has_its_story_here() -> None:
    assert NUMBERS.keys() <= STORIES.keys()


def test_nothing_is_done_before_its_time_or_twice() -> None:
    phone = Phone(behaviour_of("55500200"), now=START)
    assert phone.take_due(START + 0.999) == [Ring()]
    assert phone.take_due(START + 0.999) == []
    assert phone.take_due(START + 1) == [Answer()]
    assert phone.deadline() is None


def test_a_phone_asked_late_catches_up_in_order() -> None:
    phone = Phone(behaviour_of("55500002"), now=START)
    assert [_name(act) for act in phone.take_due(START + 60)] == ["180", "200", "BYE Q.850 16"]


@pytest.mark.parametrize("number", STORIES)
def test_only_487_takes_off_in_the_last_moment_and_only_once(number: str) -> None:
    phone = Phone(behaviour_of(number), now=START)
    phone.take_due(START)
    assert phone.take_last_moment() == ([Answer()] if number == "55500487" else [])
    assert phone.take_last_moment() == []


def test_a_phone_that_answered_has_no_last_moment() -> None:
    behaviour = replace(behaviour_of("55500200"), answers_cancel=True)
    for seconds, acts in ((0.5, [Answer()]), (1, [])):
        phone = Phone(behaviour, now=START)
        phone.take_due(START + seconds)
        assert phone.take_last_moment() == acts
