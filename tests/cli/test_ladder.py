"""`twoleg ladder` beside a store that nobody serves."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ladder.capture_file import packets
from ladder.drawn import BEGAN, messages
from twoleg.adapters.store.sqlite.ladder_file import LadderFile
from twoleg.application.ladder.values import Capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]


@pytest.fixture
def serial(twoleg: Twoleg, tmp_path: Path) -> str:
    """A queued call with messages, though no engine would have kept them yet."""
    twoleg("tenant", "create", "Acme", "--access-code", "640003")
    placed: str = twoleg("call", "88889050", "88889060", "--json").json["serial"]
    with closing(LadderFile(tmp_path / "twoleg.ladder.db")) as file:
        file.put([Capture(serial=int(placed), tenant_id="t", ended_at=BEGAN, messages=messages())])
    return placed


def test_a_person_gets_text(twoleg: Twoleg, serial: str) -> None:
    ended = twoleg("ladder", serial)
    assert ended.code == 0
    lines = ended.printed.splitlines()
    assert lines[0] == f"Call {serial}, 88889050 -> 88889060, in progress"
    assert lines[1] == "All SIP messages are here."
    assert "<--------- INVITE (SDP) ---------|" in ended.printed


def test_a_program_gets_json(twoleg: Twoleg, serial: str) -> None:
    told = twoleg("ladder", serial, "--json").json
    assert told == twoleg("ladder", serial, "--format", "json").json
    assert told["capture"]["messages"] == len(messages())


def test_any_format_goes_to_a_file(twoleg: Twoleg, serial: str, tmp_path: Path) -> None:
    for wanted in ("json", "text", "mermaid", "svg", "pcap"):
        file = tmp_path / f"call.{wanted}"
        ended = twoleg("ladder", serial, "--format", wanted, "--output", str(file))
        assert (ended.code, ended.printed, ended.complained) == (0, "", "")
        assert file.stat().st_size > 100
    assert json.loads((tmp_path / "call.json").read_bytes())["serial"] == serial
    assert len(packets((tmp_path / "call.pcap").read_bytes())) == len(messages())


def test_without_messages_it_says_why(twoleg: Twoleg) -> None:
    twoleg("tenant", "create", "Acme", "--access-code", "640003")
    placed = twoleg("call", "88889050", "88889060", "--json").json["serial"]
    ended = twoleg("ladder", placed)
    assert "The call is in progress: its SIP messages can be read once it has ended." in ended.printed
    assert "* 1 call.queued" in ended.printed
    drawn = twoleg("ladder", placed, "--format", "mermaid")
    assert "The call is in progress" in drawn.complained


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("12345",), 1, "no call 12345"),
        (("x",), 2, "x is no serial"),
        (("12345", "--format", "gif"), 2, "gif"),
    ],
)
def test_what_cannot_be_drawn_is_told(twoleg: Twoleg, arguments: tuple[str, ...], code: int, says: str) -> None:
    twoleg("tenant", "create", "Acme", "--access-code", "640003")
    ended = twoleg("ladder", *arguments)
    assert ended.code == code
    assert says in ended.complained


def test_a_file_that_cannot_be_written_is_told(twoleg: Twoleg, serial: str, tmp_path: Path) -> None:
    ended = twoleg("ladder", serial, "--output", str(tmp_path / "nowhere" / "call.txt"))
    assert ended.code == 1
    assert "cannot be written" in ended.complained
