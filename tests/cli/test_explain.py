"""`twoleg explain`: the verdict in a terminal, and as the document that the API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]


@pytest.fixture
def serial(twoleg: Twoleg) -> str:
    twoleg("tenant", "create", "Acme", "--access-code", "640003")
    placed: str = twoleg("call", "88889050", "88889060", "--json").json["serial"]
    return placed


def test_a_verdict_is_a_sentence_and_what_it_rests_on(twoleg: Twoleg, serial: str) -> None:
    ended = twoleg("explain", serial)

    assert ended.code == 0
    lines = ended.printed.splitlines()
    assert lines[0].startswith("The call has been waiting to be dialled for 0.")
    assert lines[1:4] == [
        "retry      no",
        "certainty  certain: it is what the service recorded last",
        "evidence   the call was placed",
    ]


def test_the_verdict_comes_in_chinese_when_asked(twoleg: Twoleg, serial: str) -> None:
    assert "该呼叫已等待拨出" in twoleg("explain", serial, "--lang", "zh").printed


def test_machines_get_the_document_of_the_api(twoleg: Twoleg, serial: str) -> None:
    told = twoleg("explain", serial, "--json").json

    assert told["serial"] == serial
    assert told["retry"] == {"sensible": False, "rule": "do not place it again, it is still alive"}
    assert told["certainty"]["level"] == "certain"


def test_an_unknown_call_is_a_no_and_a_language_that_is_not_spoken_wrong_use(twoleg: Twoleg, serial: str) -> None:
    assert twoleg("explain", "645735364434067472").code == 1
    assert twoleg("explain", serial, "--lang", "fr").code == 2
    assert twoleg("explain", "x").code == 2
