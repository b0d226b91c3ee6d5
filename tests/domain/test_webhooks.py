"""Endpoints: what each wants to hear, and where; filters, URLs, secrets."""

from __future__ import annotations

import pytest

from domain.calls import T0
from twoleg.domain.events import EventType
from twoleg.domain.values import replace
from twoleg.domain.webhooks import (
    OVERLAP_MS,
    Credentials,
    Endpoint,
    Format,
    SigningSecret,
    filter_fault,
    lane_of,
    rotated,
    target,
    url_fault,
)

URL = "https://hooks.example.com/twoleg?key=1"
NATIVE = Endpoint(endpoint_id="we_1", tenant_id="t1", format=Format.CLOUDEVENTS, url=URL, created_at=T0, cursor=0)
AICC = Endpoint(
    endpoint_id="we_2",
    tenant_id="t1",
    format=Format.AICC,
    connect_url="https://a.example/connect",
    release_url="https://a.example/release",
    created_at=T0,
    cursor=0,
)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        (("*",), set(EventType)),
        (("call.ended",), {EventType.CALL_ENDED}),
        (("agent.*",), {each for each in EventType if each.value.startswith("agent.")}),
        (("call.ended", "call.talking"), {EventType.CALL_ENDED, EventType.CALL_TALKING}),
    ],
)
def test_a_filter_lets_through_what_it_names(events: tuple[str, ...], wanted: set[EventType]) -> None:
    endpoint = replace(NATIVE, events=events)

    assert {each for each in EventType if target(endpoint, each, None) == URL} == wanted


def test_a_disabled_endpoint_wants_nothing() -> None:
    assert target(replace(NATIVE, disabled_at=T0), EventType.CALL_ENDED, None) is None
    assert target(replace(AICC, disabled_at=T0), EventType.CALL_ENDED, "https://b.example/") is None


def test_the_vendors_callbacks_are_two_and_the_calls_own_url_wins() -> None:
    own = "https://b.example/own"
    wanted = {each: target(AICC, each, None) for each in EventType if target(AICC, each, None)}

    assert wanted == {EventType.CALL_TALKING: AICC.connect_url, EventType.CALL_ENDED: AICC.release_url}
    assert target(AICC, EventType.CALL_ENDED, own) == own
    assert target(AICC, EventType.CALL_TALKING, own) == AICC.connect_url
    assert target(replace(AICC, release_url=None), EventType.CALL_ENDED, own) == own
    assert target(replace(AICC, release_url=None), EventType.CALL_ENDED, None) is None


def test_two_urls_of_one_origin_keep_their_order_and_others_do_not_wait() -> None:
    assert lane_of(AICC, "https://A.example/connect") == lane_of(AICC, "https://a.example/release?x")
    assert lane_of(AICC, "https://a.example/") != lane_of(AICC, "http://a.example/")
    assert lane_of(AICC, "https://a.example/") != lane_of(AICC, "https://a.example:444/")
    assert lane_of(NATIVE, "https://a.example/") == lane_of(NATIVE, "https://b.example/")


@pytest.mark.parametrize("pattern", ["", "call", "call.", "call.**", "*.ended", "call.nothing", "leg*", "calls.*"])
def test_a_pattern_that_fits_no_event_is_named(pattern: str) -> None:
    assert filter_fault(["call.ended", "agent.*", "*", pattern]) == pattern


def test_sound_patterns_have_no_fault() -> None:
    assert filter_fault(["*", "call.*", *(each.value for each in EventType)]) is None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "a.example",
        "https:///path",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://user:secret@a.example/",
        "https://a.example/#part",
        "https://a.example/a b",
        "https://a.example/ü",
        "https://[::1/",
        "https://a.example/" + "x" * 2048,
        "https://a.example/\r\nHost: b",
    ],
)
def test_a_url_that_cannot_be_called_has_a_fault(url: str) -> None:
    assert url_fault(url) is not None


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8080", "https://[2001:db8::1]:8443/hook%20s"])
def test_a_sound_url_has_none(url: str) -> None:
    assert url_fault(url) is None


def test_after_a_rotation_two_secrets_sign_for_a_day_and_never_three() -> None:
    first = Credentials(signing=(SigningSecret("a"),))
    second = rotated(first, "b", now=T0)
    third = rotated(second, "c", now=T0 + 1)

    assert first.live(T0) == ("a",)
    assert second.live(T0) == second.live(T0 + OVERLAP_MS - 1) == ("b", "a")
    assert second.live(T0 + OVERLAP_MS) == ("b",)
    assert third.live(T0 + 1) == ("c", "b")
