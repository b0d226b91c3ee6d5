"""Rates of requests, and what becomes of who guesses secrets: 429 with Retry-After, on both faces."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from api.asgi_client import exchange
from twoleg.api.aicc.face import TOKEN_PATH
from twoleg.application.lockout import (
    FORGET_MS,
    FREE_TRIES,
    LONGEST_MS,
    MOST_REMEMBERED,
    LockedOut,
    Lockout,
)
from twoleg.application.request_rate import RequestRate, TooManyRequests
from twoleg.domain.guards import Guards
from twoleg.domain.tenant import Profile, Tenant

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

from fakes.clock import DrivenClock

HERE, ELSEWHERE = "203.0.113.5", "198.51.100.7"


def log_in(client: Client, secret: str, source: str = HERE) -> Response:
    body = json.dumps({"app_key": client.app_key, "app_secret": secret}).encode()
    return exchange(client.world.app, "POST", TOKEN_PATH, body=body, client=source)


def knock(client: Client, secret: str, source: str = HERE) -> Response:
    sent = b64encode(f"{client.app_key}:{secret}".encode()).decode()
    return exchange(client.world.app, "GET", "/v1/calls", headers={"Authorization": f"Basic {sent}"}, client=source)


def guess(client: Client, times: int, source: str = HERE) -> list[int]:
    return [log_in(client, f"guess {number}", source).status for number in range(times)]


def test_the_sixth_wrong_secret_from_one_place_waits(client: Client) -> None:
    assert guess(client, FREE_TRIES) == [401] * FREE_TRIES

    refused = log_in(client, "one more")

    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.json["retMsg"] == "too many wrong secrets for this app key from your address"
    assert knock(client, "one more").json["type"] == "/problems/too-many-requests"
    assert knock(client, "one more").headers["retry-after"] == "1"


def test_while_it_waits_no_secret_is_verified(world: World, client: Client) -> None:
    guess(client, FREE_TRIES)
    verified = world.plain_hasher.verified

    guess(client, 20)

    assert world.plain_hasher.verified == verified


def test_each_failure_after_it_doubles_the_wait_up_to_a_minute(world: World, client: Client) -> None:
    guess(client, FREE_TRIES)
    waits = []
    for _ in range(9):
        waits.append(int(log_in(client, "x").headers["retry-after"]))
        world.clock.advance(waits[-1])
        assert log_in(client, "x").status == 401

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_app_itself_gets_in_from_elsewhere_meanwhile(client: Client) -> None:
    guess(client, FREE_TRIES)

    assert log_in(client, client.secret).status == 429
    assert log_in(client, client.secret, ELSEWHERE).status == 200
    assert log_in(client, "wrong", ELSEWHERE).status == 401


def test_who_got_in_before_is_not_locked_out_by_a_guesser_behind_the_same_proxy(client: Client) -> None:
    assert log_in(client, client.secret).status == 200
    guess(client, FREE_TRIES)
    assert log_in(client, "wrong").status == 429

    assert log_in(client, client.secret).status == 200
    assert knock(client, client.secret).status == 200


def test_a_right_secret_ends_the_count(client: Client) -> None:
    guess(client, FREE_TRIES - 1)
    assert log_in(client, client.secret).status == 200

    assert guess(client, FREE_TRIES) == [401] * FREE_TRIES


def test_a_key_that_does_not_exist_is_locked_like_one_that_does(client: Client) -> None:
    client.app_key = "nobody's"

    assert guess(client, FREE_TRIES + 1) == [401] * FREE_TRIES + [429]


def test_other_apps_log_in_from_there(world: World, client: Client) -> None:
    guess(client, FREE_TRIES)
    other = world.client("tenant-2")

    assert log_in(other, other.secret).status == 200


def test_tokens_that_are_out_work_on(client: Client) -> None:
    assert client.get("/v1/calls").status == 200
    guess(client, FREE_TRIES + 1)

    assert client.get("/v1/calls").status == 200


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


def failing(lockout: Lockout, source: str, *, app_key: str = "app", times: int = FREE_TRIES) -> None:
    for _ in range(times):
        lockout.failed(app_key, source)


def is_locked(lockout: Lockout, source: str, app_key: str = "app") -> bool:
    try:
        lockout.check(app_key, source)
    except LockedOut:
        return True
    return False


def test_failures_are_forgotten_with_time(clock: DrivenClock) -> None:
    lockout = Lockout(clock)
    failing(lockout, HERE, times=FREE_TRIES - 1)
    clock.advance(FORGET_MS / 1000)

    failing(lockout, HERE, times=1)

    assert not is_locked(lockout, HERE)


def test_addresses_of_one_ipv6_site_count_as_one(clock: DrivenClock) -> None:
    lockout = Lockout(clock)
    for number in range(FREE_TRIES):
        lockout.failed("app", f"2001:db8:1:2::{number:x}")

    assert is_locked(lockout, "2001:db8:1:2:ffff::1")
    assert not is_locked(lockout, "2001:db8:1:3::1")


def test_an_ipv4_address_is_the_same_in_either_spelling(clock: DrivenClock) -> None:
    lockout = Lockout(clock)
    failing(lockout, f"::ffff:{HERE}")

    assert is_locked(lockout, HERE)


def test_no_more_pairs_are_remembered_than_there_is_room_for(clock: DrivenClock) -> None:
    lockout = Lockout(clock)
    failing(lockout, HERE)
    for number in range(MOST_REMEMBERED):
        lockout.failed("x" * 60_000 + str(number) if number < 3 else str(number), ELSEWHERE)

    assert len(lockout._failures) == MOST_REMEMBERED
    assert not is_locked(lockout, HERE)


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer(clock: DrivenClock) -> None:
    lockout = Lockout(clock)
    failing(lockout, HERE, times=50)
    assert is_locked(lockout, HERE)

    clock.now_ms = lambda: 1_000_000  # type: ignore[method-assign]

    assert not is_locked(lockout, HERE)
    assert LONGEST_MS == 60_000


# ---------------------------------------------------------------------------- rates


def test_a_tenant_without_a_rate_is_not_counted(client: Client) -> None:
    assert [client.query("1").status for _ in range(50)] == [200] * 50


def limited(world: World, **rules: Any) -> Client:
    return world.client(guards=Guards(requests_a_second=3), **rules)


def test_beyond_its_rate_an_app_is_told_when_to_come_again(world: World) -> None:
    client = limited(world)
    assert [client.query("1").status for _ in range(3)] == [200] * 3

    refused, problem = client.query("1"), client.get("/v1/calls")

    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.json["retMsg"] == "the app makes more requests a second than its tenant may"
    assert (problem.status, problem.json["type"]) == (429, "/problems/too-many-requests")
    assert problem.headers["retry-after"] == "1"


def test_a_second_later_it_may_go_on(world: World) -> None:
    client = limited(world)
    for _ in range(5):
        client.query("1")
    world.clock.advance(0.34)
    assert [client.query("1").status for _ in range(2)] == [200, 429]
    world.clock.advance(10.0)

    assert [client.query("1").status for _ in range(4)] == [200, 200, 200, 429]


def test_each_app_has_a_rate_of_its_own(world: World) -> None:
    client = limited(world)
    other = world.client(app_key="the other app")
    for _ in range(5):
        client.query("1")

    assert client.query("1").status == 429
    assert other.query("1").status == 200


def test_requests_with_a_secret_count_too(world: World) -> None:
    client = limited(world)

    assert [knock(client, client.secret).status for _ in range(4)] == [200, 200, 200, 429]


def test_a_slow_rate_says_how_long_it_takes(clock: DrivenClock) -> None:
    rate = RequestRate(clock)
    tenant = Tenant("t", name="T", profile=Profile.AICC, access_codes=("1",), guards=Guards(requests_a_second=1))
    rate.admit("app", tenant)

    with pytest.raises(TooManyRequests) as refused:
        rate.admit("app", tenant)

    assert refused.value.seconds == 1
