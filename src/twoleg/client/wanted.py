"""What users hand in, turned into what goes over the wire: times, filters, callback URLs."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

Moment = int | datetime
"""Ms since the epoch, or a time with its zone."""


def milliseconds(moment: Moment) -> int:
    """In ms since the epoch. Raises `ValueError` for a time without a zone: it would be somebody's guess."""
    if isinstance(moment, int):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a time without a zone: give it one, for instance datetime.UTC")
    return round(moment.timestamp() * 1000)


def filters(**given: str | int | datetime | None) -> dict[str, str]:
    """The parameters of a list, without those that were not given; `since` and `until` are `from` and `to` there."""
    names = {"since": "from", "until": "to"}
    return {
        names.get(name, name): str(milliseconds(value) if isinstance(value, datetime) else value)
        for name, value in given.items()
        if value is not None
    }


def callback(url: str | None) -> str | None:
    """As createCall v1 wants a URL: in Base64."""
    return None if url is None else b64encode(url.encode()).decode()
