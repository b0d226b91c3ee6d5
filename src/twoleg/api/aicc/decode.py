"""Requests in: JSON to a wire type, where an error says which member broke which rule."""

from __future__ import annotations

import re
from functools import partial
from typing import TypeVar

from msgspec.json import Decoder

from twoleg.api.http import HttpError
from twoleg.api.json_body import MISSING, NO_OBJECT, decode_body

T = TypeVar("T")

_WRONG_TYPE = re.compile(r"^Expected `([^`]+)`, got `(\w+)` - at `\$\.(\w+)`")
_ELSEWHERE = re.compile(r"^(.+) - at `\$\.(\w+)`")
_JSON_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


_RULES = {"agentWorkNo": "must be a number of at most 5 digits"}
"""What the members with a rule besides their type must be."""


def decode(decoder: Decoder[T], body: bytes) -> T:
    """The body as the decoder's type. Raises `HttpError` 400 (decisions 1.3)."""
    return decode_body(
        decoder, body, misfit=lambda said: HttpError(400, _in_plain_words(said)), unreadable=partial(HttpError, 400)
    )


def _in_plain_words(said: str) -> str:
    """The decoder's own message, in terms of JSON and with the member first."""
    if missing := MISSING.match(said):
        return f"{missing[1]} is mandatory and missing"
    if wrong := _WRONG_TYPE.match(said):
        expected = " or ".join(_JSON_NAMES.get(kind, kind) for kind in wrong[1].split(" | ") if kind != "null")
        return f"{wrong[3]} must be {expected}, not {_JSON_NAMES.get(wrong[2], wrong[2])}"
    if elsewhere := _ELSEWHERE.match(said):
        return f"{elsewhere[2]} {_RULES.get(elsewhere[2], f'breaks a rule: {elsewhere[1]}')}"
    return NO_OBJECT
