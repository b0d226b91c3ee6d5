"""queryCallDetailRecord: aicc-interfaces 1.4 and decisions 5, one test for each sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.world import DAY_MS, NOW
from twoleg.api.aicc.face import QUERY_RECORDS_PATH
from twoleg.domain.call import Leg, Phase, Role
from twoleg.domain.reasons import Reason
from twoleg.domain.tenant import Profile

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

START = 1_562_786_992_123
"""The sample's call, with ms that its printed times have lost."""
TALKED: dict[str, Any] = {
    "serial": 1037058396471308289,
    "created_at": START,
    "phase": Phase.ENDED,
    "reason": Reason.AGENT_HUNG_UP,
    "cause": 16,
    "started_at": START,
    "talking_at": START + 3_000,
    "ended_at": START + 29_900,
    "agent": Leg(
        Role.AGENT,
        "88889050",
        clip="640060",
        dialled_at=START,
        ringing_at=START,
        answered_at=START + 2_000,
        released_at=START + 29_900,
    ),
    "customer": Leg(
        Role.CUSTOMER,
        "88889060",
        clip="640003",
        dialled_at=START + 2_000,
        ringing_at=START + 2_000,
        answered_at=START + 3_000,
        released_at=START + 29_900,
    ),
}
SAMPLE = {"startTime": "1562786332000", "endTime": "1563391072000", "taskType": "0", "offset": "0", "limit": "10"}


def code(answer: Response) -> str:
    assert answer.status == 200, answer.body
    told: str = answer.json["retCode"]
    assert ("result" in answer.json) is (told == "0")
    return told


def listed(answer: Response) -> list[str]:
    assert code(answer) == "0", answer.body
    return [info["callSerialNo"] for info in answer.json["result"]["callInfo"]]


def test_the_samples_request_is_answered_as_the_sample(world: World, client: Client) -> None:
    world.call(**TALKED)

    answer = client.records(SAMPLE)

    assert answer.status == 200
    assert answer.json == {
        "retCode": "0",
        "retMsg": "Query call detail record successfully",
        "result": {
            "total": 1,
            "callInfo": [
                {
                    "callSerialNo": "1037058396471308289",
                    "caller": "88889050",
                    "called": "88889060",
                    "callerPresent": "640003",
                    "agentPresent": "640060",
                    "startTime": START,
                    "endTime": START + 29_900,
                    "state": 3,
                    "reasonCode": 1,
                    "alertingTime": START + 2_000,
                    "talkingTime": START + 3_000,
                    "releaseTime": START + 29_900,
                    "talkDuration": 26,
                    "agentAlertingTime": START,
                    "agentTalkingTime": START + 2_000,
                    "agentReleaseTime": START + 29_900,
                    "agentTalkDuration": 27,
                }
            ],
        },
    }


def test_members_inside_a_body_are_taken_like_flat_ones(world: World, client: Client) -> None:
    world.call(**TALKED)

    assert client.records({"body": SAMPLE}).body == client.records(SAMPLE).body


def test_a_body_that_is_no_object_is_an_unknown_member_like_any_other(world: World, client: Client) -> None:
    world.call(**TALKED)

    assert client.records(SAMPLE | {"body": "x", "more": None}).body == client.records(SAMPLE).body


def test_what_is_wrong_inside_a_body_is_named_like_what_is_wrong_outside(client: Client) -> None:
    for wanted in ({"startTime": "1"}, {"body": {"startTime": "1"}}):
        answer = client.records(wanted)
        assert (answer.status, answer.json["retMsg"]) == (400, "endTime is mandatory and missing")


def test_numbers_are_taken_as_numbers_too(world: World, client: Client) -> None:
    world.call(**TALKED)
    numbers = {name: int(value) for name, value in SAMPLE.items()}

    assert client.records(numbers).body == client.records(SAMPLE).body


def test_live_and_ended_calls_are_listed_the_newest_first(world: World, client: Client) -> None:
    waiting = world.call(created_at=NOW + 2)
    customer = Leg(Role.CUSTOMER, "88889070", clip="640003")
    ended = world.call(**TALKED | {"serial": 7, "created_at": NOW, "started_at": NOW, "customer": customer})
    talking = world.call(phase=Phase.TALKING, started_at=NOW + 5)

    answer = client.records()

    assert listed(answer) == [str(talking.serial), str(waiting.serial), str(ended.serial)]
    assert [info["state"] for info in answer.json["result"]["callInfo"]] == [2, 0, 3]


def test_a_living_call_has_neither_end_nor_reason_nor_durations(world: World, client: Client) -> None:
    world.call(**TALKED | {"phase": Phase.TALKING, "ended_at": None, "reason": None, "cause": None})
    world.call(created_at=START - 1)

    talking, waiting = client.records(SAMPLE).json["result"]["callInfo"]

    assert not {"endTime", "reasonCode"} & talking.keys()
    assert waiting.keys() == {"callSerialNo", "caller", "called", "callerPresent", "agentPresent", "state"}


def test_a_call_nobody_answered_has_durations_of_nothing(world: World, client: Client) -> None:
    world.call(phase=Phase.ENDED, reason=Reason.AGENT_FAILED, cause=17, started_at=NOW, ended_at=NOW + 1)

    (info,) = client.records().json["result"]["callInfo"]

    assert (info["talkDuration"], info["agentTalkDuration"]) == (0, 0)
    assert not {"alertingTime", "talkingTime", "releaseTime", "agentAlertingTime", "agentTalkingTime"} & info.keys()


def test_a_call_that_was_never_dialled_started_when_it_was_placed(world: World, client: Client) -> None:
    world.call(phase=Phase.ENDED, reason=Reason.NOT_DIALLED, cause=3, ended_at=NOW + 7)

    assert client.records().json["result"]["callInfo"][0]["startTime"] == NOW


