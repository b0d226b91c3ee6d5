"""createCall v1 and v3: decisions 3."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from twoleg.api.aicc.codes import AICC_CODES, ITA_CODES, VENDOR_NAMES
from twoleg.api.aicc.face import CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH
from twoleg.application.errors import StoreUnavailable
from twoleg.domain.call import Phase, Role
from twoleg.domain.tenant import Profile, Refusal

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World
    from twoleg.application.ports import Intent


def refused(answer: Response, code: str) -> str:
    """Asserts the refusal's form and gives its text."""
    assert answer.status == 200
    assert answer.json["retCode"] == code
    assert answer.json.keys() == {"retCode", "retMsg"}
    text: str = answer.json["retMsg"]
    return text


def stored(world: World) -> Intent:
    return world.intake.intents[-1]


def base64(url: str) -> str:
    return b64encode(url.encode()).decode()


# ---------------------------------------------------------------------------- acceptance


def test_accepted_call_is_stored_in_state_0_and_named_by_its_serial(world: World, client: Client) -> None:
    answer = client.place()

    assert answer.status == 200
    assert answer.json == {
        "retCode": "0",
        "retMsg": "success",
        "result": {"callSerialNo": answer.json["result"]["callSerialNo"]},
    }
    call = world.reader.call(int(answer.json["result"]["callSerialNo"]))
    assert call is not None
    assert (call.tenant_id, call.phase, call.created_at) == (client.tenant_id, Phase.QUEUED, world.clock.now_ms())
    assert client.query(answer.json["result"]["callSerialNo"]).json["result"]["state"] == 0


def test_serial_is_a_string_of_18_or_19_digits_that_grows_with_time(world: World, client: Client) -> None:
    serials = []
    for called in ("1", "2", "3"):
        serials.append(client.place(called=called).json["result"]["callSerialNo"])
        world.clock.advance(0.001)

    assert all(isinstance(serial, str) and serial.isdigit() and len(serial) in (18, 19) for serial in serials)
    assert serials == sorted(serials, key=int)
    assert int(serials[-1]) < 2**63


def test_engine_is_nudged_once_for_a_new_call_only(world: World, client: Client) -> None:
    assert client.place().json["retCode"] == "0"
    assert client.place().json["retCode"] == "1"

    assert world.nudges == 1


def test_taken_serial_is_drawn_again(world: World, client: Client) -> None:
    world.intake.taken = 3

    assert client.place().json["retCode"] == "0"


def test_agent_is_the_caller_and_customer_is_the_called(world: World, client: Client) -> None:
    client.place()

    call = stored(world).call
    assert (call.leg(Role.AGENT).number, call.leg(Role.CUSTOMER).number) == ("88889050", "88889060")


def test_v3_rings_the_softphone(world: World, client: Client) -> None:
    assert client.place_v3().json["retCode"] == "0"
    assert stored(world).call.agent.number == "88889050"


def test_v3_caller_wins_over_the_softphone(world: World, client: Client) -> None:
    assert client.place_v3(caller="13800000000").json["retCode"] == "0"
    assert stored(world).call.agent.number == "13800000000"


def test_v3_has_no_work_number_agent_display_or_callback(world: World, client: Client) -> None:
    assert client.place_v3(agentWorkNo=[], agentPresent="999", callBackUrl=7).json["retCode"] == "0"
    assert (stored(world).agent_work_no, stored(world).callback_url) == (None, None)
    assert stored(world).call.agent.clip == "640003"


def test_unknown_members_are_ignored(client: Client) -> None:
    assert client.place(somethingElse={"deep": [1, None]}).json["retCode"] == "0"


def test_null_for_an_optional_member_means_it_was_not_given(world: World, client: Client) -> None:
    optional = ("callData", "callerPresent", "agentPresent", "agentWorkNo", "callBackUrl")

    assert client.place(**dict.fromkeys(optional)).json["retCode"] == "0"
    assert stored(world).call.call_data is None


@pytest.mark.parametrize(("given", "kept"), [(7, 7), (99999, 99999), ("00042", 42), (0, 0)])
def test_work_number_is_kept(world: World, client: Client, given: object, kept: int) -> None:
    assert client.place(agentWorkNo=given).json["retCode"] == "0"
    assert stored(world).agent_work_no == kept


# ---------------------------------------------------------------------------- displayed numbers


