"""The face on a real socket: framing, keep-alive, and clients that send too much, too slowly, or something else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from api.served import read_all, read_response, served, talk
from api.world import Client, World
from fakes.store import MemoryStore
from twoleg.api import protocol
from twoleg.api.aicc.face import QUERY_CALL_STATE_PATH, TOKEN_PATH
from twoleg.domain.call import Phase

if TYPE_CHECKING:
    Address = tuple[str, int]

QUERY = b'{"callSerialNo":"1"}'
PAGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[World, Client, Address]]:
    with World(MemoryStore()) as world, served(world.app) as address:
        client = world.client()
        assert client.token
        yield world, client, address


@pytest.fixture
def client(shared: tuple[World, Client, Address]) -> Client:
    return shared[1]


@pytest.fixture
def address(shared: tuple[World, Client, Address]) -> Address:
    return shared[2]


def request(client: Client, body: bytes = QUERY, *, framing: str | None = None, extra: str = "") -> bytes:
    framing = f"Content-Length: {len(body)}" if framing is None else framing
    lines = (
        f"POST {QUERY_CALL_STATE_PATH} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {client.token}",
        extra + framing,
    )
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode() + body


def json_of(response: bytes) -> dict[str, str]:
    body: dict[str, str] = json.loads(response.partition(b"\r\n\r\n")[2])
    return body


def status_of(response: bytes) -> int:
    return int(response.split()[1])


def test_answer_has_the_vendors_content_type_a_length_and_a_date(client: Client, address: Address) -> None:
    answer = httpx.post(
        f"http://{address[0]}:{address[1]}{QUERY_CALL_STATE_PATH}",
        content=QUERY,
        headers={"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"},
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "date" in answer.headers
    assert "server" not in answer.headers


def test_connection_is_kept_for_the_next_request(client: Client, address: Address) -> None:
    with socket.create_connection(address, timeout=5) as connection:
        for _ in range(3):
            connection.sendall(request(client))
            assert read_response(connection)[0] == 200


def test_blanks_behind_a_header_are_no_part_of_it(client: Client, address: Address) -> None:
    spaced = request(client, extra="X-Odd: 1 \r\n").replace(b"\r\nX-Odd", b" \t\r\nX-Odd")
    assert client.token.encode() + b" \t\r\n" in spaced

    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(spaced)
        assert read_response(connection)[0] == 200


def test_pipelined_requests_are_answered_in_order(client: Client, address: Address) -> None:
    wanted = [b'{"callSerialNo":"1"}', b"{}", b'{"callSerialNo":"x"}']
    last = request(client, QUERY, extra="Connection: close\r\n")

    answers = talk(address, b"".join(request(client, body) for body in wanted) + last)

    codes = [json.loads(part.partition(b"\r\n\r\n")[2])["retCode"] for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert codes == ["1", "400", "3", "1"]


def test_quick_and_slow_requests_on_one_connection_keep_their_order(client: Client, address: Address) -> None:
    sent = request(client) + PAGE + request(client) + request(client, b"{}") + PAGE

    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(sent)
        answers = [read_response(connection)[2] for _ in range(5)]

    assert [json.loads(answer).get("retCode") for answer in answers] == ["1", None, "1", "400", None]


def test_quick_request_may_come_byte_by_byte(client: Client, address: Address) -> None:
    with socket.create_connection(address, timeout=5) as connection:
        for byte in request(client):
            connection.sendall(bytes([byte]))
        assert read_response(connection)[0] == 200


def test_fault_behind_a_quick_request_is_a_logged_500_and_the_connection_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    with World(store) as world, served(world.app) as address:
        client = world.client()
        with socket.create_connection(address, timeout=5) as connection, monkeypatch.context() as planted:
            planted.setattr("twoleg.api.aicc.query_call_state.query_call_state", lambda *_, **__: 1 // 0)
            connection.sendall(request(client))
            status, _, body = read_response(connection)
            planted.undo()
            connection.sendall(request(client))
            assert read_response(connection)[0] == 200

    assert status == 500
    [(level, event, facts)] = world.log.lines
    assert (level, event) == ("error", "request failed")
    assert facts["correlation_id"] in json.loads(body)["retMsg"]


def test_quick_request_behind_an_answer_that_is_not_taken_waits_for_it() -> None:
    with (
        World(MemoryStore()) as world,
        served(world.app, send_buffer=4096) as address,
        socket.socket() as connection,
    ):
        client = world.client()
        connection.settimeout(5)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(PAGE)
        assert connection.recv(1) == b"H"  # it is being written, and does not fit
        connection.sendall(request(client))

        assert json.loads(read_response(connection)[2])["openapi"]
        assert read_response(connection)[0] == 200


def test_chunked_body_needs_no_content_length(client: Client, address: Address) -> None:
    body = b"5\r\n" + QUERY[:5] + b"\r\n" + b"%x\r\n" % len(QUERY[5:]) + QUERY[5:] + b"\r\n0\r\n\r\n"

    answer = talk(address, request(client, body, framing="Transfer-Encoding: chunked", extra="Connection: close\r\n"))

    assert json_of(answer)["retCode"] == "1"


def test_endless_chunked_body_is_400_and_the_end_of_the_connection(client: Client, address: Address) -> None:
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"

    answer = talk(address, request(client, chunk * 17, framing="Transfer-Encoding: chunked"))

    assert status_of(answer) == 400
    assert "65536 bytes" in json_of(answer)["retMsg"]


def test_too_large_body_is_400_and_the_end_of_the_connection(client: Client, address: Address) -> None:
    answer = talk(address, request(client, b" " * 70_000))

    assert status_of(answer) == 400
    assert "65536 bytes" in json_of(answer)["retMsg"]


def test_expect_100_continue_is_obeyed(client: Client, address: Address) -> None:
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(
            request(client, b"", framing=f"Content-Length: {len(QUERY)}", extra="Expect: 100-continue\r\n")
        )
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(QUERY)
        assert read_response(connection)[0] == 200


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
@pytest.mark.parametrize("apart", [False, True], ids=["body with head", "body after head"])
def test_wish_for_another_protocol_is_ignored(client: Client, address: Address, upgrade: str, apart: bool) -> None:  # noqa: FBT001
    """RFC 9110 7.8. Java's HTTP client sends it, with a body, when it was not told to speak HTTP/1.1."""
    extra = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    whole = request(client, extra=extra)
    cut = whole.index(b"\r\n\r\n") + 4 if apart else len(whole)

    with socket.create_connection(address, timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (whole[:cut], whole[cut:], request(client)):
            connection.sendall(piece)
        answers = [read_response(connection), read_response(connection)]

    assert [(status, json.loads(body)["retCode"]) for status, _, body in answers] == [(200, "1")] * 2


def test_wish_for_another_protocol_and_for_the_end_is_half_granted(client: Client, address: Address) -> None:
    extra = "Connection: upgrade, close\r\nUpgrade: h2c\r\n"

    assert status_of(talk(address, request(client, extra=extra))) == 200


def test_tunnel_is_400(address: Address) -> None:
    assert status_of(talk(address, b"CONNECT example:443 HTTP/1.1\r\nHost: example:443\r\n\r\n")) == 400


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n:x\r\n\r\n"],
)
def test_what_is_no_http_is_400_in_json(address: Address, nonsense: bytes) -> None:
    answer = talk(address, nonsense)

    assert status_of(answer) == 400
    assert json_of(answer).keys() == {"retCode", "retMsg"}