def test_the_window_filters_on_the_start_and_includes_both_its_ends(world: World, client: Client) -> None:
    serials = [str(world.call(started_at=NOW + each, phase=Phase.CALLING_AGENT).serial) for each in (0, 1, 2, 3)]

    assert listed(client.records(startTime=NOW + 1, endTime=NOW + 2)) == [serials[2], serials[1]]


@pytest.mark.parametrize("days", [7, 0])
def test_a_window_of_up_to_seven_days_is_taken(client: Client, days: int) -> None:
    assert code(client.records(startTime=NOW, endTime=NOW + days * DAY_MS)) == "1"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW, NOW + 7 * DAY_MS + 1),
        (NOW, NOW - 1),
        ("yesterday", NOW),
        ("", NOW),
        (-1, NOW),
        (NOW, "1.5"),
        (NOW, 1.5e12),
        ("9" * 19, "9" * 19),
        (NOW, "\u0661"),
        (NOW, "0x10"),
    ],
)
def test_times_of_a_wrong_form_or_order_or_distance_are_retcode_2(client: Client, start: object, end: object) -> None:
    assert code(client.records(startTime=start, endTime=end)) == "2"


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (100, 100), (1000, 103), ("3", 3), (None, 100)])
def test_the_limit_is_kept_and_is_100_when_none_is_given(
    world: World, client: Client, limit: object, expected: int
) -> None:
    for _ in range(103):
        world.call()
    answer = client.records(limit=limit)

    assert len(listed(answer)) == expected
    assert answer.json["result"]["total"] == 103


@pytest.mark.parametrize(
    ("member", "value"),
    [("limit", each) for each in (0, 1001, "1001", "x", -1, "", 1.5)]
    + [("offset", each) for each in ("x", -1, "", 1.5, "9" * 19)],
)
def test_limit_and_offset_of_a_wrong_form_are_retcode_4(client: Client, member: str, value: object) -> None:
    answer = client.records(**{member: value})
    assert code(answer) == "4"
    assert answer.json["retMsg"].startswith(f"{member} must be a number from")


def test_the_offset_leaves_out_the_newest_and_beyond_the_last_there_is_an_empty_page(
    world: World, client: Client
) -> None:
    serials = [str(world.call(created_at=NOW + each).serial) for each in range(3)]

    assert listed(client.records(offset="1")) == serials[1::-1]
    beyond = client.records(offset=3)
    assert (listed(beyond), beyond.json["result"]["total"]) == ([], 3)


def test_one_callers_calls_are_found_by_the_number(world: World, client: Client) -> None:
    mine = world.call(agent=Leg(Role.AGENT, "88889051", clip="640060"))
    world.call()

    assert listed(client.records(caller="88889051")) == [str(mine.serial)]
    assert code(client.records(caller="88889052")) == "1"


@pytest.mark.parametrize("caller", ["", "8888-9050", "x" * 4, "0" * 33])
def test_a_caller_that_is_no_number_is_retcode_12(client: Client, caller: str) -> None:
    assert code(client.records(caller=caller)) == "12"


@pytest.mark.parametrize(("profile", "found"), [(Profile.AICC, {None, 0, 1, "0", "1"}), (Profile.ITA, {None, 4, "4"})])
def test_the_task_type_tells_the_engines_apart(world: World, profile: Profile, found: set[object]) -> None:
    client = world.client("t", profile=profile)
    world.call("t")

    for task in (None, 0, 1, 2, 3, 4, "0", "1", "2", "3", "4", 5, "x", -1, 1.5):
        assert code(client.records(taskType=task)) == ("0" if task in found else "1"), task


def test_nothing_in_the_window_is_retcode_1(client: Client) -> None:
    answer = client.records()
    assert answer.json == {"retCode": "1", "retMsg": "nothing found"}


def test_profile_ita_is_told_the_q850_cause_and_no_call_data(world: World) -> None:
    client = world.client("ita", profile=Profile.ITA)
    world.call("ita", **TALKED | {"reason": Reason.CUSTOMER_FAILED, "cause": 17, "call_data": "mine"})

    (info,) = client.records(SAMPLE | {"taskType": "4"}).json["result"]["callInfo"]

    assert info["reasonCode"] == 17
    assert "callData" not in info


def test_call_data_comes_back_as_it_was_given(world: World, client: Client) -> None:
    world.call(call_data='=cmd|"7"\n\u4e2d\u6587')

    assert client.records().json["result"]["callInfo"][0]["callData"] == '=cmd|"7"\n\u4e2d\u6587'


def test_calls_of_another_tenant_are_not_listed(world: World, client: Client) -> None:
    world.call("tenant-2")

    assert code(client.records()) == "1"


@pytest.mark.parametrize("member", ["startTime", "endTime", "offset", "limit", "taskType"])
@pytest.mark.parametrize("wrong", [True, [], {}])
def test_a_member_of_a_wrong_json_type_is_400(client: Client, member: str, wrong: object) -> None:
    answer = client.records(**{member: wrong})

    assert answer.status == 400
    assert answer.json["retMsg"].startswith(f"{member} must be")


def test_no_token_no_records(world: World, client: Client) -> None:
    world.call()
    answer = client.post(QUERY_RECORDS_PATH, json.dumps(SAMPLE).encode(), {"Authorization": "Bearer x"})

    assert answer.status == 401


def test_too_many_lists_at_once_are_429_with_a_time_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twoleg.application.call_records.MOST_WAITING", 0)
    answer = client.records()

    assert answer.status == 429
    assert answer.headers["retry-after"] == "1"
    assert answer.json == {"retCode": "429", "retMsg": "too many lists at once: try again in a second"}
