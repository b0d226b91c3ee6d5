"""The vendor's two callbacks against its pages, and the signature against a verifier written from the page alone."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import T0, a_call, told
from twoleg.adapters.webhooks.aicc import connect_body, is_taken, release_body, signed, to_json
from twoleg.application.webhook_ports import Subject
from twoleg.domain.call import Role
from twoleg.domain.recording import AudioFormat, Recording, RecordingStatus
from twoleg.domain.signals import (
    HangUpRequested,
    LegAnswered,
    LegFailed,
    LegHungUp,
    LegReleased,
    LegRinging,
    RingTimeout,
    Start,
    WireFacts,
)
from twoleg.domain.tenant import Profile
from twoleg.domain.values import replace
from webhooks.verifier import is_signed_by

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
KEY = "0123456789abcdef"
QUEUED = replace(a_call(), call_data="order 17")
# One signal a millisecond, from T0 on: 2021-05-24 02:37:45.000 UTC.
TALKED = told(
    QUEUED,
    Start(),
    LegRinging(AGENT),
    LegAnswered(AGENT),
    LegRinging(CUSTOMER),
    LegAnswered(CUSTOMER),
)
ENDED = told(TALKED, LegHungUp(CUSTOMER), LegReleased(AGENT), at=T0 + 26_500)


def test_the_connect_callback_has_the_pages_four_members() -> None:
    assert connect_body(Subject(TALKED, None, 107)) == {
        "callSerialNo": "1037058396471308289",
        "serviceNo": "107",
        "called": "88889060",
        "callData": "order 17",
    }
    assert connect_body(Subject(replace(TALKED, call_data=None), None, None)) == {
        "callSerialNo": "1037058396471308289",
        "serviceNo": "",
        "called": "88889060",
        "callData": "",
    }


def test_the_release_callback_has_the_pages_members_in_its_forms() -> None:
    assert release_body(Subject(ENDED, None, 107)) == {
        "callSerialNo": "1037058396471308289",
        "serviceNo": "107",
        "called": "88889060",
        "caller": "88889050",
        "callerPresent": "640003",
        "callData": "order 17",
        "createCallTime": "2021/05/24,02:37:45:000",
        "alertingTime": "2021/05/24,02:37:45:003",
        "talkingTime": "2021/05/24,02:37:45:004",
        "releaseTime": "2021/05/24,02:38:11:500",
        "talkDuration": "26",
        "recordfile": None,
        "locationId": None,
        "releaseReason": "0",
        "agentAlertingTime": "2021/05/24,02:37:45:001",
        "agentTalkingTime": "2021/05/24,02:37:45:002",
        "agentReleaseTime": "2021/05/24,02:38:11:500",
        "agentTalkDuration": "26",
    }


def test_the_release_callback_names_the_recording_and_the_node_it_was_made_on() -> None:
    recording = Recording(
        serial=ENDED.serial,
        tenant_id=ENDED.tenant_id,
        status=RecordingStatus.RECORDING,
        audio_format=AudioFormat.PCM,
        wanted_at=T0,
        began_at=T0 + 9,
    )
    subject = Subject(ENDED, None, None, recording=recording)

    body = release_body(subject)
    assert (body["recordfile"], body["locationId"]) == (f"{ENDED.tenant_id}/2021/05/24/{ENDED.serial}.wav", "2")
    body = release_body(replace(subject, recording=dataclasses.replace(recording, status=RecordingStatus.FAILED)))
    assert (body["recordfile"], body["locationId"]) == (None, None)


@pytest.mark.parametrize(
    ("signals", "reason", "cause"),
    [
        ((Start(), LegAnswered(AGENT), LegAnswered(CUSTOMER), LegHungUp(CUSTOMER)), "0", "16"),
        ((Start(), LegAnswered(AGENT), LegAnswered(CUSTOMER), LegHungUp(AGENT)), "1", "16"),
        ((Start(), LegFailed(AGENT, WireFacts(486, None, 17))), "2", "17"),
        ((Start(), LegAnswered(AGENT), LegFailed(CUSTOMER, WireFacts(503, None, 34))), "3", "34"),
        ((Start(), LegRinging(AGENT), RingTimeout(AGENT)), "4", "19"),
        ((Start(), LegAnswered(AGENT), LegRinging(CUSTOMER), RingTimeout(CUSTOMER)), "5", "19"),
        ((HangUpRequested(),), "1001", "16"),
    ],
)
def test_the_release_reason_is_the_pages_and_for_profile_ita_the_cause(
    signals: tuple[object, ...], reason: str, cause: str
) -> None:
    ended = told(QUEUED, *signals)  # type: ignore[arg-type]  # a tuple of signals

    assert release_body(Subject(ended, None, None))["releaseReason"] == reason
    ita = release_body(Subject(ended, None, None, Profile.ITA))
    assert (ita["releaseReason"], ita["callData"]) == (cause, None)


def test_what_never_happened_has_no_time() -> None:
    ended = told(QUEUED, Start(), LegFailed(AGENT, WireFacts(486, None, 17)))
    body = release_body(Subject(ended, None, None))

    unheard = ("alertingTime", "talkingTime", "releaseTime", "agentAlertingTime", "agentTalkingTime")
    assert [body[name] for name in unheard] == [None] * 5
    assert (body["talkDuration"], body["agentTalkDuration"]) == ("0", "0")


def test_an_independent_verifier_accepts_the_signature_and_no_change() -> None:
    body = to_json(signed(release_body(Subject(ENDED, None, None)), key=KEY, timestamp="1700000000000", nonce="n0"))

    assert is_signed_by(KEY, body)
    assert not is_signed_by(KEY + "x", body)
    assert not is_signed_by(KEY, body.replace(b'"releaseReason":"0"', b'"releaseReason":"1"'))
    assert not is_signed_by(KEY, body.replace(b"1700000000000", b"1700000000001"))


def test_the_signature_of_a_body_worked_out_by_hand() -> None:
    """`openssl dgst -sha256 -hmac k` of `k_1_2_a=,b=null,c=xy`, in Base64."""
    assert signed({"c": "x y", "a": "", "b": None}, key="k", timestamp="1", nonce="2") == {
        "c": "x y",
        "a": "",
        "b": None,
        "timestamp": "1",
        "nonce": "2",
        "signature": "axSonHzxxCwN/PzK/U1e0Q6BRN7ulU8z0i4I5cqRf0c=",
    }


@given(
    data=st.none() | st.text(max_size=1024),
    key=st.text(min_size=16, max_size=64).filter(lambda key: key.isprintable()),
    nonce=st.text("0123456789abcdef", min_size=1, max_size=32),
)
def test_the_signature_holds_for_any_call_data(data: str | None, key: str, nonce: str) -> None:
    body = release_body(Subject(replace(ENDED, call_data=data), None, None))

    assert is_signed_by(key, to_json(signed(body, key=key, timestamp="1700000000000", nonce=nonce)))


@pytest.mark.parametrize("answer", [b'{"retCode":"0","retMsg":"success"}', b'{"retCode":"0"}', b'{"retCode":0}'])
def test_ret_code_zero_means_taken(answer: bytes) -> None:
    assert is_taken(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"OK",
        b"0",
        b'"0"',
        b"[]",
        b"{}",
        b"null",
        b'{"retCode":"1"}',
        b'{"retCode":null}',
        b'{"retCode":false}',
        b'{"retCode":""}',
        b'{"retCode":"0"',
        b"\xff\xfe",
        b"[" * 10_000,
    ],
)
def test_any_other_answer_means_not_taken(answer: bytes) -> None:
    assert not is_taken(answer)


def test_the_bodies_are_json_of_strings() -> None:
    for body in (connect_body(Subject(TALKED, None, None)), release_body(Subject(ENDED, None, 1))):
        assert json.loads(to_json(body)) == body
        assert {type(value) for value in body.values()} <= {str, type(None)}
