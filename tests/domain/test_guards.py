"""Guards against toll fraud: each rule on its own, as a table of facts."""

from __future__ import annotations

import pytest

from twoleg.domain.guard_rules import Counts, NumberFacts, are_quiet, check_counts, check_numbers, is_denied
from twoleg.domain.guards import NO_GUARDS, Guards, NumberBudget, QuietHours
from twoleg.domain.tenant import CallRequest, Profile, Refusal, Refused, Tenant

NIGHT = QuietHours(begin=21 * 60, end=8 * 60, zone="Europe/Berlin")
NOON = QuietHours(begin=12 * 60, end=13 * 60, zone="Europe/Berlin")


def tenant(guards: Guards, **rules: object) -> Tenant:
    return Tenant("t", name="T", profile=Profile.AICC, access_codes=("640003",), guards=guards, **rules)  # type: ignore[arg-type]


def checked(
    guards: Guards, *, called: str = "+8613800000000", minutes: tuple[int, ...] = (), **rules: object
) -> Refused | None:
    request = CallRequest("88889050", called)
    return check_numbers(
        tenant(guards, **rules), request, caller=NumberFacts("88889050"), called=NumberFacts(called, minutes=minutes)
    )


PREFIXES = [
    # allowed, denied, number as given, in E.164, denied?
    ((), (), "123", None, False),
    (("+49",), (), "+4930123", "+4930123", False),
    (("+49",), (), "+8613", "+8613", True),
    (("+49",), (), "030123", "+4930123", False),
    ((), ("+4990",), "+49900123", "+49900123", True),
    ((), ("+4990",), "0900123", "+49900123", True),
    ((), ("+4990",), "0049900123", "+49900123", True),
    (("+49",), ("+4990",), "+49900123", "+49900123", True),
    (("+49", "+499001"), ("+4990",), "+499001234", "+499001234", False),
    (("+49",), ("+49",), "+4930", "+4930", True),
    (("1",), (), "101", None, False),
    (("1",), (), "+12125551234", "+12125551234", True),
    ((), ("+",), "+4930", "+4930", True),
    ((), ("+",), "88889050", None, False),
    ((), ("+",), "0049301234567", "+49301234567", True),
]


@pytest.mark.parametrize(("allowed", "denied", "given", "international", "refused"), PREFIXES)
def test_the_longest_prefix_decides_and_equal_ones_deny(
    allowed: tuple[str, ...], denied: tuple[str, ...], given: str, international: str | None, *, refused: bool
) -> None:
    guards = Guards(allowed_prefixes=allowed, denied_prefixes=denied)

    assert is_denied(guards, NumberFacts(given, international)) is refused


def test_a_denied_customer_is_named_as_the_member_at_fault() -> None:
    guards = Guards(denied_prefixes=("+86",))

    assert checked(guards) == Refused(Refusal.DESTINATION_DENIED, "called")


def test_the_agents_number_is_held_to_prefixes_too_for_it_is_rung_first() -> None:
    guards = Guards(allowed_prefixes=("+86",))

    assert checked(guards) == Refused(Refusal.DESTINATION_DENIED, "caller")


def test_a_phone_that_the_tenant_names_is_allowed_by_its_name() -> None:
    guards = Guards(allowed_prefixes=("+86",))

    assert checked(guards, phones=("88889050",)) is None


@pytest.mark.parametrize(
    ("hours", "minute", "quiet"),
    [
        (NIGHT, 21 * 60 - 1, False),
        (NIGHT, 21 * 60, True),
        (NIGHT, 0, True),
        (NIGHT, 8 * 60 - 1, True),
        (NIGHT, 8 * 60, False),
        (NOON, 12 * 60 - 1, False),
        (NOON, 12 * 60, True),
        (NOON, 13 * 60, False),
        (NOON, 0, False),
    ],
)
def test_quiet_hours_begin_and_end_to_the_minute_over_midnight_too(
    hours: QuietHours, minute: int, *, quiet: bool
) -> None:
    assert hours.hold(minute) is quiet


def test_one_quiet_zone_of_several_is_enough() -> None:
    assert are_quiet(Guards(quiet_hours=NIGHT), (12 * 60, 22 * 60))
    assert not are_quiet(Guards(quiet_hours=NIGHT), (12 * 60, 13 * 60))
    assert not are_quiet(NO_GUARDS, (0,))


def test_a_quiet_customer_is_not_called() -> None:
    assert checked(Guards(quiet_hours=NIGHT), minutes=(23 * 60,)) == Refused(Refusal.QUIET_HOURS, "called")


COUNTED = [
    (Guards(), Counts(unwanted="called"), Refused(Refusal.DO_NOT_CALL, "called")),
    (Guards(), Counts(unwanted="caller"), Refused(Refusal.DO_NOT_CALL, "caller")),
    (Guards(concurrent_calls=2), Counts(living=1), None),
    (Guards(concurrent_calls=2), Counts(living=2), Refused(Refusal.CONCURRENT_CALLS)),
    (Guards(calls_a_second=3), Counts(last_second=2), None),
    (Guards(calls_a_second=3), Counts(last_second=3), Refused(Refusal.CALLS_A_SECOND)),
    (Guards(number_budget=NumberBudget(1, 60)), Counts(to_number=0), None),
    (Guards(number_budget=NumberBudget(1, 60)), Counts(to_number=1), Refused(Refusal.NUMBER_BUDGET, "called")),
    (NO_GUARDS, Counts(living=10**6, last_second=10**6, to_number=10**6), None),
]


@pytest.mark.parametrize(("guards", "counts", "refused"), COUNTED)
def test_a_limit_is_reached_by_as_many_calls_as_it_allows(
    guards: Guards, counts: Counts, refused: Refused | None
) -> None:
    assert check_counts(guards, counts) == refused


def test_each_guard_has_words_of_its_own() -> None:
    texts = [refusal.value for refusal in Refusal]

    assert len(set(texts)) == len(texts)