def test_displayed_numbers_default_to_the_first_access_code(world: World, client: Client) -> None:
    client.place()

    assert (stored(world).call.agent.clip, stored(world).call.customer.clip) == ("640003", "640003")


def test_caller_present_is_seen_by_the_customer_and_agent_present_by_the_agent(world: World, client: Client) -> None:
    client.place(callerPresent="640003", agentPresent="640060")

    assert (stored(world).call.customer.clip, stored(world).call.agent.clip) == ("640003", "640060")


@pytest.mark.parametrize("member", ["callerPresent", "agentPresent"])
@pytest.mark.parametrize("number", ["640004", "", "13800000000", "abc"])
def test_displayed_number_must_be_an_access_code(client: Client, member: str, number: str) -> None:
    assert member in refused(client.place(None, **{member: number}), "5")


@pytest.mark.parametrize("number", ["1" * 11, "1" * 14])
def test_transparent_display_allows_11_to_14_digits(world: World, number: str) -> None:
    client = world.client("open", transparent_display=True)

    assert client.place(callerPresent=number, agentPresent=number).json["retCode"] == "0"


@pytest.mark.parametrize("number", ["1" * 10, "1" * 15, "+1234567890"])
def test_transparent_display_allows_nothing_else(world: World, number: str) -> None:
    refused(world.client("open", transparent_display=True).place(callerPresent=number), "5")


# ---------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("member", ["caller", "called"])
@pytest.mark.parametrize(
    "number", ["", "+", "abc", "1 2", "1-2", "1" * 33, "+" + "1" * 32, "1+2", "\u0661", "sip:1@host", "1\u0000"]
)
def test_number_of_a_wrong_format_is_retcode_5(client: Client, member: str, number: str) -> None:
    assert member in refused(client.place(None, **{member: number}), "5")


@pytest.mark.parametrize("number", ["1", "+1", "1" * 32, "+" + "1" * 31, "0049"])
def test_number_is_reported_as_given(client: Client, number: str) -> None:
    serial = client.place(called=number).json["result"]["callSerialNo"]

    assert client.query(serial).json["result"]["called"] == number


@pytest.mark.parametrize("members", [{"softPhone": "x"}, {"softPhone": "", "caller": "1"}])
def test_v3_softphone_of_a_wrong_format_is_retcode_5(client: Client, members: dict[str, str]) -> None:
    assert "softPhone" in refused(client.place_v3(None, **members), "5")


def test_phone_that_is_not_the_tenants_is_retcode_8(world: World) -> None:
    client = world.client("closed", phones=("88889050",))

    assert client.place().json["retCode"] == "0"
    assert "caller" in refused(client.place(caller="88889051"), "8")
    assert "softPhone" in refused(client.place_v3(softPhone="88889051"), "8")


# ---------------------------------------------------------------------------- duplicates, idempotency


def test_same_pair_still_waiting_is_retcode_1(client: Client) -> None:
    client.place()

    refused(client.place(), "1")


def test_same_pair_of_another_tenant_is_no_duplicate(world: World, client: Client) -> None:
    client.place()

    assert world.client("tenant-2").place().json["retCode"] == "0"


def test_same_pair_may_call_again_once_they_talk(world: World, client: Client) -> None:
    world.call(phase=Phase.TALKING)

    assert client.place().json["retCode"] == "0"


def test_repeat_with_the_same_idempotency_key_gets_the_first_answer_and_dials_nothing(
    world: World, client: Client
) -> None:
    key = {"Idempotency-Key": "order 7"}

    first, again = client.place(key), client.place(key)

    assert first.body == again.body
    assert world.nudges == 1


def test_idempotency_key_with_another_body_is_409(client: Client) -> None:
    key = {"Idempotency-Key": "order 7"}
    client.place(key)

    answer = client.place(key, called="1")

    assert answer.status == 409
    assert answer.json["retCode"] == "409"


def test_idempotency_key_of_v1_is_not_answered_by_v3(client: Client) -> None:
    key, both = {"Idempotency-Key": "order 7"}, {"caller": "1", "softPhone": "1", "called": "2"}
    assert client.post(CREATE_CALL_V1_PATH, both, key).json["retCode"] == "0"

    assert client.post(CREATE_CALL_V3_PATH, both, key).status == 409


def test_idempotency_keys_of_two_tenants_do_not_meet(world: World, client: Client) -> None:
    key = {"Idempotency-Key": "order 7"}
    client.place(key)

    assert world.client("tenant-2").place(key, called="1").json["retCode"] == "0"


