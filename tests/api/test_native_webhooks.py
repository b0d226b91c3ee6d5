"""`/v1/webhooks`: endpoints of a tenant, their secrets, their log; and whom they are nobody's business."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from api.world import NOW
from fakes.webhooks import OpenBox
from twoleg.application.webhook_ports import Attempted
from twoleg.domain.delivery import Ruling, Word
from twoleg.domain.serials import make_serial
from twoleg.domain.webhooks import OVERLAP_MS, Auth, Credentials, Planned

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

PATH = "/v1/webhooks"
URL = "https://hooks.example.com/twoleg"
NOWHERE = f"{PATH}/we_000000000000000000000000"


def created(client: Client, **members: Any) -> dict[str, Any]:
    answer = client.post(PATH, {"url": URL} | members)
    assert answer.status == 201, answer.body
    document: dict[str, Any] = answer.json
    return document


def refused(answer: Response, status: int, member: str | None = None) -> str:
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), answer.body
    assert answer.json.get("member") == member, answer.json
    detail: str = answer.json["detail"]
    return detail


def secrets_of(world: World, endpoint_id: str) -> Credentials:
    sealed = world.store.endpoint_book().sealed(endpoint_id)
    assert sealed is not None
    return OpenBox().open(sealed, label=endpoint_id)


def test_an_endpoint_is_created_with_a_secret_that_is_shown_once(world: World, client: Client) -> None:
    answer = client.post(PATH, {"url": URL, "events": ["call.ended", "agent.*"]})
    made = answer.json

    assert answer.status == 201
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert made["secret"] == secrets_of(world, made["id"]).live(NOW)[0]
    assert made["secret"].startswith("whsec_")
    shown = {
        "id": made["id"],
        "format": "cloudevents",
        "status": "enabled",
        "createdAt": NOW,
        "url": URL,
        "events": ["call.ended", "agent.*"],
    }
    assert client.get(f"{PATH}/{made['id']}").json == shown
    assert client.get(PATH).json == {"webhooks": [shown]}


def test_an_endpoint_hears_of_what_happens_from_now_on(world: World, client: Client) -> None:
    world.call()
    newest = world.store.event_feed().newest()

    made = created(client)

    endpoint = world.store.endpoint_book().endpoint(made["id"])
    assert endpoint is not None
    assert (endpoint.cursor, endpoint.events) == (newest, ("*",))


def test_an_endpoint_is_removed(client: Client) -> None:
    made = created(client)

    answer = client.request("DELETE", f"{PATH}/{made['id']}")

    assert (answer.status, answer.body) == (204, b"")
    assert client.get(PATH).json == {"webhooks": []}
    refused(client.request("DELETE", f"{PATH}/{made['id']}"), 404)


def test_a_secret_is_rotated_and_the_one_before_lives_for_a_day(world: World, client: Client) -> None:
    made = created(client)

    answer = client.post(f"{PATH}/{made['id']}/rotate", b"")

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["previousUntil"] == NOW + OVERLAP_MS
    live = secrets_of(world, made["id"]).live(NOW)
    assert live == (answer.json["secret"], made["secret"])
    assert secrets_of(world, made["id"]).live(NOW + OVERLAP_MS) == (answer.json["secret"],)


def test_secrets_that_no_longer_open_are_told(world: World, client: Client) -> None:
    made = created(client)
    book = world.store.endpoint_book()
    book.reseal(made["id"], b"other {}", was=book.sealed(made["id"]))

    assert "create it anew" in refused(client.post(f"{PATH}/{made['id']}/rotate", b""), 409)


# ---------------------------------------------------------------------------- the vendor's callbacks


def test_the_vendors_callbacks_are_set_and_set_anew(world: World) -> None:
    world.tenant("with-hosts", callback_hosts=("a.example",))
    other = world.client("with-hosts")
    order = {"format": "aicc", "connectUrl": "https://a.example/c", "auth": {"mode": "none"}}

    first = other.post(PATH, order)
    second = other.post(
        PATH,
        {
            "format": "aicc",
            "releaseUrl": "https://a.example/r",
            "auth": {"mode": "shared-key", "sharedKey": "0123456789abcdef"},
        },
    )

    assert (first.status, second.status) == (200, 200)
    assert first.json["id"] == second.json["id"] == "callbacks-with-hosts"
    (shown,) = other.get(PATH).json["webhooks"]
    assert {name: shown.get(name) for name in ("format", "connectUrl", "releaseUrl", "url", "events")} == {
        "format": "aicc",
        "connectUrl": None,
        "releaseUrl": "https://a.example/r",
        "url": None,
        "events": None,
    }
    secrets = secrets_of(world, "callbacks-with-hosts")
    assert (secrets.auth, secrets.shared_key) == (Auth.SHARED_KEY, "0123456789abcdef")
    assert b"0123456789abcdef" not in second.body
    assert secrets.live(NOW) == (second.json["secret"],) != (first.json["secret"],)


def test_oauth2_needs_its_members(world: World) -> None:
    world.tenant("t", callback_hosts=("a.example",))
    client = world.client("t")
    whole = {
        "mode": "oauth2",
        "tokenUrl": "https://a.example/token",
        "clientId": "id",
        "clientSecret": "s",
        "scope": "hooks",
    }

    assert client.post(PATH, {"format": "aicc", "auth": whole}).status == 200
    oauth2 = secrets_of(world, "callbacks-t").oauth2
    assert oauth2 is not None
    assert (oauth2.token_url, oauth2.scope) == ("https://a.example/token", "hooks")
    for member in ("tokenUrl", "clientId", "clientSecret"):
        part = {name: value for name, value in whole.items() if name != member}
        refused(client.post(PATH, {"format": "aicc", "auth": part}), 400, f"auth.{member}")


@pytest.mark.parametrize(
    ("order", "member"),
    [
        ({"format": "aicc", "connectUrl": "https://elsewhere.example/"}, "connectUrl"),
        ({"format": "aicc", "releaseUrl": "ftp://a.example/"}, "releaseUrl"),
        ({"format": "aicc", "releaseUrl": "https://a.example/%20"}, "releaseUrl"),
        ({"format": "aicc", "url": URL}, "url"),
        ({"format": "aicc", "events": ["*"]}, "events"),
        ({"format": "aicc", "auth": {"mode": "shared-key"}}, "auth.sharedKey"),
        ({"format": "aicc", "auth": {"mode": "shared-key", "sharedKey": "too short"}}, "auth.sharedKey"),
        ({"format": "aicc", "auth": {"mode": "none", "sharedKey": "0123456789abcdef"}}, "auth.sharedKey"),
        ({"format": "aicc", "auth": {"mode": "none", "scope": "s"}}, "auth"),
        ({"format": "aicc", "auth": {"mode": "password"}}, "auth.mode"),
        ({"format": "aicc", "auth": {}}, "auth.mode"),
        ({"format": "aicc", "auth": {"mode": "none", "colour": "red"}}, "auth.colour"),
        ({"format": "aicc", "auth": "none"}, "auth"),
        ({"format": "other", "url": URL}, "format"),
        ({}, "url"),
        ({"url": "not a url"}, "url"),
        ({"url": "https://user:pass@a.example/"}, "url"),
        ({"url": "https://a.example/" + "x" * 2048}, "url"),
        ({"url": 5}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["call.*", "call.nothing"]}, "events"),
        ({"url": URL, "events": ["*"] * 65}, "events"),
        ({"url": URL, "auth": {"mode": "shared-key", "sharedKey": "0123456789abcdef"}}, "auth.sharedKey"),
        ({"url": URL, "connectUrl": URL}, "connectUrl"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
def test_what_cannot_be_is_refused_with_the_member_at_fault(world: World, order: dict[str, Any], member: str) -> None:
    world.tenant("t", callback_hosts=("a.example",))
    client = world.client("t")

    refused(client.post(PATH, order), 400, member)
    assert client.get(PATH).json == {"webhooks": []}


def test_a_value_that_is_not_one_of_the_listed_is_told_which_are(client: Client) -> None:
    assert client.post(PATH, {"format": "xml"}).json["detail"] == "it is one of aicc, cloudevents"
    auth = client.post(PATH, {"format": "aicc", "auth": {"mode": "password"}})
    assert auth.json["detail"] == "it is one of none, oauth2, shared-key"


def test_a_tenant_has_fifty_endpoints_at_most(client: Client) -> None:
    for _ in range(50):
        created(client)

    answer = client.post(PATH, {"url": URL})

    refused(answer, 400, "url")
    assert answer.json["limit"] == 50


# ---------------------------------------------------------------------------- others


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", b""),
        ("DELETE", "", b""),
        ("POST", "/rotate", b""),
        ("POST", "/enable", b""),
        ("POST", "/replay", b'{"after":"0"}'),
        ("GET", "/deliveries", b""),
    ],
)
def test_an_endpoint_of_another_tenant_is_none(
    world: World, client: Client, method: str, path: str, body: bytes
) -> None:
    made = created(world.client("tenant-2"))
    answers = [
        client.post(f"{each}{path}", body) if method == "POST" else client.request(method, f"{each}{path}")
        for each in (f"{PATH}/{made['id']}", NOWHERE)
    ]

    assert [refused(each, 404) for each in answers] == ["there is no such webhook"] * 2
    assert world.store.endpoint_book().endpoint(made["id"]) is not None


def test_nobody_gets_in_without_credentials(client: Client) -> None:
    for path in (PATH, NOWHERE, f"{NOWHERE}/deliveries"):
        refused(client.with_token("none").get(path), 401, "Authorization")


# ---------------------------------------------------------------------------- log and replay


def with_deliveries(world: World, endpoint_id: str, count: int) -> None:
    """So many deliveries of one call, the first of them refused once."""

    async def plan() -> None:
        outbox = world.store.outbox()
        endpoint = outbox.endpoint(endpoint_id)
        assert endpoint is not None
        call = world.reader.call(SERIAL)
        assert call is not None
        planned = [Planned(position=seq, serial=SERIAL, seq=seq, url=URL) for seq in range(1, count + 1)]
        assert await outbox.plan(endpoint, planned, cursor=count, at=NOW)
        (parcel,) = outbox.due(endpoint_id, now=NOW, limit=1, besides=())
        tried = Attempted(number=1, at=NOW + 5, took_ms=12, status=500, said="500: oh")
        await outbox.note(parcel.delivery, tried, Ruling(Word.REFUSED, NOW + 5000), disable=None)

    asyncio.run(plan())


SERIAL = 645735364434067472


def test_the_log_says_what_became_of_each_event(world: World, client: Client) -> None:
    made = created(client)
    world.call()
    with_deliveries(world, made["id"], 1)

    (logged,) = client.get(f"{PATH}/{made['id']}/deliveries").json["deliveries"]

    assert logged == {
        "event": f"{SERIAL}-1",
        "url": URL,
        "state": "due",
        "plannedAt": NOW,
        "dueAt": NOW + 5000,
        "attempts": [{"at": NOW + 5, "tookMs": 12, "said": "500: oh", "status": 500}],
    }


def test_the_log_is_read_page_by_page(world: World, client: Client) -> None:
    made = created(client)
    world.call()
    with_deliveries(world, made["id"], 5)
    path, before, events = f"{PATH}/{made['id']}/deliveries?limit=2", "", []

    while True:
        page = client.get(path + before).json
        events.append([each["event"][-1] for each in page["deliveries"]])
        if "next" not in page:
            break
        before = f"&before={page['next']}"

    assert events == [["5", "4"], ["3", "2"], ["1"]]


@pytest.mark.parametrize("query", ["before=1", "before=nothing", f"before={SERIAL}-1-5", "limit=0", "limit=501", "x=1"])
def test_a_page_that_cannot_be_is_refused(client: Client, query: str) -> None:
    made = created(client)

    refused(client.get(f"{PATH}/{made['id']}/deliveries?{query}"), 400, query.partition("=")[0])


def test_replay_begins_behind_the_event_that_was_named(world: World, client: Client) -> None:
    made = created(client)
    call = world.call()
    position = world.store.event_feed().position_of(client.tenant_id, serial=call.serial, seq=1)

    for after, cursor in (("0", 0), (f"{call.serial}-1", position), ("latest", position)):
        answer = client.post(f"{PATH}/{made['id']}/replay", {"after": after})
        assert (answer.status, answer.json) == (202, {"id": made["id"], "after": after})
        endpoint = world.store.endpoint_book().endpoint(made["id"])
        assert endpoint is not None
        assert endpoint.cursor == cursor
    ahead = client.post(f"{PATH}/{made['id']}/replay", {"after": f"{call.serial}-2"})
    assert (ahead.status, ahead.json["type"], ahead.json["limit"]) == (400, "/problems/over-limit", 1)


FUTURE = make_serial(now_ms=NOW + 5, node_id=1, chance=5)


@pytest.mark.parametrize("after", ["", "soon", "1", f"{FUTURE}-1"])
def test_replay_from_nowhere_is_refused(client: Client, after: str) -> None:
    made = created(client)

    refused(client.post(f"{PATH}/{made['id']}/replay", {"after": after}), 400, "after")


def test_a_disabled_endpoint_is_told_enabled_and_replayed_only_then(world: World, client: Client) -> None:
    made = created(client)
    world.call()
    with_deliveries(world, made["id"], 1)

    async def gone() -> None:
        outbox = world.store.outbox()
        (parcel,) = outbox.due(made["id"], now=NOW + 9000, limit=1, besides=())
        tried = Attempted(number=2, at=NOW + 9000, took_ms=1, status=410, said="410")
        await outbox.note(parcel.delivery, tried, Ruling(Word.GONE), disable="it answered 410 Gone")

    asyncio.run(gone())

    shown = client.get(f"{PATH}/{made['id']}").json
    assert (shown["status"], shown["disabledWhy"]) == ("disabled", "it answered 410 Gone")
    assert "enable it first" in refused(client.post(f"{PATH}/{made['id']}/replay", {"after": "0"}), 409)
    assert client.post(f"{PATH}/{made['id']}/enable", b"").json["status"] == "enabled"
    assert client.post(f"{PATH}/{made['id']}/replay", {"after": "0"}).status == 202


def test_the_endpoint_that_a_callback_url_called_into_being_gets_a_secret_by_rotation(world: World) -> None:
    world.tenant("t", callback_hosts=("a.example",))
    client = world.client("t")
    assert client.place(callBackUrl=b64encode(b"https://a.example/cb").decode()).json["retCode"] == "0"
    (shown,) = client.get(PATH).json["webhooks"]

    rotated = client.post(f"{PATH}/{shown['id']}/rotate", b"").json

    assert "previousUntil" not in rotated
    assert secrets_of(world, shown["id"]).live(NOW) == (rotated["secret"],)