def test_head_with_a_body_length_and_chunks_at_once_is_refused(client: Client, address: Address) -> None:
    """RFC 9112 6.3: a smuggler's favourite."""
    both = f"Content-Length: {len(QUERY)}\r\nTransfer-Encoding: chunked"

    assert status_of(talk(address, request(client, b"0\r\n\r\n", framing=both))) == 400


@pytest.mark.parametrize("finished", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("piece", [b"x" * 20_000, b"a: b\r\n" * 4_000])
def test_head_above_16_kib_is_431(address: Address, finished: bytes, piece: bytes) -> None:
    answer = talk(address, b"POST / HTTP/1.1\r\nx: y\r\n" + piece + finished)

    assert status_of(answer) == 431
    assert json_of(answer).keys() == {"retCode", "retMsg"}


def test_long_first_line_is_431(address: Address) -> None:
    assert status_of(talk(address, b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n")) == 431


def test_head_of_8_kib_is_read(client: Client, address: Address) -> None:
    answer = talk(address, request(client, extra="x: " + "y" * 8_000 + "\r\nConnection: close\r\n"))

    assert status_of(answer) == 200


def test_large_body_after_a_small_head_is_no_large_head(client: Client, address: Address) -> None:
    body = QUERY + b" " * 60_000

    assert status_of(talk(address, request(client, body, extra="Connection: close\r\n"))) == 200


@pytest.mark.parametrize("beginning", [b"", b"POST / HTTP/1.1\r\nx: ", b"\r\n\r\n"])
def test_request_that_does_not_arrive_is_dropped_with_408(
    monkeypatch: pytest.MonkeyPatch, address: Address, beginning: bytes
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.0)

    assert status_of(talk(address, beginning)) == 408


def test_body_that_does_not_arrive_is_dropped_with_408(
    monkeypatch: pytest.MonkeyPatch, client: Client, address: Address
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.0)

    assert status_of(talk(address, request(client, QUERY[:5], framing="Content-Length: 20"))) == 408


def test_idle_connection_is_not_taken_for_a_slow_one(
    monkeypatch: pytest.MonkeyPatch, client: Client, address: Address
) -> None:
    with socket.create_connection(address, timeout=5) as idle:
        idle.sendall(request(client))
        assert read_response(idle)[0] == 200
        monkeypatch.setattr(protocol, "PATIENCE", 0.0)
        assert status_of(talk(address, b"")) == 408  # so the others were looked at meanwhile
        monkeypatch.undo()
        idle.sendall(request(client))
        assert read_response(idle)[0] == 200


def test_too_many_connections_are_told_503(monkeypatch: pytest.MonkeyPatch, client: Client, address: Address) -> None:
    with socket.create_connection(address, timeout=5) as first:
        first.sendall(request(client))
        assert read_response(first)[0] == 200
        monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 1)

        with socket.create_connection(address, timeout=5) as second:
            assert status_of(read_all(second)) == 503


def test_client_that_leaves_halfway_hurts_nobody(client: Client, address: Address) -> None:
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(request(client, QUERY[:5], framing="Content-Length: 20"))

    assert status_of(talk(address, request(client, extra="Connection: close\r\n"))) == 200
    assert client.world.log.lines == []


def test_token_may_be_asked_for_while_others_query(shared: tuple[World, Client, Address]) -> None:
    world, client, address = shared
    call = world.call(phase=Phase.TALKING, started_at=1)
    base = f"http://{address[0]}:{address[1]}"

    with httpx.Client(base_url=base) as http:
        token = http.post(TOKEN_PATH, json={"app_key": client.app_key, "app_secret": client.secret}).json()
        answer = http.post(
            QUERY_CALL_STATE_PATH,
            json={"callSerialNo": call.serial},
            headers={"authorization": f"Bearer {token['AccessToken']}", "x-app-key": client.app_key},
        )

    assert answer.json()["result"]["state"] == 2


def finish(connection: socket.socket, rest: bytes, answers: list[bytes]) -> None:
    connection.sendall(rest)
    answers.append(read_all(connection))


def test_stop_finishes_what_is_under_way() -> None:
    answers: list[bytes] = []
    with World(MemoryStore()) as world, served(world.app) as address:
        client = world.client()
        head, body = request(client)[: -len(QUERY)], QUERY
        connection = socket.create_connection(address, timeout=10)
        connection.sendall(request(client))
        assert read_response(connection)[0] == 200
        connection.sendall(head + body[:5])
        late = threading.Thread(target=finish, args=(connection, body[5:], answers))
        late.start()
    late.join()
    connection.close()

    assert status_of(answers[0]) == 200


def test_client_that_takes_no_answers_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = threading.Event()
    monkeypatch.setattr(protocol, "PATIENCE", 0.0)
    lost = protocol.GuardedProtocol.connection_lost

    def connection_lost(self: protocol.GuardedProtocol, exc: Exception | None) -> None:
        lost(self, exc)
        dropped.set()

    monkeypatch.setattr(protocol.GuardedProtocol, "connection_lost", connection_lost)
    with (
        World(MemoryStore()) as world,
        served(world.app, send_buffer=4096) as address,
        socket.socket() as connection,
    ):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(PAGE * (protocol.MOST_PIPELINED - 1))

        assert dropped.wait(10)


def test_client_that_sends_far_ahead_is_refused(client: Client, address: Address) -> None:
    answers = talk(address, PAGE * 10_000)

    assert answers.count(b"HTTP/1.1 ") <= protocol.MOST_PIPELINED + 1
    assert client.world.log.lines == []


@pytest.mark.parametrize(
    "target",
    [QUERY_CALL_STATE_PATH + "?a=b", QUERY_CALL_STATE_PATH.replace("S", "%53"), "http://x" + QUERY_CALL_STATE_PATH],
)
def test_target_may_have_a_query_be_encoded_or_absolute(client: Client, address: Address, target: str) -> None:
    asked = request(client, extra="Connection: close\r\n").replace(QUERY_CALL_STATE_PATH.encode(), target.encode(), 1)

    assert status_of(talk(address, asked)) == 200


@pytest.mark.parametrize("target", ["/%ff%fe", "/\xff", "/a b", "relative", "*"])
def test_odd_target_is_turned_down_in_json(address: Address, target: str) -> None:
    answer = talk(address, f"POST {target} HTTP/1.1\r\nConnection: close\r\n\r\n".encode("latin-1"))

    assert status_of(answer) in (400, 404)
    assert json_of(answer).keys() == {"retCode", "retMsg"}


def test_answer_to_head_has_no_body(address: Address) -> None:
    answer = talk(address, b"HEAD /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")

    assert b"content-length: 18\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("extra", ["Connection: close\r\n", "HTTP/1.0"])
def test_end_of_the_connection_is_announced_once(client: Client, address: Address, extra: str) -> None:
    asked = request(client, extra="" if extra == "HTTP/1.0" else extra)
    if extra == "HTTP/1.0":
        asked = asked.replace(b"HTTP/1.1", b"HTTP/1.0", 1)

    assert talk(address, asked).count(b"connection: close\r\n") == 1


def test_idle_connection_is_closed_in_the_end(
    monkeypatch: pytest.MonkeyPatch, client: Client, address: Address
) -> None:
    with socket.create_connection(address, timeout=5) as idle:
        idle.sendall(request(client))
        assert read_response(idle)[0] == 200
        monkeypatch.setattr(protocol, "KEEP_ALIVE", 0.0)

        assert read_all(idle) == b""


def test_app_disabled_between_two_requests_is_refused_at_the_second(address: Address, client: Client) -> None:
    other = client.world.client(client.tenant_id, app_key="to be disabled")
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(request(other))
        assert read_response(connection)[0] == 200
        client.world.registry.disable_app("to be disabled", at=0)
        connection.sendall(request(other))
        assert read_response(connection)[0] == 401
