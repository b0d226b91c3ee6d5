"""How a command ends when it has no good answer. The message is one line for a person."""

from __future__ import annotations

NEGATIVE = 1
WRONG_USE = 2


class Usage(Exception):
    """The command was not given what it needs: exit code 2."""


class Negative(Exception):
    """The answer is no: exit code 1."""
