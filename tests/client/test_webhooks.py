"""Checking callbacks: against the library that the service signs with, and against the rule of the vendor's page."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from patience import wall_clock_ms
from twoleg.adapters.webhooks.aicc import signed, to_json
from twoleg.client import WebhookRejected, webhooks

SECRET = "whsec_" + b64encode(b"twenty-four octets here!").decode()
OTHER = "whsec_" + b64encode(b"another secret, as long.").decode()
NOW = 1_700_000_000
BODY = json.dumps(
    {
        "specversion": "1.0",
        "id": "7-3",
        "source": "/v1/calls/7",
        "type": "twoleg.call.ended",
        "subject": "7",
        "time": "2026-11-22T13:12:50.931Z",
        "datacontenttype": "application/json",
        "data": {"serial": "7", "seq": 3, "at": 1, "caller": "1", "called": "2", "reason": 0, "new": "中文"},
    },
    ensure_ascii=False,
).encode()


def headers(*secrets: str, body: bytes = BODY, at: int = NOW) -> dict[str, str]:
    signatures = [Webhook(each).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode()) for each in secrets]
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(at), "Webhook-Signature": " ".join(signatures)}


def test_a_good_callback_is_read() -> None:
    event = webhooks.event(BODY, headers(SECRET), SECRET, now=NOW)

    assert (event.name, event.data.serial, event.data.reason) == ("call.ended", "7", 0)
    assert webhooks.verify(BODY, headers(SECRET), SECRET, now=NOW) == json.loads(BODY)


def test_while_a_secret_is_replaced_either_will_do() -> None:
    webhooks.verify(BODY, headers(OTHER, SECRET), SECRET, now=NOW)
    webhooks.verify(BODY, headers(SECRET), [OTHER, SECRET], now=NOW)


@pytest.mark.parametrize("change", [b" ", b"0"])
def test_a_changed_body_is_rejected(change: bytes) -> None:
    with pytest.raises(WebhookRejected, match="no signature fits"):
        webhooks.verify(BODY + change, headers(SECRET), SECRET, now=NOW)


def test_another_secret_is_rejected() -> None:
    with pytest.raises(WebhookRejected):
        webhooks.verify(BODY, headers(OTHER), SECRET, now=NOW)


@pytest.mark.parametrize("changed", [{"Webhook-Id": "msg_2"}, {"Webhook-Timestamp": str(NOW + 1)}])
def test_id_and_time_are_signed_too(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookRejected):
        webhooks.verify(BODY, headers(SECRET) | changed, SECRET, now=NOW)


@pytest.mark.parametrize("age", [-301, 301])
def test_what_is_too_old_or_from_the_future_is_rejected(age: int) -> None:
    webhooks.verify(BODY, headers(SECRET), SECRET, now=NOW + age - (1 if age > 0 else -1))
    with pytest.raises(WebhookRejected, match="too old"):
        webhooks.verify(BODY, headers(SECRET), SECRET, now=NOW + age)


def test_without_a_time_given_it_is_the_machines_own() -> None:
    now = wall_clock_ms() // 1000
    webhooks.verify(BODY, headers(SECRET, at=now), SECRET)
    with pytest.raises(WebhookRejected, match="too old"):
        webhooks.verify(BODY, headers(SECRET), SECRET)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-signature": "v1,\u00e9"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": "-1"},
    ],
)
def test_missing_and_malformed_headers_are_rejected(given: dict[str, str]) -> None:
    sent = {name.lower(): value for name, value in headers(SECRET).items()}
    with pytest.raises(WebhookRejected):
        webhooks.verify(BODY, sent | given if given else {}, SECRET, now=NOW)


@given(st.binary(max_size=200))
def test_a_body_that_is_not_the_services_is_rejected_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(WebhookRejected):
        webhooks.verify(body, headers(SECRET), SECRET, now=NOW)
    with pytest.raises(WebhookRejected):
        webhooks.verify_release(body, "0123456789abcdef")


def test_a_secret_that_is_none_is_the_programmers_error() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        webhooks.verify(BODY, headers(SECRET), "whsec_!!", now=NOW)


# ---------------------------------------------------------------------------- the release callback of the pages

KEY = "a shared key of 16+"
RELEASE = {
    "callSerialNo": "7",
    "serviceNo": "",
    "called": "88880067",
    "callData": None,
    "releaseReason": "0",
    "x": "a b",
}


def test_a_signed_release_is_read() -> None:
    body = to_json(signed(RELEASE, key=KEY, timestamp="1700000000000", nonce="n1"))

    told = webhooks.verify_release(body, KEY)

    assert {name: told[name] for name in RELEASE} == RELEASE


def test_the_signature_is_that_of_the_pages_rule_worked_out_by_hand() -> None:
    import hmac  # noqa: PLC0415 - the rule once more, by other means

    listed = "callData=null,callSerialNo=7,called=88880067,releaseReason=0,serviceNo=,x=ab"
    text = f"{KEY}_17_n_{listed}"
    signature = b64encode(hmac.new(KEY.encode(), text.encode(), "sha256").digest()).decode()
    body = json.dumps({**RELEASE, "timestamp": "17", "nonce": "n", "signature": signature}).encode()

    assert webhooks.verify_release(body, KEY)["callSerialNo"] == "7"


@pytest.mark.parametrize(
    "changed", [{"called": "1"}, {"nonce": "n2"}, {"timestamp": "2"}, {"more": "x"}, {"signature": "x"}, {"nonce": 1}]
)
def test_a_changed_release_is_rejected(changed: dict[str, object]) -> None:
    body = json.loads(to_json(signed(RELEASE, key=KEY, timestamp="1", nonce="n1"))) | changed

    with pytest.raises(WebhookRejected):
        webhooks.verify_release(json.dumps(body).encode(), KEY)


def test_another_key_and_an_unsigned_release_are_rejected() -> None:
    with pytest.raises(WebhookRejected):
        webhooks.verify_release(to_json(signed(RELEASE, key="another key, long", timestamp="1", nonce="n")), KEY)
    with pytest.raises(WebhookRejected, match="not all there"):
        webhooks.verify_release(to_json(RELEASE), KEY)
