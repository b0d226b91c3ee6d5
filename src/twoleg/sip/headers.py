"""The ordered collection of header fields; the structured values in them are re-exported from `header_values`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from twoleg.sip.header_names import CANONICAL, canonical_name
from twoleg.sip.header_values import CSeq, NameAddr, Reason, Via

__all__ = ["CSeq", "Headers", "NameAddr", "Reason", "Via"]

T = TypeVar("T")


class Headers:  # noqa: PLW1641 - mutable, so it has no hash
    """Header fields in wire order, each a (canonical name, text) pair; names may be given in any case or form.

    Values are text: UTF-8, with bytes that are not UTF-8 kept as surrogate escapes.  `parsed` remembers what a
    reader made of a field until that field changes.
    """

    __slots__ = ("_first", "_items", "_parsed")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = [(canonical_name(name), value) for name, value in items]
        self._parsed: dict[str, Any] = {}
        self._first: dict[str, str] | None = None
        """The first value of each name, once somebody asked."""

    @classmethod
    def of_canonical(cls, items: list[tuple[str, str]]) -> Headers:
        """Adopt `items` without a copy; their names must be canonical already."""
        headers = cls()
        headers._items = items
        return headers

    def get(self, name: str) -> str | None:
        """The first value of `name`, None when there is none."""
        first = self._first
        if first is None:
            first = self._first = dict(reversed(self._items))
        return first.get(CANONICAL.get(name) or canonical_name(name))

    def get_all(self, name: str) -> list[str]:
        """Every value of `name` in order, one per header line (a line may hold a comma separated list)."""
        wanted = CANONICAL.get(name) or canonical_name(name)
        return [value for key, value in self._items if key == wanted]

    def add(self, name: str, value: str) -> None:
        """Append a field."""
        name = canonical_name(name)
        self._items.append((name, value))
        self._changed(name)

    def insert_first(self, name: str, value: str) -> None:
        """Put a field before all others, as a new topmost Via must be."""
        name = canonical_name(name)
        self._items.insert(0, (name, value))
        self._changed(name)

    def set(self, name: str, value: str) -> None:
        """Make `value` the only one of `name`, in the place of the first, or at the end."""
        name = canonical_name(name)
        at = self._index(name, default=len(self._items))
        tail = [item for item in self._items[at:] if item[0] != name]
        self._items[at:] = [(name, value), *tail]
        self._changed(name)

    def replace_first(self, name: str, value: str) -> None:
        """Change the first field of `name`, or append one, and leave the others (`received` in the topmost Via)."""
        name = canonical_name(name)
        at = self._index(name, default=len(self._items))
        self._items[at : at + 1] = [(name, value)]
        self._changed(name)

    def remove(self, name: str) -> None:
        """Drop every field of `name`; none is fine."""
        name = canonical_name(name)
        self._items = [item for item in self._items if item[0] != name]
        self._changed(name)

    def parsed(self, name: str, reader: Callable[[Headers], T]) -> T:
        """What `reader` makes of the field `name` (canonical), computed once until `name` changes."""
        known = self._parsed
        value: T = known[name] if name in known else known.setdefault(name, reader(self))
        return value

    def copy(self) -> Headers:
        """An independent copy."""
        return Headers.of_canonical(self._items.copy())

    def _changed(self, name: str) -> None:
        self._parsed.pop(name, None)
        self._first = None

    def _index(self, name: str, *, default: int) -> int:
        return next((i for i, (key, _) in enumerate(self._items) if key == name), default)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._items == other._items

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"
