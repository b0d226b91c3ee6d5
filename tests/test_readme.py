"""The README's tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from twoleg.cli.app import APP
from twoleg.domain.reasons import Reason
from twoleg.sandbox import numbers_markdown

README = Path(__file__).parents[1] / "README.md"


def test_the_sandbox_table_is_the_codes() -> None:
    between = re.search(r"<!-- sandbox table[^>]*-->\n(.*)<!-- end of", README.read_text(), re.DOTALL)
    assert between is not None
    assert between[1] == numbers_markdown()


def test_the_reasons_are_the_codes() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README.read_text(), re.MULTILINE)
    assert [(int(code), text) for code, text in rows] == [(int(reason), reason.text) for reason in Reason]


def test_every_command_is_named() -> None:
    text = README.read_text()
    commands = [command.name or command.callback.__name__ for command in APP.registered_commands if command.callback]
    assert {"serve", "call", "events"} <= set(commands)
    assert [name for name in commands if f"`twoleg {name}" not in text] == []
    for group in APP.registered_groups:
        assert group.typer_instance is not None
        named = [command.name for command in group.typer_instance.registered_commands]
        assert [name for name in named if f"{group.name} {name}" not in text] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text())
    assert [link for link in links if not (README.parent / link).exists()] == []
