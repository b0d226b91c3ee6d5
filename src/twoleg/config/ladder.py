"""The settings of ladders: which calls' SIP messages are kept, for how long, and who else gets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from twoleg.config import values
from twoleg.config.values import Address

_MEBI = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSettings:
    """Table `[ladder]`."""

    keep_good: Annotated[float, values.rate(0, 1)] = 0.01
    """Of the calls that went well, this share is kept."""
    keep_failed: Annotated[float, values.rate(0, 1)] = 1.0
    """Of all others."""
    days: Annotated[int, values.whole(1, 3650)] = 7
    max_messages: Annotated[int, values.whole(2, 10_000)] = 200
    """Of one call."""
    max_bytes: Annotated[int, values.whole(4096, 16 * _MEBI)] = 256 * 1024
    """Of one call."""
    max_memory: Annotated[int, values.whole(_MEBI, 16 * 1024 * _MEBI)] = 64 * _MEBI
    """Octets that the messages of all living calls may take in the engine."""
    max_disk: Annotated[int, values.whole(_MEBI, 1024 * 1024 * _MEBI)] = 1024 * _MEBI
    """Octets that kept ladders may take on disk."""
    hep: Annotated[Address | None, values.COLLECTOR] = None
    """A HEP3 collector that gets every message of every call."""
    hep_agent: Annotated[int, values.whole(0, 2**32 - 1)] = 2001
    """The capture id that we are known by there."""
    hep_key: Annotated[str | None, values.HEP_KEY] = field(default=None, repr=False)
    """What it knows us by; None: it asks for none."""
