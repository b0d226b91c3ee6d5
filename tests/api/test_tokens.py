"""tokenByAkSk and the door it opens: decisions 1.2 and 2."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from api.asgi_client import exchange
from api.doubles import PlainHasher, SeededEntropy
from api.world import Client
from twoleg.adapters.secrets import Argon2Hasher
from twoleg.api.aicc.face import CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH, QUERY_CALL_STATE_PATH, TOKEN_PATH
from twoleg.application import tokens
from twoleg.application.check_token import KEYS_FRESH_MS, UNKNOWN
from twoleg.application.issue_token import LONGEST_LIFE, SIGNS_AFTER_MS
from twoleg.application.keys import rotate_when_due
from twoleg.application.ports import SigningKey
from twoleg.domain.audit import Act

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import World

GUARDED = (CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH, QUERY_CALL_STATE_PATH)
NEXT = SigningKey("k2", b"the next key of the tests")
QUERY = {"callSerialNo": "645735364434067472"}


def ask(world: World, body: object, **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(world.app, "POST", TOKEN_PATH, headers=sent, body=json.dumps(body).encode())


def knock(world: World, authorization: str | None, path: str = QUERY_CALL_STATE_PATH) -> Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return exchange(world.app, "POST", path, headers=headers, body=json.dumps(QUERY).encode())


def test_answer_has_the_seven_documented_members_all_strings(client: Client) -> None:
    answer = client.ask_for_token()

    assert answer.status == 200
    assert {name: value for name, value in answer.json.items() if name not in ("AccessToken", "Scope")} == {
        "ApplyType": "Bearer",
        "CreateTime": "1621823865",
        "Expires": "3600",
        "AppKey": "app-of-tenant-1",
        "UserID": "Anonymous",
    }
    assert all(isinstance(value, str) and value for value in answer.json.values())
    assert len(answer.json) == 7


@pytest.mark.parametrize(
    ("wanted", "lives"),
    [("1", "1"), ("600", "600"), ("3600", "3600"), ("3601", "3600"), ("9" * 30, "3600"), ("060", "60")],
)
def test_x_token_expire_is_honoured_up_to_an_hour(client: Client, wanted: str, lives: str) -> None:
    assert client.ask_for_token(X_Token_Expire=wanted).json["Expires"] == lives


@pytest.mark.parametrize("wanted", ["abc", "", "-1", "0", "000", "1.5", "600s", "+600", "6 0", "\xb2"])
def test_x_token_expire_that_is_no_number_of_seconds_is_400(client: Client, wanted: str) -> None:
    answer = client.ask_for_token(X_Token_Expire=wanted)

    assert answer.status == 400
    assert "X-Token-Expire" in answer.json["retMsg"]


def test_wrong_key_and_wrong_secret_answer_alike(world: World, client: Client) -> None:
    wrong_secret = ask(world, {"app_key": client.app_key, "app_secret": "guess"})
    wrong_key = ask(world, {"app_key": "nobody", "app_secret": client.secret})

    assert wrong_secret.status == wrong_key.status == 401
    assert wrong_secret.body == wrong_key.body
    assert wrong_secret.headers == wrong_key.headers
    assert "www-authenticate" in wrong_key.headers


def test_unknown_key_costs_as_much_work_as_a_wrong_secret(world: World, client: Client) -> None:
    assert isinstance(world.hasher, PlainHasher)
    ask(world, {"app_key": client.app_key, "app_secret": "guess"})
    ask(world, {"app_key": "nobody", "app_secret": "guess"})

    assert world.hasher.verified == 2


def test_disabled_app_gets_no_token(world: World, client: Client) -> None:
    world.registry.disable_app(client.app_key, at=0)

    assert client.ask_for_token().status == 401


def test_secret_hashed_with_argon2_opens(world: World) -> None:
    world.hasher = Argon2Hasher()
    client = world.client("tenant-2")
    world.start()

    assert client.ask_for_token().status == 200
    assert ask(world, {"app_key": client.app_key, "app_secret": "guess"}).status == 401


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"app_secret": "s"}, "app_key"),
        ({"app_key": "k"}, "app_secret"),
        ({"app_key": 1, "app_secret": "s"}, "app_key"),
        ({"app_key": "k", "app_secret": None}, "app_secret"),
    ],
)
def test_missing_or_mistyped_credentials_are_400_naming_the_member(world: World, body: object, member: str) -> None:
    answer = ask(world, body)

    assert answer.status == 400
    assert answer.json["retMsg"].startswith(member)


def test_answer_with_a_token_is_not_to_be_cached(client: Client) -> None:
    assert client.ask_for_token().headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", GUARDED)
def test_authorization_is_required(world: World, path: str) -> None:
    answer = knock(world, None, path)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json["retCode"] == "401"


def test_each_way_to_be_rejected_has_its_own_text(world: World, client: Client) -> None:
    expired = client.ask_for_token(X_Token_Expire="1").json["AccessToken"]
    world.clock.advance(2)
    revoked_app = world.client("tenant-1", app_key="other")
    revoked = revoked_app.token
    world.registry.disable_app("other", at=0)
    head, mac = client.token.split(".")
    unknown = f"{head}.{mac[:-2] + ('AA' if mac[-2:] != 'AA' else 'BB')}"

    answers = [
        knock(world, None),
        knock(world, f"Basic {client.token}"),
        knock(world, "Bearer no-token-at-all"),
        knock(world, f"Bearer {unknown}"),
        knock(world, f"Bearer {revoked}"),
        knock(world, f"Bearer {expired}"),
    ]

    assert {answer.status for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer error="invalid_token"'}
    assert len({answer.json["retMsg"] for answer in answers}) == len(answers)


@pytest.mark.parametrize(
    "shape",
    [
        "{}",
        "bearer {}",
        "BEARER {}",
        "Bearer  {}",
        "Bearer\t{}",
        "Bearer{}",
        "Bearer {} {}",
        "Bearer {},",
        "Bearer",
        "Token {}",
    ],
)
def test_authorization_is_exactly_bearer_one_space_token(world: World, client: Client, shape: str) -> None:
    answer = knock(world, shape.format(client.token, "x"))

    assert answer.status == 401
    assert "malformed" in answer.json["retMsg"]


def test_authorization_sent_twice_is_refused(world: World, client: Client) -> None:
    headers = [("Authorization", f"Bearer {client.token}")] * 2

    assert exchange(world.app, "POST", QUERY_CALL_STATE_PATH, headers=headers, body=b"{}").status == 401


@pytest.mark.parametrize("name", ["X-APP-Key", "x-app-key", "X-APP-KEY"])
def test_app_key_header_must_be_the_tokens_when_sent(client: Client, name: str) -> None:
    assert client.post(QUERY_CALL_STATE_PATH, QUERY, {name: client.app_key}).status == 200
    answer = client.post(QUERY_CALL_STATE_PATH, QUERY, {name: "another"})

    assert answer.status == 401
    assert "X-APP-Key" in answer.json["retMsg"]


def test_token_of_a_disabled_app_is_refused_at_once(world: World, client: Client) -> None:
    assert client.query("1").status == 200
    world.registry.disable_app(client.app_key, at=0)

    answer = client.query("1")

    assert answer.status == 401
    assert "revoked" in answer.json["retMsg"]


def test_token_expires_to_the_second(world: World, client: Client) -> None:
    client.with_token(client.ask_for_token(X_Token_Expire="10").json["AccessToken"])
    world.clock.advance(9.999)
    assert client.query("1").status == 200

    world.clock.advance(0.001)
    answer = client.query("1")

    assert answer.status == 401
    assert "expired" in answer.json["retMsg"]


def test_token_survives_a_restart(world: World, client: Client) -> None:
    assert client.token
    world.start()

    assert client.query("1").status == 200


def test_new_token_leaves_the_older_one_valid(client: Client) -> None:
    older = client.token
    client.world.clock.advance(1)
    newer = client.ask_for_token().json["AccessToken"]

    assert older != newer
    assert client.query("1").status == 200


def token_signed_by(client: Client) -> tuple[str, str]:
    """A fresh token and the id of its key."""
    token = client.ask_for_token().json["AccessToken"]
    claim = tokens.read(token.encode())
    assert claim is not None
    return token, claim.key_id


def test_a_new_key_signs_once_every_process_can_have_read_it(world: World, client: Client) -> None:
    other_process = Client(world, client.tenant_id, client.app_key, client.secret)
    assert other_process.query("1").status == 200
    world.registry.add_signing_key(NEXT, at=world.clock.now_ms())

    assert token_signed_by(client)[1] == "k1"
    world.clock.advance(SIGNS_AFTER_MS / 1000)
    newer, key_id = token_signed_by(client)

    assert key_id == "k2"
    assert other_process.with_token(newer).query("1").status == 200


def test_a_replaced_key_verifies_until_its_last_token_has_expired(world: World, client: Client) -> None:
    world.clock.advance(SIGNS_AFTER_MS / 1000)
    last = client.ask_for_token().json["AccessToken"]
    world.registry.add_signing_key(NEXT, at=world.clock.now_ms())

    world.clock.advance(LONGEST_LIFE - 1)
    rotate(world)
    assert client.with_token(last).query("1").status == 200

    world.clock.advance(1)
    assert client.query("1").status == 401
    world.clock.advance(120)
    rotate(world)
    assert [key.key_id for key in world.directory.signing_keys()] == ["k2"]


def test_a_revoked_key_opens_nothing_after_a_second_even_for_tokens_seen_before(world: World, client: Client) -> None:
    assert client.query("1").status == 200
    world.registry.add_signing_key(NEXT, at=world.clock.now_ms())
    world.registry.remove_signing_keys(["k1"])
    world.clock.advance(KEYS_FRESH_MS / 1000)

    refused = client.query("1")

    assert (refused.status, refused.json["retMsg"]) == (401, UNKNOWN)
    assert client.with_token(client.ask_for_token().json["AccessToken"]).query("1").status == 200


def test_a_key_is_replaced_when_it_is_old_enough_and_no_sooner(world: World) -> None:
    world.clock.advance(30 * 86_400 - 1)
    rotate(world)
    assert len(world.directory.signing_keys()) == 1

    world.clock.advance(1)
    rotate(world, days=0)
    assert len(world.directory.signing_keys()) == 1
    rotate(world)
    rotate(world)

    assert len(world.directory.signing_keys()) == 2
    (noted,) = world.store.audit_log().newest(limit=9)
    assert (noted.entry.act, noted.entry.who, noted.entry.after) == (Act.KEY_ADDED, "service", {})


def rotate(world: World, *, days: int = 30) -> None:
    rotate_when_due(
        days=days, directory=world.directory, registry=world.registry, entropy=SeededEntropy(), clock=world.clock
    )


def test_forged_key_ids_do_not_make_us_read_the_store_each_time(world: World, client: Client) -> None:
    assert client.query("1").status == 200
    reads = world.directory.key_reads

    for number in range(20):
        forged = client.token.replace(client.token[:4], ("YWJj", "YWJk")[number % 2])
        assert knock(world, f"Bearer {forged}").status == 401

    assert world.directory.key_reads - reads <= 1


def test_changed_rules_of_a_tenant_hold_within_a_second(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.place(callerPresent="640003").json["retCode"] == "0"
    tenant = world.directory.tenant(client.tenant_id)
    assert tenant is not None
    monkeypatch.setattr(world.directory, "tenant", lambda _: replace(tenant, access_codes=("1000",)))
    world.clock.advance(1)

    assert client.place(called="1", callerPresent="640003").json["retCode"] == "5"
