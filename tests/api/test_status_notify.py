"""statusnotify: what ITA pushes is taken, refused as documented, and told as an event of the call."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from api.asgi_client import exchange
from api.world import NOW
from twoleg.api.aicc.status_notify import STATUS_NOTIFY_PATH
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

PUSHED = {
    "remark": "tenant space 202205116084",
    "startTime": "20220222100400",
    "finishTime": "20220222100435",
    "callDuration": 35,
    "callerAnswerTime": "20220222100404",
    "calledAnswerTime": "20220222100409",
    "releaseCause": "16",
    "appKey": "key of ITA",
    "telA": "88889050",
    "telX": "640003",
    "telB": "88889060",
    "calledDisplay": "640003",
}
TAKEN = {"retCode": "0", "retMsg": "success"}
UNKNOWN = {"retCode": "90100400", "retMsg": "Not found"}


def push(client: Client, serial: object, **members: Any) -> Response:
    return client.post(STATUS_NOTIFY_PATH, PUSHED | {"callID": serial} | members)


def ended_call(world: World, tenant_id: str = "tenant-1") -> str:
    return str(world.call(tenant_id, phase=Phase.ENDED, reason=Reason.CUSTOMER_HUNG_UP, cause=16, ended_at=NOW).serial)


def test_the_answer_is_as_the_page_demands(world: World, client: Client) -> None:
    answer = push(client, ended_call(world))

    assert (answer.status, answer.json) == (200, TAKEN)
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


def test_it_becomes_an_event_with_its_facts_and_no_state_changes(world: World, client: Client) -> None:
    serial = ended_call(world)
    before = client.query(serial).json

    for _ in range(2):
        assert push(client, serial, releaseCause="17").json == TAKEN

    (last,) = client.get(f"/v1/calls/{serial}/events?after=1").json["events"]
    assert (last["type"], last["data"]["cause"]) == ("twoleg.call.reported", 17)
    assert last["data"]["detail"] == (
        "ITA reports: startTime 20220222100400, finishTime 20220222100435, callDuration 35, "
        "callerAnswerTime 20220222100404, calledAnswerTime 20220222100409, releaseCause 17, telA 88889050, "
        "telX 640003, telB 88889060, calledDisplay 640003"
    )
    assert client.query(serial).json == before


@pytest.mark.parametrize("serial", ["1", "999999999999999999", "no number", "", "9" * 60, "-5", "٣", 7])
def test_an_unknown_call_is_refused_as_documented(client: Client, serial: object) -> None:
    answer = push(client, serial)

    assert (answer.status, answer.json) == (200, UNKNOWN)
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


def test_another_tenants_call_looks_unknown(world: World, client: Client) -> None:
    assert push(client, ended_call(world, "tenant-2")).json == UNKNOWN


def test_a_call_id_may_be_a_number(world: World, client: Client) -> None:
    assert push(client, int(ended_call(world))).json == TAKEN


@pytest.mark.parametrize("cause", ["", "0", "128", "many", "-1", None, "٣"])
def test_a_cause_that_is_none_is_kept_as_words_only(world: World, client: Client, cause: str | None) -> None:
    serial = ended_call(world)

    assert push(client, serial, releaseCause=cause).json == TAKEN

    (last,) = client.get(f"/v1/calls/{serial}/events?after=1").json["events"]
    assert "cause" not in last["data"]


def test_what_is_pushed_cannot_grow_or_break_a_line(world: World, client: Client) -> None:
    serial = ended_call(world)

    push(client, serial, telA="x" * 5000 + "\n", telB="a\nb\x00c")

    (last,) = client.get(f"/v1/calls/{serial}/events?after=1").json["events"]
    assert len(last["data"]["detail"]) < 1000
    assert last["data"]["detail"].isprintable()


@pytest.mark.parametrize("missing", ["callID", "remark"])
def test_what_is_mandatory_must_be_there(world: World, client: Client, missing: str) -> None:
    body = {name: value for name, value in (PUSHED | {"callID": ended_call(world)}).items() if name != missing}

    answer = client.post(STATUS_NOTIFY_PATH, body)

    assert (answer.status, answer.json["retMsg"]) == (400, f"{missing} is mandatory and missing")


def test_who_pushes_must_log_in_by_token_or_by_key_and_secret(world: World, client: Client) -> None:
    serial = ended_call(world)
    body = b'{"callID":"%b","remark":""}' % serial.encode()
    pair = b64encode(f"{client.app_key}:{client.secret}".encode()).decode()

    nobody = exchange(world.app, "POST", STATUS_NOTIFY_PATH, body=body)
    somebody = exchange(world.app, "POST", STATUS_NOTIFY_PATH, headers={"Authorization": f"Basic {pair}"}, body=body)

    assert (nobody.status, nobody.json["retCode"]) == (401, "401")
    assert somebody.json == TAKEN
