"""What a client would rather have: the weighed lists of Accept and Accept-Language (RFC 9110, section 12.5)."""

from __future__ import annotations

from typing import NamedTuple

from twoleg.api.asgi import Headers


class Liked(NamedTuple):
    """One range and how much it is liked; what is malformed weighs nothing."""

    weight: float
    """0 (not at all) to 1."""
    what: str
    """A media or language range in lower case, without parameters."""


def liked(headers: Headers, name: bytes) -> list[Liked]:
    """The ranges of that header, in the client's order; none when it was not sent. `name`: in lower case."""
    given = b",".join(value for each, value in headers if each == name).decode("latin-1")
    return [_liked(part) for part in given.lower().replace(" ", "").replace("\t", "").split(",") if part]


def _liked(part: str) -> Liked:
    what, *parameters = part.split(";")
    weights = [each[2:] for each in parameters if each.startswith("q=")]
    try:
        weight = float(weights[0]) if weights else 1.0
    except ValueError:
        weight = 0.0
    return Liked(weight if 0 <= weight <= 1 else 0.0, what)
