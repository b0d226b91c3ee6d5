"""Whether a trunk is up, from signs of life, with hysteresis: one lost packet takes nothing down."""

from __future__ import annotations

from dataclasses import dataclass

from twoleg.domain.trunk import HealthCheck

OVERLOADED = 503
"""The one final status that is no sign of life: it asks to be left alone (RFC 3261 21.5.4)."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known; a trunk that was never asked is up."""

    is_up: bool = True
    against: int = 0
    """How many signs in a row spoke against `is_up`."""


def after(health: Health, status: int | None, check: HealthCheck) -> Health:
    """The health after one OPTIONS; `status` is its final status, None when none came. Any but 503 shows life."""
    is_alive = status is not None and status != OVERLOADED
    if is_alive is health.is_up:
        return Health(health.is_up)
    against = health.against + 1
    limit = check.successes if is_alive else check.failures
    return Health(is_alive) if against >= limit else Health(health.is_up, against)
