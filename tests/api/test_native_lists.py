"""The native face: lists of calls by filter and cursor, and the states of many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.world import NOW
from twoleg.api.native.wire import STATE_NAMES
from twoleg.domain.call import CallState, Phase
from twoleg.domain.reasons import Reason

if TYPE_CHECKING:
    from api.world import Client, World


def serials(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [call["serial"] for call in answer.json["calls"]]


def test_every_state_has_a_name_of_its_own() -> None:
    assert set(STATE_NAMES) == set(CallState)
    assert len(set(STATE_NAMES.values())) == len(CallState)


def test_a_list_holds_whole_calls_of_the_tenant_newest_first(world: World, client: Client) -> None:
    older, newer = world.call(), world.call()
    world.call("tenant-2")

    answer = client.get("/v1/calls")

    assert serials(answer) == [str(newer.serial), str(older.serial)]
    assert answer.json["calls"][1] == client.get(f"/v1/calls/{older.serial}").json
    assert "next" not in answer.json


def test_pages_follow_each_other_by_their_cursors(world: World, client: Client) -> None:
    placed = [str(world.call().serial) for _ in range(5)]

    pages = [client.get("/v1/calls?limit=2")]
    while "next" in pages[-1].json:
        pages.append(client.get(f"/v1/calls?limit=2&after={pages[-1].json['next']}"))

    assert [serial for page in pages for serial in serials(page)] == placed[::-1]
    assert len(pages) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=queued", [0]),
        ("state=ended", [2]),
        ("state=talking", [1]),
        ("state=calling", []),
        ("called=88889061", [1]),
        ("caller=88889050", [2, 1, 0]),
        ("caller=nobody", []),
        ("reason=1", [2]),
        (f"from={NOW}&to={NOW + 1}", [2, 1, 0]),
        (f"to={NOW}", []),
        (f"from={NOW}&to={NOW}", []),
        (f"from={NOW + 1}", []),
    ],
)
def test_a_list_is_narrowed_by_each_filter(world: World, client: Client, query: str, found: list[int]) -> None:
    placed = [
        world.call(),
        world.call(phase=Phase.TALKING, talking_at=NOW),
        world.call(phase=Phase.ENDED, ended_at=NOW, reason=Reason.AGENT_HUNG_UP, cause=16),
    ]

    assert serials(client.get(f"/v1/calls?{query}")) == [str(placed[each].serial) for each in found]


@pytest.mark.parametrize(
    ("query", "member", "limit"),
    [
        ("state=busy", "state", None),
        ("limit=201", "limit", 200),
        ("limit=0", "limit", None),
        ("limit=-1", "limit", None),
        ("limit=" + "9" * 30, "limit", 200),
        ("limit=%D9%A1", "limit", None),
        ("reason=65536", "reason", 65535),
        ("from=yesterday", "from", None),
        (f"from={NOW + 1}&to={NOW}", "from", None),
        ("after=nonsense", "after", None),
        ("after=", "after", None),
        ("after=" + "x" * 101, "after", 100),
        ("after=MS4x=", "after", None),
        ("caller=" + "1" * 33, "caller", 32),
        ("colour=red", "colour", None),
        ("state=ended&state=ended", "state", None),
    ],
)
def test_a_wrong_filter_is_told_by_its_name_and_its_limit(
    client: Client, query: str, member: str, limit: int | None
) -> None:
    answer = client.get(f"/v1/calls?{query}")

    assert answer.status == 400
    assert answer.json["type"] == ("/problems/bad-member" if limit is None else "/problems/over-limit")
    assert (answer.json["member"], answer.json.get("limit")) == (member, limit)


def test_states_of_many_calls_come_in_the_order_of_the_request(world: World, client: Client) -> None:
    queued = world.call()
    talking = world.call(phase=Phase.TALKING, started_at=NOW + 1, talking_at=NOW + 2, seq=7)
    ended = world.call(phase=Phase.ENDED, ended_at=NOW + 9, reason=Reason.CUSTOMER_FAILED, cause=17)
    theirs = world.call("tenant-2")
    wanted = [str(each.serial) for each in (ended, theirs, queued, talking, queued)]

    answer = client.post("/v1/calls/states", {"serials": [*wanted, "1", "x", ""]})

    assert answer.status == 200
    assert answer.json == {
        "calls": [
            {
                "serial": str(ended.serial),
                "state": "ended",
                "phase": "ended",
                "seq": 1,
                "createdAt": NOW,
                "endedAt": NOW + 9,
                "reason": 3,
                "cause": 17,
            },
            {"serial": str(queued.serial), "state": "queued", "phase": "queued", "seq": 1, "createdAt": NOW},
            {
                "serial": str(talking.serial),
                "state": "talking",
                "phase": "talking",
                "seq": 7,
                "createdAt": NOW,
                "startedAt": NOW + 1,
                "talkingAt": NOW + 2,
            },
        ],
        "unknown": [str(theirs.serial), "1", "x", ""],
    }


def test_a_thousand_serials_are_taken_and_one_more_is_not(client: Client) -> None:
    assert client.post("/v1/calls/states", {"serials": [str(n) for n in range(1000)]}).status == 200

    for serials in ([str(n) for n in range(1001)], ["1"] * 1001):
        answer = client.post("/v1/calls/states", {"serials": serials})

        assert answer.status == 400
        assert answer.json["type"] == "/problems/over-limit"
        assert (answer.json["member"], answer.json["limit"]) == ("serials", 1000)


@pytest.mark.parametrize("body", [{}, {"serials": "1"}, {"serials": [1]}, {"serials": None}])
def test_serials_are_a_list_of_strings(client: Client, body: Any) -> None:
    answer = client.post("/v1/calls/states", body)

    assert (answer.status, answer.json["member"]) == (400, "serials")