@pytest.mark.parametrize("key", ["", "x" * 256, "\xe9", "a\tb", "\x7f"])
@pytest.mark.parametrize("path", [CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH])
def test_idempotency_key_out_of_bounds_is_400(client: Client, key: str, path: str) -> None:
    answer = client.post(path, {"caller": "1", "softPhone": "1", "called": "2"}, {"Idempotency-Key": key})

    assert answer.status == 400
    assert "Idempotency-Key" in answer.json["retMsg"]


@pytest.mark.parametrize("key", ["x", "x" * 255, "~ !"])
def test_idempotency_key_within_bounds_is_taken(client: Client, key: str) -> None:
    assert client.place({"Idempotency-Key": key}).json["retCode"] == "0"


# ---------------------------------------------------------------------------- call data, callbacks


@pytest.mark.parametrize("character", ["x", "\u4e2d", "\U0001f4de"])
def test_call_data_is_limited_to_1024_characters_not_bytes(client: Client, character: str) -> None:
    serial = client.place(callData=character * 1024).json["result"]["callSerialNo"]

    assert client.query(serial).json["result"]["callData"] == character * 1024
    assert "callData" in refused(client.place(called="1", callData=character * 1025), "2")


@pytest.mark.parametrize(
    "url", ["http://hooks.example/x", "https://HOOKS.example:8443/a/b?c#d", "https://hooks.example"]
)
def test_callback_to_a_listed_host_is_kept(world: World, url: str) -> None:
    client = world.client("hooked", callback_hosts=("Hooks.Example",))

    assert client.place(callBackUrl=base64(url)).json["retCode"] == "0"
    assert stored(world).callback_url == url


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("http://hooks.example/x", "Base64"),
        ("not base64!", "Base64"),
        ("\u4e2d\u6587", "Base64"),
        ("aHR0cA", "Base64"),
        (base64("http://hooks.\u4e2d/x"), "Base64"),
        (base64("http://other.example/x"), "allow-list"),
        (base64("http://hooks.example.evil/x"), "allow-list"),
        (base64("http://evil/?hooks.example"), "allow-list"),
        (base64("ftp://hooks.example/x"), "http"),
        (base64("//hooks.example/x"), "http"),
        (base64("http:hooks.example/x"), "http"),
        (base64("http:///x"), "host"),
        (base64("http://hooks.example:99999/x"), "port"),
        (base64("http://hooks.example@evil/x"), "may occur"),
        (base64("http://hooks.example\\evil/x"), "may occur"),
        (base64("http://hooks.example/x\n"), "may occur"),
        ("", "http"),
    ],
)
def test_callback_that_is_not_allowed_is_retcode_2_with_the_reason(world: World, encoded: str, reason: str) -> None:
    client = world.client("hooked", callback_hosts=("hooks.example",))

    text = refused(client.place(callBackUrl=encoded), "2")

    assert "callBackUrl" in text
    assert reason in text


# ---------------------------------------------------------------------------- trial tenants, profile ita


def test_trial_tenant_may_ring_listed_phones_only(world: World) -> None:
    client = world.client("trial", trial=True, trial_phones=("88889050",))

    assert client.place().json["retCode"] == "0"
    assert "caller" in refused(client.place(caller="88889051"), "16")


def test_trial_tenant_has_ten_calls_a_day(world: World) -> None:
    client = world.client("trial", trial=True, trial_phones=("88889050",))
    for number in range(10):
        assert client.place(called=str(number)).json["retCode"] == "0"

    refused(client.place(called="10"), "21")


def test_trial_day_is_the_day_of_utc(world: World) -> None:
    client = world.client("trial", trial=True, trial_phones=("88889050",))
    client.place()

    assert stored(world).calls_a_day == 10
    assert stored(world).day_start == 1_621_814_400_000  # 2021-05-24T00:00:00Z


def test_other_tenants_have_no_limit_a_day(world: World, client: Client) -> None:
    client.place()

    assert stored(world).calls_a_day is None


