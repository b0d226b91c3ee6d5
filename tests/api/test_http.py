"""What holds for every path: decisions 1, the probes, and the document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from api.asgi_client import exchange
from api.world import World
from fakes.store import MemoryStore
from twoleg.api.aicc.face import (
    CREATE_CALL_V1_PATH,
    CREATE_CALL_V3_PATH,
    QUERY_CALL_STATE_PATH,
    QUERY_RECORDS_PATH,
    RECORDING_ADDRESS_PATH,
    TOKEN_PATH,
)
from twoleg.application.errors import StoreUnavailable

if TYPE_CHECKING:
    from api.world import Client
    from twoleg.api.asgi import Message

POSTED = (
    TOKEN_PATH,
    CREATE_CALL_V1_PATH,
    CREATE_CALL_V3_PATH,
    QUERY_CALL_STATE_PATH,
    QUERY_RECORDS_PATH,
    RECORDING_ADDRESS_PATH,
)
READ = ("/healthz", "/readyz", "/openapi.json")
LIMIT = 64 * 1024


@pytest.fixture
def world() -> Iterator[World]:
    """What holds for every path holds over any store."""
    with World(MemoryStore()) as world:
        yield world


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_other_method_on_a_known_path_is_405_with_allow(world: World, path: str, method: str) -> None:
    answer = exchange(world.app, method, path)

    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json["retCode"] == "405"


@pytest.mark.parametrize("path", READ)
def test_other_method_on_a_page_is_405_with_allow(world: World, path: str) -> None:
    answer = exchange(world.app, "POST", path)

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", "/nothing", QUERY_CALL_STATE_PATH + "/", QUERY_CALL_STATE_PATH.lower(), "*", ""])
def test_unknown_path_is_404_in_json(world: World, path: str) -> None:
    answer = exchange(world.app, "POST", path)

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.json.keys() == {"retCode", "retMsg"}


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing"])
def test_unknown_path_of_the_native_face_is_a_problem(world: World, path: str) -> None:
    answer = exchange(world.app, "GET", path)

    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json["instance"] == path


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"<xml/>",
        b"[]",
        b'"text"',
        b"7",
        b"null",
        b"{",
        b'{"a": 1} trailing',
        b'{"caller": "\xff\xfe"}',
        b'{"caller": "\\ud800"}',
        b'{"callSerialNo": "\xff", "app_key": "\xff", "caller": "\xff", "softPhone": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"caller": "1"}'.encode("utf-16"),
        b'{"x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"[" * 60_000,
    ],
    ids=range(16),
)
def test_body_that_is_no_json_object_is_400(client: Client, path: str, body: bytes) -> None:
    answer = client.post(path, body)

    assert answer.status == 400
    assert answer.json["retCode"] == "400"
    assert answer.json["retMsg"]


@pytest.mark.parametrize("path", POSTED)
def test_body_above_64_kib_is_400(client: Client, path: str) -> None:
    answer = client.post(path, b'{"callData": "' + b"x" * LIMIT + b'"}')

    assert answer.status == 400
    assert "65536 bytes" in answer.json["retMsg"]
    assert answer.headers["connection"] == "close"


def test_body_of_64_kib_is_read(client: Client) -> None:
    body = json.dumps({"callSerialNo": "1", "ignored": ""}).encode()
    padded = body[:-2] + b"x" * (LIMIT - len(body)) + body[-2:]
    assert len(padded) == LIMIT

    assert client.post(QUERY_CALL_STATE_PATH, padded).json["retCode"] == "1"


def test_body_may_arrive_in_pieces(world: World, client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token}"}
    pieces = [b'{"callSer', b"", b'ialNo": "', b'1"}', b""]

    assert exchange(world.app, "POST", QUERY_CALL_STATE_PATH, headers=headers, body=pieces).json["retCode"] == "1"


def test_reading_stops_soon_after_the_limit(world: World) -> None:
    pieces = [b"x" * 1024] * 1000

    answer = exchange(world.app, "POST", QUERY_CALL_STATE_PATH, body=pieces)

    assert answer.status == 400


def test_header_names_may_be_in_any_case(world: World, client: Client) -> None:
    for name in ("authorization", "AUTHORIZATION", "Authorization"):
        headers = {name: f"Bearer {client.token}"}
        answer = exchange(world.app, "POST", QUERY_CALL_STATE_PATH, headers=headers, body=b'{"callSerialNo":"1"}')
        assert answer.status == 200


def test_failure_of_ours_is_500_with_a_correlation_id_that_is_in_the_log(world: World, client: Client) -> None:
    assert client.token
    world.trouble.error = RuntimeError("secret detail")

    answer = client.query("1")

    assert answer.status == 500
    assert answer.json["retCode"] == "500"
    assert "secret detail" not in answer.body.decode()
    ((_, _, facts),) = world.log.lines
    assert facts["correlation_id"] in answer.json["retMsg"]
    assert facts["exc_info"] is world.trouble.error
    assert facts["path"] == QUERY_CALL_STATE_PATH


def test_store_in_trouble_says_when_to_retry(world: World, client: Client) -> None:
    assert client.token
    world.trouble.error = StoreUnavailable("disk gone")

    answer = client.query("1")

    assert (answer.status, answer.headers["retry-after"]) == (500, "1")
    assert "disk" not in answer.json["retMsg"]


def test_two_failures_have_two_correlation_ids(world: World, client: Client) -> None:
    assert client.token
    world.trouble.error = RuntimeError()

    assert client.query("1").json["retMsg"] != client.query("1").json["retMsg"]


def test_healthz_answers_while_the_store_is_gone(world: World) -> None:
    world.trouble.error = StoreUnavailable("disk gone")

    assert exchange(world.app, "GET", "/healthz").json == {"status": "alive"}


def test_readyz_asks_the_store(world: World) -> None:
    assert exchange(world.app, "GET", "/readyz").json == {"status": "ready"}
    world.trouble.error = StoreUnavailable("disk gone")

    gone = exchange(world.app, "GET", "/readyz")
    assert (gone.status, gone.json) == (503, {"status": "not ready: the store does not answer"})


def test_readyz_is_503_before_the_store_is_set_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.directory, "signing_keys", list)

    assert exchange(world.app, "GET", "/readyz").status == 503


def test_document_describes_every_path(world: World) -> None:
    document = exchange(world.app, "GET", "/openapi.json").json

    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {*world.app._routes, *world.app._native.patterns} - {"/openapi.json"}
    for path in POSTED:
        responses = document["paths"][path]["post"]["responses"]
        assert {"200", "400", "401", "404", "405", "500"} <= set(responses)


def test_document_says_that_absent_members_are_absent_and_never_null(world: World) -> None:
    schemas = exchange(world.app, "GET", "/openapi.json").json["components"]["schemas"]

    assert schemas["CallStateResult"]["properties"]["startTime"]["type"] == "integer"
    assert "null" not in json.dumps([schemas["CallStateResult"], schemas["QueryCallStateResponse"]])
    assert set(schemas["CallStateResult"]["required"]) == {"caller", "called", "callerPresent", "state", "agentPresent"}


def test_other_asgi_protocols_are_refused(world: World) -> None:
    async def receive() -> Message:
        raise AssertionError("nothing was to be read")

    async def send(_message: Message) -> None:
        raise AssertionError("nothing was to be said")

    with pytest.raises(RuntimeError, match="websocket"):
        asyncio.run(world.app({"type": "websocket"}, receive, send))
