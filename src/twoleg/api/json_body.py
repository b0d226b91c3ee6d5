"""Bodies of requests, JSON to a wire type: what can be wrong with them, told by each face in its own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder

from twoleg.api.http import HttpError

T = TypeVar("T")

MISSING: Final = re.compile(r"^Object missing required field `(\w+)`")
"""What the decoder says of a mandatory member that is not there; its name is the group."""
NO_OBJECT: Final = "the body must be a JSON object"
_BROKEN_OFF: Final = "Input data was truncated"
"""What the decoder says of an end that comes too early, and of half a surrogate pair at the end of a string."""


def decode_body(
    decoder: Decoder[T],
    body: bytes,
    *,
    misfit: Callable[[str], HttpError],
    unreadable: Callable[[str], HttpError],
) -> T:
    """The body as the decoder's type; raises what one of the two makes.

    `misfit`: of the decoder's words, for JSON that is not of the type; `unreadable`: of a sentence of ours, for what is
    no JSON at all.
    """
    try:
        return decoder.decode(body)
    except ValidationError as error:
        raise misfit(str(error)) from error
    except RecursionError as error:
        raise unreadable("the body is nested too deeply") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise unreadable(_unreadable(body, str(error))) from error


def _unreadable(body: bytes, said: str) -> str:
    """Why it is no JSON, in words for somebody who wrote the request by hand."""
    if not body:
        return f"the body is empty; {NO_OBJECT}"
    if said.startswith(_BROKEN_OFF):
        return "the body is not JSON in UTF-8: it breaks off too early, or a string ends with half a surrogate pair"
    return f"the body is not JSON in UTF-8: {said}"
