"""Writing to people and to machines."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console

_WIDE = 200
"""Columns of a page that is no terminal: tables in files and pipes are not cut."""

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
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
