"""The native face: placing, rehearsing and ending calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.world import NOW
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import TrunkState
from twoleg.domain.call import Phase
from twoleg.domain.media import MediaMode
from twoleg.domain.recording import RecordingPolicy
from twoleg.domain.tenant import TRIAL_CALLS_A_DAY, Refusal
from twoleg.domain.trunk import Rewrite, Trunk

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

ORDER = {"caller": "88889050", "called": "88889060"}


def place(client: Client, headers: dict[str, str] | None = None, *, query: str = "", **members: Any) -> Response:
    return client.post(f"/v1/calls{query}", ORDER | members, headers)


def rehearse(client: Client, **members: Any) -> Any:
    answer = place(client, query="?dryRun=true", **members)
    assert answer.status == 200
    return answer.json


def test_a_placed_call_is_on_disk_and_where_the_answer_says(world: World, client: Client) -> None:
    answer = place(client, callerPresent="640060", callData="order 7", agentWorkNo=44)

    assert answer.status == 201
    serial = answer.json["serial"]
    assert answer.json == {"serial": serial, "url": f"/v1/calls/{serial}"}
    assert answer.headers["location"] == f"/v1/calls/{serial}"
    call = client.get(answer.json["url"]).json
    assert (call["state"], call["seq"], call["callData"], call["createdAt"]) == ("queued", 1, "order 7", NOW)
    assert (call["agent"]["shown"], call["customer"]["shown"]) == ("640003", "640060")
    assert world.intake.intents[-1].agent_work_no == 44
    assert world.nudges == 1


def test_both_faces_see_the_same_call(client: Client) -> None:
    serial = place(client).json["serial"]

    assert client.query(serial).json["result"]["state"] == 0


def test_the_same_key_and_body_get_the_same_answer_marked_as_replayed(world: World, client: Client) -> None:
    first, second = (place(client, {"Idempotency-Key": "order-7"}) for _ in range(2))

    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert world.nudges == 1


def test_the_same_key_with_another_body_is_a_conflict_of_the_key(client: Client) -> None:
    place(client, {"Idempotency-Key": "order-7"})

    answer = place(client, {"Idempotency-Key": "order-7"}, called="88889061")

    assert answer.status == 409
    assert (answer.json["type"], answer.json["member"]) == ("/problems/conflict", "Idempotency-Key")


def test_a_client_that_lost_the_answer_finds_the_call_by_its_key_and_whether_a_phone_was_rung(
    world: World, client: Client
) -> None:
    placed = place(client, {"Idempotency-Key": "order-7"}).json["serial"]

    (found,) = client.get("/v1/calls?idempotencyKey=order-7").json["calls"]
    assert (found["serial"], found["state"], found["dialled"]) == (placed, "queued", "no")
    assert found["mustEndBy"] == found["createdAt"] + 14_685_000
    assert client.get("/v1/calls?idempotencyKey=order-8").json["calls"] == []
    other = world.client(tenant_id="tenant-2")
    assert other.get("/v1/calls?idempotencyKey=order-7").json["calls"] == []
    for bad in ("", "x" * 256, "%0a"):
        assert client.get(f"/v1/calls?idempotencyKey={bad}").status == 400


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    answer = place(client, {"Idempotency-Key": key})

    assert (answer.status, answer.json["member"]) == (400, "Idempotency-Key")


REFUSED: list[tuple[dict[str, Any], dict[str, Any], int, str, str | None]] = [
    ({}, {"caller": ""}, 422, "bad_number", "caller"),
    ({}, {"called": "12a"}, 422, "bad_number", "called"),
    ({}, {"callerPresent": "999"}, 422, "bad_clip", "callerPresent"),
    ({}, {"agentPresent": "999"}, 422, "bad_clip", "agentPresent"),
    ({}, {"callbackUrl": "https://elsewhere.example/x"}, 422, "callback_not_allowed", "callbackUrl"),
    ({"phones": ("1",)}, {}, 422, "caller_not_allowed", "caller"),
    ({"trial": True}, {}, 422, "trial_caller_not_listed", "caller"),
    ({}, {"media": "rtpio"}, 422, "media_not_offered", "media"),
    ({"recording": RecordingPolicy.ALWAYS}, {"media": "direct"}, 422, "media_not_recordable", "media"),
    (
        {"recording": RecordingPolicy.ON_DEMAND},
        {"media": "direct", "recording": True},
        422,
        "media_not_recordable",
        "media",
    ),
]


@pytest.mark.parametrize(("rules", "members", "status", "rule", "member"), REFUSED)
def test_a_refusal_names_rule_and_member_and_a_rehearsal_names_the_same(
    world: World, rules: dict[str, Any], members: dict[str, Any], status: int, rule: str, member: str | None
) -> None:
    client = world.client(**rules)

    answer = place(client, **members)
    rehearsed = rehearse(client, **members)

    assert answer.status == status
    assert answer.json["type"] == "/problems/refused"
    assert (answer.json["rule"], answer.json["member"]) == (rule, member)
    assert rehearsed["accepted"] is False
    assert rehearsed["refusal"] == {"rule": rule, "member": member, "detail": answer.json["detail"]}


@pytest.mark.parametrize("mode", [None, MediaMode.DIRECT, MediaMode.RTPENGINE])
def test_how_its_phones_hear_each_other_may_be_chosen_for_a_call(world: World, mode: MediaMode | None) -> None:
    client = world.client(recording=RecordingPolicy.ON_DEMAND)

    assert place(client, media=mode and mode.value).status == 201

    assert world.intake.intents[-1].call.media is mode


def test_a_kind_of_media_that_there_is_nowhere_is_a_bad_member(client: Client) -> None:
    answer = place(client, media="pigeon")

    assert (answer.status, answer.json["member"]) == (400, "media")


def test_a_pair_that_waits_is_a_conflict_and_a_rehearsal_says_so(client: Client) -> None:
    place(client)

    answer, rehearsed = place(client), rehearse(client)

    assert (answer.status, answer.json["type"], answer.json["rule"]) == (409, "/problems/conflict", "duplicate")
    assert rehearsed["refusal"] == {"rule": "duplicate", "detail": Refusal.DUPLICATE.value}


def test_the_eleventh_call_of_a_trial_day_is_refused_and_a_rehearsal_says_so(world: World) -> None:
    client = world.client(trial=True, trial_phones=("88889050",))
    for number in range(TRIAL_CALLS_A_DAY):
        assert place(client, called=str(number)).status == 201

    answer, rehearsed = place(client), rehearse(client)

    assert (answer.status, answer.json["rule"]) == (422, "trial_limit")
    assert rehearsed["refusal"]["rule"] == "trial_limit"


@pytest.mark.parametrize(
    ("body", "member", "detail"),
    [
        (b"", None, "the body is empty"),
        (b'{"caller": "1"', None, "breaks off"),
        (b'{"caller": "\\ud800"}', None, "surrogate"),
        (b"caller=1&called=2", None, "not JSON"),
        (ORDER | {"media": "smoke"}, "media", "it is one of direct, rtpio, rtpengine"),
        (b"[]", None, "must be a JSON object"),
        (b'{"caller": "\xff"}', None, "UTF-8"),
        ({"called": "1"}, "caller", "mandatory"),
        (ORDER | {"caller": 7}, "caller", "expected a string, got a whole number"),
        (ORDER | {"caller": None}, "caller", "expected a string, got null"),
        (ORDER | {"colour": "red"}, "colour", "no such member"),
        (ORDER | {"callData": "x" * 1025}, "callData", "1024"),
        (ORDER | {"agentWorkNo": 100_000}, "agentWorkNo", "99999"),
        (ORDER | {"agentWorkNo": -1}, "agentWorkNo", "at least"),
        (ORDER | {"agentWorkNo": 1.5}, "agentWorkNo", "whole number"),
        (ORDER | {"agentWorkNo": "7"}, "agentWorkNo", "expected a number"),
    ],
)
def test_a_wrong_body_is_told_with_the_member_at_fault(
    world: World, client: Client, body: Any, member: str | None, detail: str
) -> None:
    answer = client.post("/v1/calls", body)

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json.get("member") == member
    assert detail in answer.json["detail"]
    assert not world.intake.intents


@pytest.mark.parametrize("query", ["?dryRun=yes", "?dryRun=", "?dryRun=true&dryRun=true", "?dryrun=true", "?x=%ff"])
def test_a_wrong_parameter_is_told_by_its_name(world: World, client: Client, query: str) -> None:
    answer = place(client, query=query)

    assert answer.status == 400
    assert answer.json["member"] in ("dryRun", "dryrun", "query")
    assert not world.intake.intents


def test_a_rehearsal_says_how_each_phone_would_be_reached_and_stores_nothing(world: World, client: Client) -> None:
    world.trunks = (
        Trunk(name="spare", uri="sip:192.0.2.2", prefixes=("8",), priority=1),
        Trunk(name="main", uri="sip:192.0.2.1", prefixes=("8",), dialled=Rewrite("8888", "+498888"), weight=3),
        Trunk(name="local", uri="sip:192.0.2.3", prefixes=("7",)),
        Trunk(name="theirs", uri="sip:192.0.2.4", prefixes=("8",), tenants=frozenset({"tenant-2"})),
    )
    world.start()
    world.store.trunk_board().put(TrunkState(name="main", is_up=False, why="no answer to OPTIONS", changed_at=NOW))

    rehearsed = rehearse(client, called="7001", callerPresent="640060")

    main = {"trunk": "main", "priority": 0, "weight": 3, "dialled": "+4988889050", "shown": "640003"}
    assert rehearsed == {
        "accepted": True,
        "dialable": True,
        "agent": {
            "number": "88889050",
            "shown": "640003",
            "route": [
                main | {"isUp": False, "why": "no answer to OPTIONS"},
                {
                    "trunk": "spare",
                    "priority": 1,
                    "weight": 1,
                    "dialled": "88889050",
                    "shown": "640003",
                    "isUp": True,
                },
            ],
        },
        "customer": {
            "number": "7001",
            "shown": "640060",
            "route": [
                {"trunk": "local", "priority": 0, "weight": 1, "dialled": "7001", "shown": "640060", "isUp": True}
            ],
        },
    }
    assert not world.intake.intents
    assert world.nudges == 0


def test_a_rehearsal_says_when_nobody_could_be_dialled(world: World, client: Client) -> None:
    world.trunks = (Trunk(name="local", uri="sip:192.0.2.3", prefixes=("7",)),)
    world.start()

    rehearsed = rehearse(client)

    assert (rehearsed["accepted"], rehearsed["dialable"]) == (True, False)
    assert rehearsed["agent"]["route"] == rehearsed["customer"]["route"] == []


def test_a_store_in_trouble_is_503_and_says_when_to_try_again(world: World, client: Client) -> None:
    assert client.token
    world.trouble.error = StoreUnavailable("disk full")

    answer = place(client)

    assert answer.status == 503
    assert answer.json["type"] == "/problems/unavailable"
    assert answer.headers["retry-after"] == "1"
    assert "disk full" not in answer.json["detail"]
    assert len(world.log.lines) == 1


def test_a_hang_up_is_wished_for_durably_and_the_engine_is_woken(world: World, client: Client) -> None:
    serial = place(client).json["serial"]

    answer = client.post(f"/v1/calls/{serial}/hangup", b"")

    assert answer.status == 202
    assert answer.json == {"serial": serial, "hangup": "requested"}
    assert world.nudges == 2
    assert world.hangups() == [int(serial)]


def test_a_hang_up_of_an_ended_call_is_harmless(world: World, client: Client) -> None:
    call = world.call(phase=Phase.ENDED, ended_at=NOW, reason=0, cause=16)

    assert client.post(f"/v1/calls/{call.serial}/hangup", b"").status == 202
    assert world.hangups() == []


@pytest.mark.parametrize("serial", ["1", "abc", "theirs"])
def test_a_hang_up_of_no_call_of_ours_is_404(world: World, client: Client, serial: str) -> None:
    theirs = world.call("tenant-2").serial

    answer = client.post(f"/v1/calls/{theirs if serial == 'theirs' else serial}/hangup", b"")

    assert answer.status == 404
    assert world.hangups() == []
