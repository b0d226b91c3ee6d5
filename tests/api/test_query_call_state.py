"""queryCallState: the seed page and decisions 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from twoleg.api.aicc.face import QUERY_CALL_STATE_PATH
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.serials import make_serial
from twoleg.domain.tenant import Profile

if TYPE_CHECKING:
    from api.world import Client, World

ENDED: dict[str, Any] = {
    "phase": Phase.ENDED,
    "started_at": 1621823865000,
    "ended_at": 1621823872000,
    "reason": Reason.CUSTOMER_HUNG_UP,
    "cause": 16,
}


def test_the_seeds_own_example_is_answered_member_for_member_and_type_for_type(world: World, client: Client) -> None:
    world.call(serial=645735364434067472, **ENDED)

    answer = client.query("645735364434067472")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.body == (
        b'{"retMsg":"Query call state successfully","retCode":"0","result":{"caller":"88889050","called":"88889060",'
        b'"callerPresent":"640003","startTime":1621823865000,"state":3,"reasonCode":0,"agentPresent":"640060",'
        b'"endTime":1621823872000}}'
    )


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        (Phase.QUEUED, 0),
        (Phase.CALLING_AGENT, 1),
        (Phase.CALLING_CUSTOMER, 1),
        (Phase.TALKING, 2),
        (Phase.ENDED, 3),
    ],
)
def test_each_phase_is_published_as_its_state(world: World, client: Client, phase: Phase, state: int) -> None:
    facts = ENDED if phase is Phase.ENDED else {"phase": phase}

    assert client.query(str(world.call(**facts).serial)).json["result"]["state"] == state


def test_stored_call_shows_no_times_and_no_reason(world: World, client: Client) -> None:
    result = client.query(str(world.call().serial)).json["result"]

    assert result == {
        "caller": "88889050",
        "called": "88889060",
        "callerPresent": "640003",
        "state": 0,
        "agentPresent": "640060",
    }


@pytest.mark.parametrize("phase", [Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER, Phase.TALKING])
def test_living_call_has_a_start_time_and_neither_end_nor_reason(world: World, client: Client, phase: Phase) -> None:
    result = client.query(str(world.call(phase=phase, started_at=1621823865000).serial)).json["result"]

    assert result["startTime"] == 1621823865000
    assert not {"endTime", "reasonCode"} & result.keys()


@pytest.mark.parametrize("reason", list(Reason))
def test_reason_code_of_profile_aicc_is_table_a(world: World, client: Client, reason: Reason) -> None:
    call = world.call(**ENDED | {"reason": reason})

    assert client.query(str(call.serial)).json["result"]["reasonCode"] == reason.value


def test_call_that_was_never_dialled_started_when_it_was_created(world: World, client: Client) -> None:
    created = 1_621_823_800_123
    call = world.call(
        serial=make_serial(now_ms=created, node_id=1, chance=7),
        created_at=created,
        phase=Phase.ENDED,
        reason=Reason.NOT_DIALLED,
        cause=3,
        ended_at=1621823872000,
    )

    assert client.query(str(call.serial)).json["result"]["startTime"] == created


def test_call_data_comes_back_when_it_was_given(world: World, client: Client) -> None:
    data = 'order "7"\u0000\n\u4e2d\u6587 \U0001f4de'

    assert client.query(str(world.call(call_data=data).serial)).json["result"]["callData"] == data
    assert client.query(str(world.call(call_data="").serial)).json["result"]["callData"] == ""


def test_profile_ita_is_told_the_q850_cause_and_no_call_data(world: World) -> None:
    client = world.client("ita", profile=Profile.ITA)
    call = world.call("ita", **ENDED | {"reason": Reason.CUSTOMER_FAILED, "cause": 17, "call_data": "mine"})

    result = client.query(str(call.serial)).json["result"]

    assert result["reasonCode"] == 17
    assert "callData" not in result


@pytest.mark.parametrize(
    "serial", ["", " ", "abc", "-5", "+5", "12 34", "1" * 51, "0x10", "\u0661\u0662", "\u00b2", -5, 1.5, int("9" * 51)]
)
def test_what_is_no_serial_number_is_retcode_3(client: Client, serial: object) -> None:
    answer = client.query(serial)

    assert answer.status == 200
    assert answer.json["retCode"] == "3"
    assert "result" not in answer.json


@pytest.mark.parametrize("serial", ["1", "0", "9" * 50, str(2**63), "645735364434067473"])
def test_well_formed_number_of_no_call_is_retcode_1(world: World, client: Client, serial: str) -> None:
    world.call()
    answer = client.query(serial)

    assert answer.status == 200
    assert answer.json["retCode"] == "1"
    assert "result" not in answer.json


def test_call_of_another_tenant_looks_exactly_like_a_call_that_never_was(world: World, client: Client) -> None:
    theirs = world.call("tenant-2")

    of_another, of_nobody = client.query(str(theirs.serial)), client.query("1")

    assert of_another.body == of_nobody.body
    assert of_another.headers == of_nobody.headers


def test_serial_number_as_json_number_keeps_all_its_digits(world: World, client: Client) -> None:
    call = world.call(serial=9223372036854775807)
    world.call(serial=9223372036854775806, call_data="neighbour")

    answer = client.post(QUERY_CALL_STATE_PATH, b'{"callSerialNo": 9223372036854775807}')

    assert answer.json["retCode"] == "0"
    assert answer.json["result"].get("callData") == call.call_data


def test_leading_zeros_name_the_same_number(world: World, client: Client) -> None:
    assert client.query(f"000{world.call().serial}").json["retCode"] == "0"


@pytest.mark.parametrize("wrong", [None, True, [], {}])
def test_serial_number_of_a_wrong_json_type_is_400(client: Client, wrong: object) -> None:
    answer = client.query(wrong)

    assert answer.status == 400
    assert answer.json["retMsg"].startswith("callSerialNo must be")


def test_missing_serial_number_is_400(client: Client) -> None:
    answer = client.post(QUERY_CALL_STATE_PATH, {})

    assert answer.status == 400
    assert answer.json == {"retCode": "400", "retMsg": "callSerialNo is mandatory and missing"}
