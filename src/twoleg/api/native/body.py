"""Bodies of requests: JSON to a wire type, strictly; an error is a problem that names the member at fault."""

from __future__ import annotations

import re
from functools import partial
from typing import TypeVar

from msgspec.json import Decoder

from twoleg.api.json_body import MISSING, NO_OBJECT, decode_body
from twoleg.api.native.problems import Kind, Problem, bad_member

T = TypeVar("T")

_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]{0,100})`")
_AT = re.compile(r"^(.+) - at `\$\.(\w+)[^`]*`$")
_TYPES = {
    "`str`": "a string",
    "`int`": "a whole number",
    "`bool`": "true or false",
    "`array`": "an array",
    "`object`": "an object",
    "`float`": "a number",
    "`null`": "null",
    " | null`": "`",
}


def decode(decoder: Decoder[T], body: bytes) -> T:
    """The body as the decoder's type. Raises `Problem` 400."""
    return decode_body(decoder, body, misfit=_in_plain_words, unreadable=partial(Problem, Kind.BAD_REQUEST))


def _in_plain_words(said: str) -> Problem:
    if missing := MISSING.match(said):
        return bad_member(missing[1], "the member is mandatory and missing")
    if unknown := _UNKNOWN.match(said):
        return bad_member(unknown[1], "there is no such member here")
    if at := _AT.match(said):
        return bad_member(at[2], _plain(at[1]))
    return Problem(Kind.BAD_REQUEST, NO_OBJECT)


def _plain(said: str) -> str:
    """The decoder's own message, in terms of JSON."""
    for theirs, ours in reversed(_TYPES.items()):
        said = said.replace(theirs, ours)
    return said[:1].lower() + said[1:]
