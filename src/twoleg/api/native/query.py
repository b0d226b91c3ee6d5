"""Query parameters: read strictly, so that a misspelt one is told and not passed over."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl

from twoleg.api.native.problems import Problem, bad_member, over_limit

_TRUTHS = {"true": True, "false": False}
_MOST_DIGITS = 19


class Query:
    """The parameters of one request. All methods raise `Problem` with the parameter at fault."""

    def __init__(self, query: bytes, *, known: Collection[str]) -> None:
        """`known`: the names that the operation takes."""
        self._values: dict[str, str] = {}
        for name, value in _pairs(query):
            if name not in known:
                raise bad_member(name, f"this path takes the parameters {', '.join(sorted(known)) or 'none'}")
            if name in self._values:
                raise bad_member(name, "the parameter was sent more than once")
            self._values[name] = value

    def text(self, name: str, *, longest: int = 100) -> str | None:
        """The value; None when it was not sent."""
        value = self._values.get(name)
        if value is not None and len(value) > longest:
            raise over_limit(name, longest, f"{name} takes {longest} characters at most")
        return value

    def number(self, name: str, *, least: int = 0, most: int) -> int | None:
        """A whole number within these bounds; None when it was not sent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit()):
            raise bad_member(name, f"{name} must be a whole number from {least} to {most}, in digits")
        number = int(value) if len(value.lstrip("0")) <= _MOST_DIGITS else most + 1
        if number > most:
            raise over_limit(name, most, f"{name} is {most} at most")
        if number < least:
            raise bad_member(name, f"{name} is {least} at least")
        return number

    def truth(self, name: str) -> bool:
        """`true` or `false`; False when it was not sent."""
        value = self._values.get(name)
        if value is None:
            return False
        if value not in _TRUTHS:
            raise bad_member(name, f"{name} must be true or false")
        return _TRUTHS[value]


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError as error:  # of ASCII, of UTF-8 behind the percent signs, or too many
        raise bad_query() from error


def bad_query() -> Problem:
    """The query cannot be taken apart."""
    return bad_member("query", "the query must be percent-encoded UTF-8 with 32 parameters at most")
