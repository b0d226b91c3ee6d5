"""What the world's numbering plans say of a number: the port."""

from __future__ import annotations

from typing import Protocol

from twoleg.domain.guard_rules import NumberFacts


class Numbering(Protocol):
    """Numbers, zones and clocks of the world. The first question may take some 50 ms, others 50 microseconds."""

    def facts(self, number: str, *, region: str | None) -> NumberFacts:
        """The number's spellings. `region`: whose national numbers are dialled without a country code."""

    def local_minutes(self, number: str, *, region: str | None, otherwise: str, now_ms: int) -> tuple[int, ...]:
        """The minute of the day in each zone that the number may lie in; in `otherwise` when no zone is known."""

    def is_region(self, name: str) -> bool:
        """Whether it is an ISO 3166 code that has a numbering plan."""

    def is_zone(self, name: str) -> bool:
        """Whether it is the IANA name of a zone."""
