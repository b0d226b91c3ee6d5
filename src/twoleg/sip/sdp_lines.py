"""The line level of session descriptions (RFC 4566 5): cutting a body, numbers, addresses and direction lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from twoleg.sip.errors import SdpError

Line = tuple[str, str]
"""Type letter and value of one line: ("o", "- 1 1 IN IP4 192.0.2.1")."""

# Not re.ASCII: what stands between two fields for str.split, such as U+001F, must not pass for a part of one here.
_MEDIA: Final = re.compile(r"\S+ +[0-9]{1,5}(?:/[0-9]{1,5})? +\S+(?: +\S+)+ *")
_NUMBER: Final = re.compile(r"\d{1,40}", re.ASCII)
_MAX_PORT: Final = 65_535


class Direction(StrEnum):
    """Who sends, from the point of view of the author of the description (RFC 3264 5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def answered(self) -> Direction:
        """The widest direction that answers this one (RFC 3264 6.1)."""
        return _ANSWERS.get(self, self)


_ANSWERS: Final = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}


def read_lines(body: bytes) -> list[Line]:
    """The lines of a body; bare line feeds and empty lines at the end are tolerated.  Raises SdpError."""
    text = body.decode("utf-8", "surrogateescape").replace("\r\n", "\n").rstrip("\n")
    if "\r" in text:
        raise SdpError("bare carriage return")
    lines: list[Line] = []
    for line in text.split("\n"):
        if line[1:2] != "=" or not line[0].isalpha():
            raise SdpError("line that is not of the form x=value")
        lines.append((line[0], line[2:]))
    return lines


def check_media_line(value: str) -> None:
    """Raise SdpError unless `value` is `kind port[/count] protocol format...`."""
    if _MEDIA.fullmatch(value) is None or int(value.split()[1].partition("/")[0]) > _MAX_PORT:
        raise SdpError("malformed m= line")


def parse_number(text: str) -> int:
    """A non-negative integer of at most 40 digits: RFC 4566 sets no bound, we must."""
    if _NUMBER.fullmatch(text) is None:
        raise SdpError("malformed number")
    return int(text)


def network_of(address: str) -> str:
    """`IN IP4 address` or `IN IP6 address`, as c= and o= lines have it."""
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"


def connection_address(lines: Iterable[Line]) -> str | None:
    """The address of the first c= line, without a multicast suffix; None when there is none."""
    for letter, value in lines:
        if letter == "c":
            fields = value.split()
            return fields[2].partition("/")[0] if len(fields) > 2 else None
    return None


def direction_of(lines: Iterable[Line]) -> Direction | None:
    """The first direction attribute among `lines`."""
    for letter, value in lines:
        if letter == "a" and value in _DIRECTIONS:
            return _DIRECTIONS[value]
    return None


def without_direction(lines: Iterable[Line]) -> tuple[Line, ...]:
    """`lines` less every direction attribute."""
    return tuple([line for line in lines if not (line[0] == "a" and line[1] in _DIRECTIONS)])
