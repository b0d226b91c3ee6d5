"""Parts of a file by request (RFC 9110, 13 and 14): one range of bytes, and whether it is still the same file."""

from __future__ import annotations

import re
from typing import NamedTuple

from twoleg.api.asgi import Headers

_ONE_RANGE = re.compile(rb"bytes=[ \t]*(\d{0,18})[ \t]*-[ \t]*(\d{0,18})[ \t]*", re.IGNORECASE)


class Part(NamedTuple):
    """The bytes from `begin` up to and without `end`."""

    begin: int
    end: int


class Unsatisfiable(Exception):
    """No byte of the range is in the file: 416 (RFC 9110 15.5.17)."""


def part_of(headers: Headers, *, size: int, etag: bytes) -> Part | None:
    """The part that is asked for; None: all of it. Raises `Unsatisfiable`.

    Several ranges, other units and what is malformed are ignored, as RFC 9110 14.2 allows; so is a range whose
    If-Range names another file, or a date: our tags are strong and there is one for each file.
    """
    named = [value for name, value in headers if name == b"range"]
    if len(named) != 1 or not _is_same(headers, etag):
        return None
    match = _ONE_RANGE.fullmatch(named[0])
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        begin, end = max(0, size - int(match[2])), size
    else:
        begin = int(match[1])
        end = min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < begin:
            return None
    if begin >= size or begin >= end:
        raise Unsatisfiable
    return Part(begin, end)


def is_known(headers: Headers, etag: bytes) -> bool:
    """Whether the client has this very file already (If-None-Match): 304."""
    tags = b",".join(value for name, value in headers if name == b"if-none-match")
    return any(tag.strip().removeprefix(b"W/") in (etag, b"*") for tag in tags.split(b",") if tag.strip())


def _is_same(headers: Headers, etag: bytes) -> bool:
    conditions = [value.strip() for name, value in headers if name == b"if-range"]
    return all(condition == etag for condition in conditions)
