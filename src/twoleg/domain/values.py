"""What the domain's values are made of: frozen records that are cheap to make, copy and compare.

A living call is copied at every step, some fifteen times on its way, and has as many fields: `docs/adr/0007-values.md`
has the measurements.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace as _replace

ValueT = TypeVar("ValueT", bound="Value")


class Value(Struct, frozen=True, gc=False):
    """A frozen record: equal by its fields, never changed. It holds no cycles, so the collector need not look at it."""


def concealed(value: object) -> str:
    """The `__repr__` of what holds a secret: tracebacks and logs show values by it."""
    return f"<{type(value).__name__}: not shown>"


class Word(Enum):
    """An `Enum` whose members hash by identity, in C; each exists once, so that is enough.

    `Enum` itself hashes the member's name by a method in Python, and a call looks into tables some hundred times.
    """

    __hash__ = object.__hash__


def replace(value: ValueT, **changes: Any) -> ValueT:
    """The same value with those fields changed. Raises `TypeError` for a field it does not have."""
    return _replace(value, **changes)