@pytest.mark.parametrize(
    ("rules", "members", "code", "text"),
    [
        ({}, {"caller": "x"}, "90100100", "Invalid Input Parameter"),
        ({}, {"callerPresent": "1"}, "90100100", "Invalid Input Parameter"),
        ({}, {"callBackUrl": base64("http://x/")}, "90100100", "Invalid Input Parameter"),
        ({}, {"callBackUrl": "?"}, "90100100", "Invalid Input Parameter"),
        ({}, {"callData": "x" * 1025}, "90100100", "Invalid Input Parameter"),
        ({"phones": ()}, {}, "90106011", "Caller Forbid"),
        ({"trial": True}, {}, "90106011", "Caller Forbid"),
    ],
)
def test_profile_ita_is_refused_in_its_own_table(
    world: World, rules: dict[str, Any], members: dict[str, Any], code: str, text: str
) -> None:
    client = world.client("ita", profile=Profile.ITA, **rules)

    assert refused(client.place(**members), code) == text


def test_profile_ita_is_told_duplicates_and_limits_in_its_own_table(world: World) -> None:
    client = world.client("ita", profile=Profile.ITA, trial=True, trial_phones=("88889050",))
    for number in range(10):
        assert client.place(called=str(number)).json["retCode"] == "0"
        if not number:
            assert refused(client.place(called="0"), "90106001") == "Binding relationship already exists"

    assert refused(client.place(called="10"), "90102002") == "Request Restriction"


def test_profile_ita_may_send_call_data_and_never_sees_it(world: World) -> None:
    client = world.client("ita", profile=Profile.ITA)

    serial = client.place(callData="mine").json["result"]["callSerialNo"]

    assert "callData" not in client.query(serial).json["result"]


def test_every_refusal_has_a_code_in_both_tables_and_every_member_a_name() -> None:
    assert AICC_CODES.keys() == ITA_CODES.keys() == set(Refusal)
    assert VENDOR_NAMES.keys() == {"caller", "called", "caller_present", "agent_present", "callback_url", "recording"}


# ---------------------------------------------------------------------------- wrong bodies, our own trouble


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"caller": 88889050}, "caller must be a string, not an integer"),
        ({"called": None}, "called must be a string, not null"),
        ({"callData": {}}, "callData must be a string, not an object"),
        ({"callerPresent": []}, "callerPresent must be a string, not an array"),
        ({"agentPresent": 1.5}, "agentPresent must be a string, not a number"),
        ({"callBackUrl": True}, "callBackUrl must be a string, not a boolean"),
        ({"agentWorkNo": 1.5}, "agentWorkNo must be"),
        ({"agentWorkNo": -1}, "agentWorkNo"),
        ({"agentWorkNo": 100000}, "agentWorkNo must be a number of at most 5 digits"),
        ({"agentWorkNo": "123456"}, "agentWorkNo must be a number of at most 5 digits"),
        ({"agentWorkNo": "\u0661"}, "agentWorkNo"),
    ],
)
def test_member_of_a_wrong_json_type_is_400_naming_it_and_the_rule(
    client: Client, members: dict[str, Any], text: str
) -> None:
    answer = client.place(**members)

    assert answer.status == 400
    assert answer.json["retMsg"].startswith(text)


@pytest.mark.parametrize("missing", ["caller", "called"])
def test_missing_mandatory_member_of_v1_is_400(client: Client, missing: str) -> None:
    body = {"caller": "1", "called": "2"}
    del body[missing]

    answer = client.post(CREATE_CALL_V1_PATH, body)

    assert answer.status == 400
    assert answer.json["retMsg"] == f"{missing} is mandatory and missing"


@pytest.mark.parametrize("missing", ["softPhone", "called"])
def test_missing_mandatory_member_of_v3_is_400(client: Client, missing: str) -> None:
    body = {"caller": "1", "softPhone": "1", "called": "2"}
    del body[missing]

    answer = client.post(CREATE_CALL_V3_PATH, body)

    assert answer.status == 400
    assert answer.json["retMsg"] == f"{missing} is mandatory and missing"


def test_store_in_trouble_is_500_that_says_nothing_was_placed_and_when_to_retry(world: World, client: Client) -> None:
    assert client.token
    world.trouble.error = StoreUnavailable("database is locked")

    answer = client.place()

    assert answer.status == 500
    assert answer.headers["retry-after"] == "1"
    assert "nothing was placed" in answer.json["retMsg"]
    assert world.nudges == 0
    ((_, _, facts),) = world.log.lines
    assert facts["correlation_id"] in answer.json["retMsg"]
    assert "locked" not in answer.json["retMsg"]


def test_no_free_serial_in_many_draws_is_our_failure(world: World, client: Client) -> None:
    assert client.token
    world.intake.taken = 1000

    assert client.place().status == 500
    assert world.intake.taken > 900
