"""What the values of this core are made of: frozen records that are cheap to make, copy and compare.

A call's messages make and read some hundred of them; a frozen dataclass sets each of its fields by a call of its own.
`docs/adr/0007-values.md` has the measurements.
"""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace as _replace

ValueT = TypeVar("ValueT", bound="Value")


class Value(Struct, frozen=True, gc=False):
    """A frozen record: equal by its fields, never changed. It holds no cycles, so the collector need not look at it.

    One that holds an exception is made with `gc=True`: a traceback leads back to whoever holds it.
    """


def replace(value: ValueT, **changes: Any) -> ValueT:
    """The same value with those fields changed. Raises `TypeError` for a field it does not have."""
    return _replace(value, **changes)
