"""The timers of a call as they are configured: for the engine that runs them, and to say by when a call has ended."""

from __future__ import annotations

from twoleg.config import Settings
from twoleg.domain.effects import Timer


def limits_of(settings: Settings) -> dict[Timer, float]:
    """Seconds of each."""
    timers = settings.timers
    return {
        Timer.QUEUE: timers.queue,
        Timer.RING_AGENT: timers.ring_agent,
        Timer.RING_CUSTOMER: timers.ring_customer,
        Timer.TALK: timers.max_talk,
    }
