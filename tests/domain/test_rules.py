"""Causes, numbers, trunks, tenants, CDRs: the small rules."""

from __future__ import annotations

import pytest

from domain.calls import T0, a_call, a_call_in
from twoleg.domain import causes
from twoleg.domain.call import Phase, Role
from twoleg.domain.cdr import cdr_of, talk_seconds
from twoleg.domain.machine import step
from twoleg.domain.numbers import is_dialable, is_transparent_clip
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import LegHungUp
from twoleg.domain.states_page import states_page
from twoleg.domain.tenant import CallRequest, Profile, Refusal, Refused, Tenant, check

RFC3398_STATUS_TO_CAUSE = """
400 41, 401 21, 402 21, 403 21, 404 1, 405 63, 406 79, 407 21, 408 102, 410 22, 413 127, 414 127, 415 79, 416 127,
420 127, 421 127, 423 127, 480 18, 481 41, 482 25, 483 25, 484 28, 485 1, 486 17, 500 41, 501 79, 502 38, 503 41,
504 102, 505 127, 513 127, 600 17, 603 21, 604 1
"""
RFC3398_CAUSE_TO_STATUS = """
1 404, 2 404, 3 404, 17 486, 18 408, 19 480, 20 480, 21 403, 22 410, 23 410, 26 404, 27 502, 28 484, 29 501, 31 480,
34 503, 38 503, 41 503, 42 503, 47 503, 55 403, 57 403, 58 503, 65 488, 70 488, 79 501, 87 403, 88 503, 102 504,
111 500, 127 500
"""


def rows(table: str) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in (row.split() for row in table.replace("\n", " ").split(","))]


@pytest.mark.parametrize(("status", "cause"), rows(RFC3398_STATUS_TO_CAUSE))
def test_rfc3398_status_to_cause(status: int, cause: int) -> None:
    assert causes.cause_of_status(status) == cause


@pytest.mark.parametrize(("cause", "status"), rows(RFC3398_CAUSE_TO_STATUS))
def test_rfc3398_cause_to_status(cause: int, status: int) -> None:
    assert causes.status_of_cause(cause) == status


@pytest.mark.parametrize("status", [488, 606])
@pytest.mark.parametrize(("warnings", "cause"), [((), 65), ((304,), 65), ((399, 305), 65), ((399,), 31), ((370,), 31)])
def test_the_warning_of_a_refused_media_offer_decides_its_cause(
    status: int, warnings: tuple[int, ...], cause: int
) -> None:
    assert causes.cause_of_status(status, warnings) == cause


def test_a_warning_matters_where_the_rfc_says_so_and_nowhere_else() -> None:
    assert causes.cause_of_status(486, (304,)) == 17


def test_unlisted_statuses_and_causes_have_the_rfcs_default() -> None:
    assert causes.cause_of_status(499) == 31
    assert causes.cause_of_status(302) == 31
    assert causes.status_of_cause(99) == 500


def test_every_cause_of_the_seeds_table_has_a_name() -> None:
    seed = [*range(1, 10), *range(16, 24), *range(25, 32), 34, *range(38, 45), 46, 47, 49, 50, 53, 55, 57, 58, 62, 63]
    seed += [65, 66, 69, 70, 79, *range(81, 89), 90, 91, *range(95, 104), 110, 111, 127]
    assert len(seed) == 69
    assert all(cause in causes.Q850_NAMES for cause in seed)
    assert causes.name_of_cause(17) == "User busy"
    assert causes.name_of_cause(120) == "Unassigned cause 120"


@pytest.mark.parametrize("number", ["1", "+8613800000000", "9" * 32, "+" + "9" * 31])
def test_a_number_is_digits_with_an_optional_plus(number: str) -> None:
    assert is_dialable(number)


@pytest.mark.parametrize(
    "number", ["", "+", "9" * 33, "+" + "9" * 32, "12a", "1 2", "1+2", "++1", "\uff11\uff12", "\u00b2"]
)
def test_anything_else_is_not_a_number(number: str) -> None:
    assert not is_dialable(number)


def test_transparent_display_takes_11_to_14_digits() -> None:
    assert [length for length in range(20) if is_transparent_clip("1" * length)] == [11, 12, 13, 14]


def tenant(**rules: object) -> Tenant:
    return Tenant(tenant_id="t", name="T", profile=Profile.AICC, access_codes=("640003", "640060"), **rules)  # type: ignore[arg-type]


ASK = CallRequest(caller="88889050", called="88889060")


def test_a_plain_request_is_allowed() -> None:
    assert check(tenant(), ASK) is None
    assert check(tenant(), CallRequest("1", "2", caller_present="640060", agent_present="640003")) is None


REFUSALS = [
    ({}, CallRequest("x", "1"), Refused(Refusal.BAD_NUMBER, "caller")),
    ({}, CallRequest("1", ""), Refused(Refusal.BAD_NUMBER, "called")),
    ({}, CallRequest("1", "2", caller_present="13800000000"), Refused(Refusal.BAD_CLIP, "caller_present")),
    ({}, CallRequest("1", "2", agent_present="99"), Refused(Refusal.BAD_CLIP, "agent_present")),
    ({"phones": ("7",)}, CallRequest("1", "2"), Refused(Refusal.CALLER_NOT_ALLOWED, "caller")),
    ({"trial": True}, CallRequest("1", "2"), Refused(Refusal.TRIAL_CALLER_NOT_LISTED, "caller")),
]


@pytest.mark.parametrize(("rules", "request_", "refused"), REFUSALS)
def test_each_rule_refuses_and_names_the_member(
    rules: dict[str, object], request_: CallRequest, refused: Refused
) -> None:
    assert check(tenant(**rules), request_) == refused


def test_transparent_display_allows_foreign_clips_of_the_right_length_only() -> None:
    allowed = tenant(transparent_display=True)
    assert check(allowed, CallRequest("1", "2", caller_present="13800000000")) is None
    assert check(allowed, CallRequest("1", "2", caller_present="138")) is not None


def test_a_listed_phone_may_call() -> None:
    assert check(tenant(phones=("1",), trial=True, trial_phones=("1",)), CallRequest("1", "2")) is None


def test_a_living_call_has_no_cdr() -> None:
    with pytest.raises(ValueError, match="has not ended"):
        cdr_of(a_call())


def test_the_cdr_is_the_ended_call() -> None:
    ended = step(a_call_in(Phase.TALKING), LegHungUp(Role.CUSTOMER), T0 + 26_999).call
    cdr = cdr_of(ended)
    assert (cdr.reason, cdr.cause, cdr.ended_at) == (Reason.CUSTOMER_HUNG_UP, 16, T0 + 26_999)
    assert (cdr.agent, cdr.customer) == (ended.agent, ended.customer)
    assert talk_seconds(cdr.customer) == 26
    assert talk_seconds(a_call().agent) == 0


def test_the_states_page_shows_every_reason_and_signal(pytestconfig: pytest.Config) -> None:
    page = pytestconfig.rootpath.joinpath("docs", "states.md").read_text(encoding="utf-8")
    assert page == states_page(), "the table changed: run `make states`"
