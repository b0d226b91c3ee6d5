"""The native face: events as pages, and what a long poll answers when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.world import NOW
from twoleg.domain.call import Role
from twoleg.domain.signals import HangUpRequested, LegFailed, LegRinging, Start, WireFacts

if TYPE_CHECKING:
    from api.world import Client, World

BUSY = LegFailed(Role.AGENT, WireFacts(486, "Q.850;cause=17", 17))


def ids(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [event["id"] for event in answer.json["events"]]


def test_events_are_cloud_events_with_the_facts_of_the_wire(world: World, client: Client) -> None:
    call = world.tell(world.call(call_data="order 7"), Start(), LegRinging(Role.AGENT), BUSY)
    serial = str(call.serial)

    answer = client.get(f"/v1/calls/{serial}/events")

    assert answer.json["next"] == f"{serial}-4"
    assert answer.json["more"] is False
    assert [event["type"] for event in answer.json["events"]] == [
        "twoleg.call.queued",
        "twoleg.agent.dialled",
        "twoleg.agent.ringing",
        "twoleg.call.ended",
    ]
    assert answer.json["events"][3] == {
        "specversion": "1.0",
        "id": f"{serial}-4",
        "source": f"/v1/calls/{serial}",
        "type": "twoleg.call.ended",
        "subject": serial,
        "time": "2021-05-24T02:37:45.003Z",
        "datacontenttype": "application/json",
        "data": {
            "serial": serial,
            "seq": 4,
            "at": NOW + 3,
            "caller": "88889050",
            "called": "88889060",
            "callData": "order 7",
            "sipStatus": 486,
            "sipReason": "Q.850;cause=17",
            "cause": 17,
            "causeText": "User busy",
            "reason": 2,
            "reasonText": "The agent's phone could not be reached.",
        },
    }


def test_pages_of_a_calls_events_follow_each_other(world: World, client: Client) -> None:
    serial = world.tell(world.call(), Start(), LegRinging(Role.AGENT), BUSY).serial
    path = f"/v1/calls/{serial}/events"

    first = client.get(f"{path}?limit=3")
    second = client.get(f"{path}?limit=3&after={first.json['next']}")
    third = client.get(f"{path}?after={second.json['next']}")

    assert ids(first) == [f"{serial}-{seq}" for seq in (1, 2, 3)]
    assert ids(second) == [f"{serial}-4"]
    assert ids(third) == []
    assert [page.json["more"] for page in (first, second, third)] == [True, False, False]
    assert third.json["next"] == second.json["next"]
    assert ids(client.get(f"{path}?after=3")) == [f"{serial}-4"]
    assert ids(client.get(f"{path}?after=0", {"Last-Event-ID": f"{serial}-2"})) == [f"{serial}-3", f"{serial}-4"]


def test_the_tenants_events_are_those_of_its_calls_in_order(world: World, client: Client) -> None:
    first, theirs, second = world.call(), world.call("tenant-2"), world.call()
    world.tell(first, Start(), HangUpRequested())
    world.tell(theirs, Start())

    page = client.get("/v1/events?limit=3")
    rest = client.get(f"/v1/events?after={page.json['next']}")

    assert ids(page) == [f"{first.serial}-1", f"{second.serial}-1", f"{first.serial}-2"]
    assert ids(rest) == [f"{first.serial}-3"]
    assert ids(client.get("/v1/events?after=latest")) == []
    assert client.get("/v1/events?after=latest").json["next"] == rest.json["next"]


def test_an_empty_log_has_a_cursor_too(world: World, client: Client) -> None:
    empty = client.get("/v1/events?after=latest").json
    assert empty == {"events": [], "next": "0", "more": False}

    call = world.call()

    assert ids(client.get(f"/v1/events?after={empty['next']}")) == [f"{call.serial}-1"]


def test_a_cursor_whose_event_was_purged_goes_on_from_the_oldest(world: World, client: Client) -> None:
    old = world.tell(world.call(serial=SERIAL_OF_NOW), HangUpRequested())
    cursor = client.get("/v1/events").json["next"]
    assert cursor == f"{old.serial}-2"
    world.clock.advance(91 * 86_400)
    while world.store.purge(world.clock.now_ms()):
        pass
    later = world.client(app_key="another")
    placed = later.post("/v1/calls", {"caller": "1", "called": "2"}).json["serial"]

    answer = later.get(f"/v1/events?after={cursor}")

    assert ids(answer) == [f"{placed}-1"]


SERIAL_OF_NOW = (NOW - 1_262_304_000_000) << 22 | 5


@pytest.mark.parametrize(
    "cursor", ["x", "1", "-1", "1-", "-", "%D9%A1-1", "1-1-1", "9" * 19 + "-1", "latest ", "1-" + "1" * 10]
)
@pytest.mark.parametrize("way", ["after", "Last-Event-ID"])
def test_what_is_no_cursor_is_refused_by_the_name_it_came_under(client: Client, cursor: str, way: str) -> None:
    by_query = way == "after"
    answer = client.get(f"/v1/events?after={cursor}" if by_query else "/v1/events", {} if by_query else {way: cursor})

    assert answer.status == 400
    assert (answer.json["type"], answer.json["member"]) == ("/problems/bad-member", way)


@pytest.mark.parametrize("way", ["after", "Last-Event-ID"])
def test_a_cursor_from_the_future_is_refused_with_the_limit(world: World, client: Client, way: str) -> None:
    call = world.tell(world.call(serial=SERIAL_OF_NOW), Start())
    cursor = f"{call.serial}-{call.seq + 1}"

    answer = client.get(f"/v1/events?after={cursor}") if way == "after" else client.get("/v1/events", {way: cursor})

    assert (answer.status, answer.json["type"]) == (400, "/problems/over-limit")
    assert (answer.json["member"], answer.json["limit"]) == (way, call.seq)
    assert "future" in answer.json["detail"]


def test_a_cursor_of_another_tenant_is_refused_like_one_that_nobody_has(world: World, client: Client) -> None:
    theirs = world.call("tenant-2", serial=SERIAL_OF_NOW)
    cursors = (f"{theirs.serial}-1", f"{theirs.serial}-9", f"{SERIAL_OF_NOW + 1}-1", "77-1")

    *refused, purged = (client.get(f"/v1/events?after={cursor}") for cursor in cursors)

    assert [answer.status for answer in refused] == [400] * 3
    assert refused[0].json == refused[1].json == refused[2].json
    assert refused[0].json["type"] == "/problems/bad-member"
    assert purged.status == 200, "so old that it may have been purged"


def test_a_calls_cursor_from_the_future_is_refused_with_the_limit(world: World, client: Client) -> None:
    call, other = world.call(), world.call()

    for cursor in ("2", f"{call.serial}-2"):
        answer = client.get(f"/v1/calls/{call.serial}/events?after={cursor}")
        assert (answer.status, answer.json["member"], answer.json["limit"]) == (400, "after", 1)
    answer = client.get(f"/v1/calls/{call.serial}/events?after={other.serial}-1")
    assert (answer.status, answer.json["member"]) == (400, "after")


@pytest.mark.parametrize(
    ("query", "member", "limit"),
    [("limit=1001", "limit", 1000), ("limit=0", "limit", None), ("after=" + "1" * 41, "after", 40), ("x=1", "x", None)],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/calls/{serial}/events"])
def test_a_wrong_parameter_of_a_page_is_told(
    world: World, client: Client, path: str, query: str, member: str, limit: int | None
) -> None:
    answer = client.get(path.format(serial=world.call().serial) + f"?{query}")

    assert (answer.status, answer.json["member"], answer.json.get("limit")) == (400, member, limit)


@pytest.mark.parametrize("path", ["/v1/calls/{serial}/events", "/v1/calls/{serial}?after=0&wait=1"])
def test_events_of_another_tenants_call_are_those_of_no_call(world: World, client: Client, path: str) -> None:
    assert client.get(path.format(serial=world.call("tenant-2").serial)).status == 404


# ------------------------------------------------------------------------------------------------- long poll


def test_a_poll_that_is_behind_is_answered_at_once(world: World, client: Client) -> None:
    call = world.tell(world.call(), Start())

    answer = client.get(f"/v1/calls/{call.serial}?after=1&wait=60")

    assert (answer.json["seq"], answer.json["state"]) == (2, "calling")


def test_a_poll_of_an_ended_call_is_answered_at_once(world: World, client: Client) -> None:
    call = world.tell(world.call(), HangUpRequested())

    assert client.get(f"/v1/calls/{call.serial}?after=2&wait=60").json["state"] == "ended"
    assert client.get(f"/v1/calls/{call.serial}?wait=60").json["state"] == "ended"


def test_a_poll_waits_its_time_and_says_that_nothing_changed(world: World, client: Client) -> None:
    call = world.call()

    assert client.get(f"/v1/calls/{call.serial}?after=1&wait=1").json["seq"] == 1
    assert client.get(f"/v1/calls/{call.serial}?after=1&wait=0").json["seq"] == 1


@pytest.mark.parametrize(
    ("query", "member", "limit"),
    [
        ("wait=61", "wait", 60),
        ("wait=1.5", "wait", None),
        ("after=2&wait=1", "after", 1),
        ("after=2", "after", 1),
        ("after=x", "after", None),
        ("after=99999999999999999999", "after", 10**9),
    ],
)
def test_a_wrong_poll_is_told_with_the_limit(
    world: World, client: Client, query: str, member: str, limit: int | None
) -> None:
    answer = client.get(f"/v1/calls/{world.call().serial}?{query}")

    assert (answer.status, answer.json["member"], answer.json.get("limit")) == (400, member, limit)
