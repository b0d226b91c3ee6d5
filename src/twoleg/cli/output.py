"""Writing to people and to machines."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def say_json(document: object) -> None:
    """One JSON document on one line, at once."""
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """One line about what went wrong."""
    ERR.print(f"[bold red]twoleg:[/] {_plain(line)}")


def hint(line: str) -> None:
    """One line that helps, where it does not disturb what machines read."""
    ERR.print(f"[dim]{_plain(line)}[/]")


def _plain(text: str) -> str:
    """Square brackets are not styles."""
    return text.replace("[", "\\[")
