"""The native face and one call: what is told of it, to whom, and how a refusal is worded."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from api.asgi_client import exchange
from api.world import NOW
from twoleg.domain.call import Attempt, EndedBy, Leg, Phase, Role
from twoleg.domain.quality import LegQuality
from twoleg.domain.reasons import Reason

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

PROBLEM = "application/problem+json"


def basic(key: str, secret: str) -> str:
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


def test_call_is_told_with_both_legs_and_all_their_facts(world: World, client: Client) -> None:
    attempt = Attempt(1, "carrier", "udp:192.0.2.1:5060", "88889050", "640060", NOW + 1, NOW + 9, 486, "busy", 17)
    agent = Leg(Role.AGENT, "88889050", "640060", dialled_at=NOW + 1, answered_at=NOW + 5, sip_status=200)
    customer = Leg(
        Role.CUSTOMER,
        "88889060",
        "640003",
        dialled_at=NOW + 6,
        ringing_at=NOW + 7,
        released_at=NOW + 9,
        sip_status=486,
        sip_reason="Q.850;cause=17",
        cause=17,
        ended_by=EndedBy.NETWORK,
        attempts=(attempt,),
    )
    call = world.call(
        phase=Phase.ENDED,
        agent=agent,
        customer=customer,
        call_data="order 7",
        started_at=NOW + 1,
        ended_at=NOW + 9,
        reason=Reason.CUSTOMER_FAILED,
        cause=17,
        seq=6,
    )

    answer = client.get(f"/v1/calls/{call.serial}")

    assert answer.status == 200
    assert answer.json == {
        "serial": str(call.serial),
        "state": "ended",
        "phase": "ended",
        "seq": 6,
        "dialled": "yes",
        "caller": "88889050",
        "called": "88889060",
        "createdAt": NOW,
        "startedAt": NOW + 1,
        "endedAt": NOW + 9,
        "reason": 3,
        "reasonText": "The customer's phone could not be reached.",
        "cause": 17,
        "causeText": "User busy",
        "callData": "order 7",
        "agent": {
            "number": "88889050",
            "shown": "640060",
            "dialledAt": NOW + 1,
            "answeredAt": NOW + 5,
            "sipStatus": 200,
        },
        "customer": {
            "number": "88889060",
            "shown": "640003",
            "dialledAt": NOW + 6,
            "ringingAt": NOW + 7,
            "releasedAt": NOW + 9,
            "sipStatus": 486,
            "sipReason": "Q.850;cause=17",
            "cause": 17,
            "causeText": "User busy",
            "endedBy": "network",
            "attempts": [
                {
                    "number": 1,
                    "trunk": "carrier",
                    "peer": "udp:192.0.2.1:5060",
                    "dialled": "88889050",
                    "shown": "640060",
                    "startedAt": NOW + 1,
                    "endedAt": NOW + 9,
                    "sipStatus": 486,
                    "sipReason": "busy",
                    "cause": 17,
                }
            ],
        },
    }


def test_how_well_each_phone_was_heard_is_told_of_an_ended_call(world: World, client: Client) -> None:
    ended = world.call(phase=Phase.ENDED, reason=Reason.CUSTOMER_HUNG_UP, cause=16, ended_at=NOW + 9, seq=2)
    heard = LegQuality(packets=500, lost=3, loss=0.6, jitter=1.5, round_trip=40.25, mos=4.1, was_silent=False)
    deaf = LegQuality(packets=0, lost=None, loss=None, jitter=None, round_trip=None, mos=None, was_silent=True)
    world.quality.put({ended.serial: {Role.AGENT: heard, Role.CUSTOMER: deaf}})

    told = client.get(f"/v1/calls/{ended.serial}").json

    assert told["agent"]["quality"] == {
        "packets": 500,
        "lost": 3,
        "loss": 0.6,
        "jitter": 1.5,
        "roundTrip": 40.25,
        "mos": 4.1,
        "wasSilent": False,
    }
    assert told["customer"]["quality"] == {"packets": 0, "wasSilent": True}
    assert "quality" not in client.get("/v1/calls").json["calls"][0]["agent"]


def test_another_tenants_call_is_refused_word_for_word_like_one_that_never_was(world: World, client: Client) -> None:
    theirs = world.call("tenant-2").serial
    nobodys = theirs + 1

    answers = [client.get(f"/v1/calls/{serial}") for serial in (theirs, nobodys)]

    assert [answer.status for answer in answers] == [404, 404]
    first, second = answers
    assert first.body.replace(str(theirs).encode(), b"SERIAL") == second.body.replace(str(nobodys).encode(), b"SERIAL")
    assert first.headers == second.headers
    assert first.headers["content-type"] == PROBLEM
    assert first.json == {
        "type": "/problems/not-found",
        "title": "There is no such thing",
        "status": 404,
        "detail": "there is no such call",
        "instance": f"/v1/calls/{theirs}",
    }


@pytest.mark.parametrize("serial", ["0", "abc", "9223372036854775808", "1" * 50, "-1", "01", "٣", "1.0", "%20"])
def test_what_is_no_serial_names_no_call(client: Client, serial: str) -> None:
    assert client.get(f"/v1/calls/{serial}").status == 404


@pytest.mark.parametrize("path", ["/v1/", "/v1/nothing", "/v1/calls/1/nothing", "/v1/calls/"])
def test_unknown_native_path_is_a_problem_document(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status == 404
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json["type"] == "/problems/not-found"


def test_other_method_is_a_problem_document_with_allow(client: Client) -> None:
    answer = client.request("PATCH", "/v1/calls/1")

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json["type"] == "/problems/method-not-allowed"


# ------------------------------------------------------------------------------------------------- the door


def ask(world: World, authorization: str | None, serial: int = 1) -> Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return exchange(world.app, "GET", f"/v1/calls/{serial}", headers=headers)


def test_key_and_secret_open_the_door_like_a_token(world: World, client: Client) -> None:
    serial = world.call().serial

    assert ask(world, basic(client.app_key, client.secret), serial).status == 200
    assert ask(world, f"Bearer {client.token}", serial).status == 200
    assert ask(world, f"bearer {client.token}", serial).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"no colon").decode(),
        "Basic " + b64encode(b"\xff:\xfe").decode(),
        basic("nobody", "nothing"),
        basic("app-of-tenant-1", "wrong"),
        "Bearer nonsense",
        "Digest x",
    ],
)
def test_wrong_credentials_are_a_problem_that_names_both_ways_in(
    world: World, client: Client, authorization: str | None
) -> None:
    assert client.app_key == "app-of-tenant-1"

    answer = ask(world, authorization)

    assert answer.status == 401
    assert answer.json["type"] == "/problems/unauthorized"
    assert answer.json["member"] == "Authorization"
    assert "Bearer" in answer.headers["www-authenticate"]
    assert "Basic" in answer.headers["www-authenticate"]


def test_a_secret_is_verified_once_in_a_minute_and_a_wrong_one_every_time(world: World, client: Client) -> None:
    hasher = world.plain_hasher
    right, wrong = basic(client.app_key, client.secret), basic(client.app_key, "wrong")

    assert [ask(world, right).status for _ in range(3)] == [404, 404, 404]
    assert hasher.verified == 1
    assert [ask(world, wrong).status for _ in range(3)] == [401, 401, 401]
    assert hasher.verified == 4
    world.clock.advance(60.1)
    assert ask(world, right).status == 404
    assert hasher.verified == 5


def test_a_disabled_app_is_out_at_once_though_its_secret_was_just_verified(world: World, client: Client) -> None:
    right = basic(client.app_key, client.secret)
    assert ask(world, right).status == 404

    world.registry.disable_app(client.app_key, at=NOW)

    assert ask(world, right).status == 401
