"""`twoleg events` beside a store that nobody serves, and beside one whose call goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.test_calls import CALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]


@pytest.fixture
def serial(twoleg: Twoleg) -> str:
    twoleg("tenant", "create", "Acme", "--access-code", "640003")
    placed: str = twoleg(*CALL, "--json").json["serial"]
    return placed


def test_the_events_of_a_call_are_shown_a_line_each(twoleg: Twoleg, serial: str) -> None:
    ended = twoleg("events", serial)

    assert ended.code == 0
    (line,) = ended.printed.splitlines()
    assert f"  {serial}-1  call.queued  88889050 -> 88889060" in line


def test_for_machines_they_are_cloud_events(twoleg: Twoleg, serial: str) -> None:
    event = twoleg("events", serial, "--json").json

    assert (event["id"], event["type"], event["specversion"]) == (f"{serial}-1", "twoleg.call.queued", "1.0")
    assert event["data"]["caller"] == "88889050"


def test_a_cursor_leaves_out_what_was_seen(twoleg: Twoleg, serial: str) -> None:
    other = twoleg("call", "88889050", "88889061", "--json").json["serial"]

    assert twoleg("events").printed.count("call.queued") == 2
    for cursor in (f"{serial}-1", "0"):
        printed = twoleg("events", "--after", cursor).printed
        assert (f"{serial}-1" in printed, f"{other}-1" in printed) == (cursor == "0", True)
    assert twoleg("events", "--after", "latest").printed == ""
    assert twoleg("events", serial, "--after", "1").printed == ""
    assert twoleg("events", "--tenant", "Acme", "--after", f"{serial}-1").printed.count("call.queued") == 1


@pytest.mark.parametrize("cursor", ["x", "7-", "1-1-1"])
def test_what_is_no_cursor_is_wrong_use(twoleg: Twoleg, serial: str, cursor: str) -> None:
    for arguments in (("events",), ("events", serial), ("events", "--tenant", "Acme")):
        ended = twoleg(*arguments, "--after", cursor)
        assert ended.code == 2
        assert f"--after {cursor}: a cursor is the id of an event" in ended.complained


def test_an_unknown_call_has_no_events(twoleg: Twoleg, serial: str) -> None:
    assert serial
    assert twoleg("events", "1").code == 1
    assert twoleg("events", "--after", "1-1").code == 1
