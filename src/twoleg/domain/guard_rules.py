"""The rules behind a tenant's guards, as tables over facts: what the two numbers are, and what other calls exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twoleg.domain.guards import Guards
from twoleg.domain.tenant import CallRequest, Refusal, Refused, Tenant


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What is known of a number."""

    given: str
    international: str | None = None
    """The same in E.164 with its plus; None: it cannot be told (an extension, no region)."""
    spellings: tuple[str, ...] = ()
    """Both of these, and every other way in which the same phone may be dialled or written down."""
    minutes: tuple[int, ...] = ()
    """What time it may be there: the minute of the day, in each zone that the number may lie in."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What has to be counted, in the transaction that places the call, before it may be placed."""

    guards: Guards
    caller: tuple[str, ...]
    """Spellings of the agent's number."""
    called: tuple[str, ...]
    """Spellings of the customer's."""
    has_list: bool
    """Whether the tenant keeps a do-not-call list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was found. Each is counted as far as its limit only."""

    unwanted: str | None = None
    """Which of the request's members names a number on the do-not-call list."""
    living: int = 0
    last_second: int = 0
    to_number: int = 0
    """Calls to this customer within the budget's period."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What the first table looks at."""

    tenant: Tenant
    request: CallRequest
    caller: NumberFacts
    called: NumberFacts


_NUMBER_RULES: tuple[tuple[Refusal, str, Callable[[_Numbers], bool]], ...] = (
    (
        Refusal.DESTINATION_DENIED,
        "called",
        lambda each: is_denied(each.tenant.guards, each.called),
    ),
    (
        Refusal.DESTINATION_DENIED,
        "caller",
        # A phone on the tenant's own list of phones was allowed by its name.
        lambda each: (
            each.request.caller not in (each.tenant.phones or ()) and is_denied(each.tenant.guards, each.caller)
        ),
    ),
    (
        Refusal.QUIET_HOURS,
        "called",
        lambda each: are_quiet(each.tenant.guards, each.called.minutes),
    ),
)
"""Refusal, member at fault, and whether the rule is broken: asked in this order."""

_COUNT_RULES: tuple[tuple[Refusal, Callable[[Guards, Counts], bool]], ...] = (
    (Refusal.DO_NOT_CALL, lambda _, found: found.unwanted is not None),
    (Refusal.CONCURRENT_CALLS, lambda guards, found: _is_full(guards.concurrent_calls, found.living)),
    (Refusal.CALLS_A_SECOND, lambda guards, found: _is_full(guards.calls_a_second, found.last_second)),
    (
        Refusal.NUMBER_BUDGET,
        lambda guards, found: _is_full(guards.calls_per_number, found.to_number),
    ),
)
"""Likewise, of what only the store knows."""

_MEMBERS = {Refusal.NUMBER_BUDGET: "called"}


def check_numbers(tenant: Tenant, request: CallRequest, *, caller: NumberFacts, called: NumberFacts) -> Refused | None:
    """The first guard that the two numbers break, whatever other calls there are."""
    numbers = _Numbers(tenant, request, caller, called)
    for refusal, member, is_broken in _NUMBER_RULES:
        if is_broken(numbers):
            return Refused(refusal, member)
    return None


def check_counts(guards: Guards, found: Counts) -> Refused | None:
    """The first guard that one more call would break."""
    for refusal, is_broken in _COUNT_RULES:
        if is_broken(guards, found):
            return Refused(refusal, found.unwanted if refusal is Refusal.DO_NOT_CALL else _MEMBERS.get(refusal))
    return None


def is_denied(guards: Guards, number: NumberFacts) -> bool:
    """Whether it may not be rung: the longest prefix that fits it, as given or in E.164, decides.

    Other spellings do not count: an allowed extension `1` must not open the world behind `+1`.
    """
    allowed, denied = _longest(guards.allowed_prefixes, number), _longest(guards.denied_prefixes, number)
    if not allowed and not denied:
        return bool(guards.allowed_prefixes)
    return denied >= allowed


def are_quiet(guards: Guards, minutes: Iterable[int]) -> bool:
    """Whether the customer may be asleep: one zone in which it is quiet is enough."""
    hours = guards.quiet_hours
    return hours is not None and any(hours.hold(minute) for minute in minutes)


def _longest(prefixes: Iterable[str], number: NumberFacts) -> int:
    forms = (number.given, number.international or number.given)
    return max((len(each) for each in prefixes if any(form.startswith(each) for form in forms)), default=0)


def _is_full(limit: int | None, found: int) -> bool:
    return limit is not None and found >= limit
