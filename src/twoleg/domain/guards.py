"""Guards against toll fraud and unwanted calls: what a tenant's calls are held to besides its rules. Values only."""

from __future__ import annotations

from dataclasses import dataclass

MINUTES_A_DAY = 24 * 60
LONGEST_PERIOD = 31 * 24 * 60 * 60
"""Seconds of a budget's period, at most."""


@dataclass(frozen=True, slots=True)
class NumberBudget:
    """How often one number may be called."""

    calls: int
    seconds: int
    """The period that slides along: 1-`LONGEST_PERIOD`."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When customers are left in peace, by the clock where they are."""

    begin: int
    """Minute of the day, 0-1439: the first that is quiet."""
    end: int
    """Minute of the day: the first that is not. Before `begin`: the hours go over midnight."""
    zone: str
    """IANA name of the zone for numbers that do not tell theirs, such as extensions."""

    def hold(self, minute: int) -> bool:
        """Whether that minute of the day is quiet."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a tenant's calls are held to. The defaults hold them to nothing."""

    region: str | None = None
    """ISO 3166 code of the country whose national numbers are dialled without a country code."""
    allowed_prefixes: tuple[str, ...] = ()
    """Only numbers that begin so may be rung; none: any."""
    denied_prefixes: tuple[str, ...] = ()
    """Numbers that begin so may not. Of all prefixes that fit a number the longest decides; equal ones deny."""
    concurrent_calls: int | None = None
    """Calls that have not ended."""
    calls_a_second: int | None = None
    number_budget: NumberBudget | None = None
    quiet_hours: QuietHours | None = None
    requests_a_second: int | None = None
    """Requests that each of its apps may make of one API process."""

    @property
    def calls_per_number(self) -> int | None:
        """The calls of the number budget."""
        return None if self.number_budget is None else self.number_budget.calls

    @property
    def count_calls(self) -> bool:
        """Whether other calls have to be looked at."""
        return (self.concurrent_calls, self.calls_a_second, self.number_budget) != (None, None, None)

    @property
    def look_at_numbers(self) -> bool:
        """Whether the two numbers have to be looked at."""
        return bool(self.allowed_prefixes or self.denied_prefixes or self.quiet_hours or self.number_budget)


NO_GUARDS = Guards()
