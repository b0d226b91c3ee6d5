"""The settings of the service as a whole: how it stops, and how it is followed by a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from twoleg.config import values


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Table `[service]`. Times in seconds."""

    drain: Annotated[float, values.seconds(0, 86_400)] = 30.0
    """How long a stop waits for living calls; then they are ended (reason 1006)."""
    hand_over: Annotated[float, values.seconds(0, 3600)] = 20.0
    """The same when a newer service follows: calls that are placed meanwhile wait in the queue as long.

    At most half of `timers.queue` counts, so that none of these has waited too long when the newer one dials it."""
    setup_delay: Annotated[float, values.seconds(0, 10)] = 0.15
    """By how much the engine may be late with its work before some new calls are refused; 0: none ever is."""
