"""Telephone numbers as the service takes them: dialled and reported as given, never normalised in silence."""

from __future__ import annotations

MAX_LENGTH = 32
_DIGITS = frozenset("0123456789")


def is_dialable(number: str) -> bool:
    """Whether it is 1-32 characters: ASCII digits with an optional leading '+' (decisions 3.5)."""
    digits = number.removeprefix("+")
    return bool(digits) and len(number) <= MAX_LENGTH and _DIGITS.issuperset(digits)


def is_transparent_clip(number: str) -> bool:
    """Whether it may be displayed by a tenant with transparent display: 11-14 digits (decisions 3.4)."""
    return 11 <= len(number) <= 14 and _DIGITS.issuperset(number)
