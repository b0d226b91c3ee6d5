"""Bodies of requests: JSON to a wire type, strictly; an error is a problem that names the member at fault."""

from __future__ import annotations

import re
from typing import TypeVar

from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder

from twoleg.api.native.problems import Kind, Problem, bad_member

T = TypeVar("T")

_MISSING = re.compile(r"^Object missing required field `(\w+)`")
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
    try:
        return decoder.decode(body)
    except ValidationError as error:
        raise _in_plain_words(str(error)) from error
    except RecursionError as error:
        raise Problem(Kind.BAD_REQUEST, "the body is nested too deeply") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise Problem(Kind.BAD_REQUEST, f"the body is not JSON in UTF-8: {error}") from error


def _in_plain_words(said: str) -> Problem:
    if missing := _MISSING.match(said):
        return bad_member(missing[1], "the member is mandatory and missing")
    if unknown := _UNKNOWN.match(said):
        return bad_member(unknown[1], "there is no such member here")
    if at := _AT.match(said):
        return bad_member(at[2], _plain(at[1]))
    return Problem(Kind.BAD_REQUEST, "the body must be a JSON object")


def _plain(said: str) -> str:
    """The decoder's own message, in terms of JSON."""
    for theirs, ours in reversed(_TYPES.items()):
        said = said.replace(theirs, ours)
    return said[:1].lower() + said[1:]
