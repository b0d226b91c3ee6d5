"""Guards against toll fraud over HTTP: each refuses with its own words, on both faces, and a rehearsal names it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api.asgi_client import exchange
from api.world import NOW
from twoleg.api.aicc.face import CREATE_CALL_V1_PATH
from twoleg.domain.audit import Act, Entry
from twoleg.domain.guards import Guards, NumberBudget, QuietHours
from twoleg.domain.tenant import Profile, Refusal

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

BERLIN, SHANGHAI, UNPLACED = "+4930901820", "+8613800138000", "640"
NIGHT = QuietHours(begin=21 * 60, end=8 * 60, zone="Asia/Tokyo")
"""It is 02:37 in UTC: 04:37 in Berlin, 10:37 in Shanghai, 11:37 in Tokyo."""

GUARDED: list[tuple[Guards, dict[str, Any], Refusal, str | None]] = [
    (Guards(allowed_prefixes=("+49", "8888")), {"called": SHANGHAI}, Refusal.DESTINATION_DENIED, "called"),
    (Guards(denied_prefixes=("+8613",)), {"called": SHANGHAI}, Refusal.DESTINATION_DENIED, "called"),
    (Guards(denied_prefixes=("+86",)), {"called": "008613800138000"}, Refusal.DESTINATION_DENIED, "called"),
    (Guards(denied_prefixes=("+86",), region="CN"), {"called": "13800138000"}, Refusal.DESTINATION_DENIED, "called"),
    (Guards(denied_prefixes=("8888",)), {"called": SHANGHAI}, Refusal.DESTINATION_DENIED, "caller"),
    (Guards(quiet_hours=NIGHT), {"called": BERLIN}, Refusal.QUIET_HOURS, "called"),
    (Guards(quiet_hours=NIGHT, region="DE"), {"called": "030901820"}, Refusal.QUIET_HOURS, "called"),
    (Guards(quiet_hours=replace(NIGHT, zone="Europe/Paris")), {"called": UNPLACED}, Refusal.QUIET_HOURS, "called"),
    # Freephone in North America may be answered in Honolulu, where it is half past four in the afternoon, or in St.
    # John's, where it is six minutes past midnight.
    (Guards(quiet_hours=NIGHT), {"called": "+18005551234"}, Refusal.QUIET_HOURS, "called"),
    (Guards(concurrent_calls=1), {"called": "2"}, Refusal.CONCURRENT_CALLS, None),
    (Guards(calls_a_second=1), {"called": "2"}, Refusal.CALLS_A_SECOND, None),
    (Guards(number_budget=NumberBudget(1, 60)), {"caller": "2"}, Refusal.NUMBER_BUDGET, "called"),
    (Guards(), {"called": "+499"}, Refusal.DO_NOT_CALL, "called"),
]


def guarded(world: World, guards: Guards, **rules: Any) -> Client:
    """A client whose tenant has one call already, and one number that it must not call."""
    client = world.client(**rules)
    assert client.place().json["retCode"] == "0"
    tenant = world.directory.tenant(client.tenant_id)
    assert tenant is not None
    note = Entry(at=NOW, who="os:tester", act=Act.UNWANTED_ADDED, subject=client.tenant_id)
    world.store.unwanted_book().add(client.tenant_id, ["+499"], note=note)
    world.registry.change_tenant(replace(tenant, guards=guards))
    world.clock.advance(1.0)
    if guards.calls_a_second is not None:
        assert client.place(called="999").json["retCode"] == "0"
    return client


def native(client: Client, members: dict[str, Any], query: str = "") -> Response:
    return client.post(f"/v1/calls{query}", {"caller": "88889050", "called": "88889060"} | members)


@pytest.mark.parametrize(("guards", "members", "refusal", "member"), GUARDED)
def test_a_guard_refuses_on_both_faces_and_a_rehearsal_names_it(
    world: World, guards: Guards, members: dict[str, Any], refusal: Refusal, member: str | None
) -> None:
    client = guarded(world, guards)
    calls = len(world.intake.intents)

    compatible, answer = client.place(**members), native(client, members)
    rehearsed = native(client, members, "?dryRun=true").json

    text = f"{member}: {refusal.value}" if member else refusal.value
    assert (compatible.status, compatible.json) == (200, {"retCode": "1", "retMsg": text})
    assert (answer.status, answer.json["type"]) == (422, "/problems/refused")
    assert (answer.json["rule"], answer.json.get("member")) == (refusal.name.lower(), member)
    assert rehearsed["accepted"] is False
    assert (rehearsed["refusal"]["rule"], rehearsed["refusal"]["detail"]) == (refusal.name.lower(), refusal.value)
    stored = [world.reader.call(intent.call.serial) for intent in world.intake.intents[calls:]]
    assert stored == [None] * len(stored)


def test_what_no_guard_forbids_is_placed(world: World) -> None:
    guards = Guards(
        allowed_prefixes=("+86", "8888"),
        denied_prefixes=("+869",),
        quiet_hours=NIGHT,
        concurrent_calls=2,
        calls_a_second=1,
        number_budget=NumberBudget(1, 60),
    )
    client = guarded(world, replace(guards, calls_a_second=None))

    assert native(client, {"called": SHANGHAI}, "?dryRun=true").json["accepted"] is True
    assert client.place(called=SHANGHAI).json["retCode"] == "0"


def test_a_tenant_of_the_other_profile_is_refused_from_its_own_table(world: World) -> None:
    client = guarded(world, Guards(denied_prefixes=("+86",)), profile=Profile.ITA)

    assert client.place(called=SHANGHAI).json == {"retCode": "90102002", "retMsg": "Request Restriction"}


def test_a_changed_guard_holds_after_a_second_without_a_restart_whatever_the_token(world: World) -> None:
    client = guarded(world, Guards())
    assert client.place(called=SHANGHAI).json["retCode"] == "0"
    tenant = world.directory.tenant(client.tenant_id)
    assert tenant is not None

    world.registry.change_tenant(replace(tenant, guards=Guards(denied_prefixes=("+",))))
    world.clock.advance(1.0)

    assert client.place(called="+8613900139000").json["retCode"] == "1"


def test_a_repeated_key_is_answered_as_before_though_a_guard_forbids_the_call_now(world: World) -> None:
    client = world.client(guards=Guards(quiet_hours=QuietHours(11 * 60, 12 * 60, "Asia/Shanghai")))
    first = client.place({"Idempotency-Key": "order 7"}, called=SHANGHAI)
    assert first.json["retCode"] == "0"

    world.clock.advance(25 * 60.0)  # 11:02 in Shanghai

    assert client.place({"Idempotency-Key": "order 7"}, called=SHANGHAI).json == first.json
    assert client.place({"Idempotency-Key": "order 8"}, called=SHANGHAI).json["retCode"] == "1"


def test_another_tenants_guards_are_its_own(world: World) -> None:
    guarded(world, Guards(denied_prefixes=("+",), concurrent_calls=1))
    other = world.client("tenant-2")

    assert other.place(called=SHANGHAI).json["retCode"] == "0"


def test_a_call_without_guards_looks_at_nothing_more_than_before(world: World) -> None:
    world.client().place(called=SHANGHAI)

    assert world.intake.intents[-1].watch is None
    assert world.intake.intents[-1].refused is None


def test_a_body_with_a_guarded_number_needs_a_token_all_the_same(world: World) -> None:
    guarded(world, Guards(denied_prefixes=("+",)))

    answer = exchange(world.app, "POST", CREATE_CALL_V1_PATH, body=b'{"caller":"1","called":"+86"}')

    assert answer.status == 401
