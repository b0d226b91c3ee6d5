"""What can be wrong with a configuration, as one line for the person who wrote it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ConfigError(Exception):
    """The configuration is wrong; the message is one line: where, which key, what is wrong, what is allowed."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """`unknown WHAT NAME` with the likeliest meant name, or all that would be right."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
    return f"unknown {what} {name}; {hint}"
