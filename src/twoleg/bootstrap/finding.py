"""What `twoleg check` says of one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one thing."""

    what: str
    sound: bool
    says: str
    milliseconds: float | None = None
    """How long a trunk or a relay took to answer."""
