"""Bodies of requests: JSON to a wire type, strictly; an error is a problem that names the member at fault."""

from __future__ import annotations

import re
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.inspect import EnumType, LiteralType, Metadata, NoneType, StructType, Type, UnionType, type_info
from msgspec.json import Decoder

from twoleg.api.http import HttpError
from twoleg.api.json_body import MISSING, NO_OBJECT, decode_body
from twoleg.api.native.problems import Kind, Problem, bad_member

T = TypeVar("T", bound=Struct)

_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]{0,100})`")
_AT = re.compile(r"^(.+) - at `\$\.([\w.]+)[^`]*`$")
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
    """The body as the decoder's type. Raises `Problem` 400; a member of a member is named with a dot between them."""
    misfit = partial(_in_plain_words, decoder.type)
    return decode_body(decoder, body, misfit=misfit, unreadable=partial(Problem, Kind.BAD_REQUEST))


def _in_plain_words(wanted: type[Struct], said: str) -> HttpError:
    at = _AT.match(said)
    inside = f"{at[2]}." if at else ""
    if missing := MISSING.match(said):
        return bad_member(inside + missing[1], "the member is mandatory and missing")
    if unknown := _UNKNOWN.match(said):
        return bad_member(inside + unknown[1], "there is no such member here")
    if at:
        choices = _choices(wanted, at[2])
        return bad_member(at[2], f"it is one of {', '.join(choices)}" if choices else _plain(at[1]))
    return Problem(Kind.BAD_REQUEST, NO_OBJECT)


def _choices(wanted: type[Struct], path: str) -> list[str]:
    """The values that the member can have, where they are listed."""
    found: Type = type_info(wanted)
    for name in path.split("."):
        if isinstance(found, StructType):
            found = _bare(next(field.type for field in found.fields if field.encode_name == name))
    if isinstance(found, EnumType):
        return [str(each.value) for each in found.cls]
    return [str(each) for each in found.values] if isinstance(found, LiteralType) else []


def _bare(kind: Type) -> Type:
    """Without what is said of it, and without null."""
    while isinstance(kind, Metadata | UnionType):
        if isinstance(kind, Metadata):
            kind = kind.type
        else:
            kind = next(each for each in kind.types if not isinstance(each, NoneType))
    return kind


def _plain(said: str) -> str:
    """The decoder's own message, in terms of JSON."""
    for theirs, ours in reversed(_TYPES.items()):
        said = said.replace(theirs, ours)
    return said[:1].lower() + said[1:]
