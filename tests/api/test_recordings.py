"""Recordings over HTTP: the address, the audio behind it, and the commands for a living call."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.asgi_client import Response, exchange
from api.served import served
from api.world import NOW, Client, World
from twoleg.adapters.recording.wav import head
from twoleg.api.aicc.face import RECORDING_ADDRESS_PATH
from twoleg.application.ports import SigningKey
from twoleg.application.recording_storage import StorageUnavailable
from twoleg.domain.call import Phase
from twoleg.domain.machine import Step
from twoleg.domain.reasons import Reason
from twoleg.domain.recording import Audio, AudioFormat, Command, RecordingPolicy
from twoleg.domain.values import replace

AUDIO = head(AudioFormat.PCM, 25_000) + bytes(range(250)) * 400
HOST = {"Host": "calls.example.com:8080"}
FIVE_MINUTES = 300.0
DIGEST = hashlib.sha256(AUDIO).hexdigest()
ETAG = f'"{DIGEST[:32]}"'


def run(world: World, work: Any) -> Any:
    return world._runner.run(work)


def recorded(world: World, tenant_id: str = "tenant-1") -> int:
    """The serial of an ended call whose recording is ready and stored."""
    call = world.call(tenant_id, phase=Phase.QUEUED)
    book = world.recordings

    async def do() -> None:
        await book.ask(call.serial, tenant_id, Command.START, audio_format=AudioFormat.PCM, at=NOW)
        await book.began(call.serial, at=NOW)

    run(world, do())
    end(world, call.serial)
    key = f"{tenant_id}/{call.serial}.wav"
    stored = world.recording_storage.put(key, lambda file: _write(file, AUDIO))
    audio = Audio(bytes=stored.bytes, sha256=stored.sha256, duration_ms=3125, began_at=NOW)
    run(world, book.ready(call.serial, audio, key=key, at=NOW))
    return call.serial


def _write(file: Any, content: bytes) -> None:
    file.write(content)


def end(world: World, serial: int) -> None:
    call = world.store.reader().call(serial)
    assert call is not None
    ended = replace(call, phase=Phase.ENDED, ended_at=NOW + 9, talking_at=NOW, reason=Reason.CUSTOMER_HUNG_UP, cause=16)

    async def do() -> None:
        journal = world.store.journal(asyncio.get_running_loop())
        journal.append(Step(ended), lambda: None)
        await journal.drained()

    run(world, do())


def ask(client: Client, serial: object, *, wrapped: bool = False, **headers: str) -> Response:
    body: Any = {"callSerialNo": serial}
    return client.post(RECORDING_ADDRESS_PATH, {"body": body} if wrapped else body, HOST | headers)


def address_of(client: Client, serial: int) -> str:
    answer = ask(client, str(serial)).json
    assert answer["retCode"] == 0, answer
    url: str = answer["result"]["url"]
    return url


def fetch(world: World, url: str, *, method: str = "GET", **headers: str) -> Response:
    parts = urlsplit(url)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(world.app, method, f"{parts.path}?{parts.query}", headers=given)


# ---------------------------------------------------------------------------- getRecordingAddress


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("kind", [str, int])
def test_the_address_of_a_recording_is_told_with_a_number_for_a_code(
    world: World, client: Client, kind: Callable[[int], object], *, wrapped: bool
) -> None:
    serial = recorded(world)

    answer = ask(client, kind(serial), wrapped=wrapped)

    assert answer.status == 200
    assert (answer.json["retCode"], answer.json["retMsg"]) == (0, "success")
    url = answer.json["result"]["url"]
    assert url.startswith(f"http://calls.example.com:8080/recordings/{serial}.wav?")
    assert len(url) <= 200


def test_addresses_begin_as_the_operator_says(world: World, client: Client) -> None:
    serial = recorded(world)
    world.public_url = "https://calls.example.org/twoleg"
    world.start()

    assert address_of(client, serial).startswith(f"https://calls.example.org/twoleg/recordings/{serial}.wav?")


@pytest.mark.parametrize(
    ("serial", "code"),
    [("1" * 51, 12), ("x" * 51, 12), ("x" * 50, 5), ("", 5), ("\u0661", 5), ("99", 5), (str(2**63), 5), ("9" * 50, 5)],
)
def test_a_serial_that_names_no_recording_has_its_code(client: Client, serial: str, code: int) -> None:
    answer = ask(client, serial).json

    assert answer["retCode"] == code
    assert answer["retMsg"]
    assert "result" not in answer


def test_another_tenants_recording_looks_like_none(world: World, client: Client) -> None:
    theirs = recorded(world, "tenant-2")

    assert ask(client, str(theirs)).body == ask(client, "99").body


def test_a_call_without_recording_looks_like_no_call(world: World, client: Client) -> None:
    assert ask(client, str(world.call().serial)).body == ask(client, "99").body


def test_what_is_not_ready_says_how_it_stands(world: World, client: Client) -> None:
    world.tenant("tenant-1", recording=RecordingPolicy.ON_DEMAND)
    call = world.call()
    run(world, world.recordings.ask(call.serial, "tenant-1", Command.START, audio_format=AudioFormat.PCM, at=NOW))

    answer = ask(client, str(call.serial)).json
    assert (answer["retCode"], answer["retMsg"]) == (5, "the recording is wanted")

    run(world, world.recordings.failed(call.serial, "the disk is full", at=NOW))
    answer = ask(client, str(call.serial)).json
    assert (answer["retCode"], answer["retMsg"]) == (1, "the recording is failed: the disk is full")


def test_a_purged_recording_is_not_there_any_more(world: World, client: Client) -> None:
    serial = recorded(world)
    url = address_of(client, serial)
    run(world, world.recordings.purged(serial, "its time was over", at=NOW))

    assert ask(client, str(serial)).json["retCode"] == 5
    assert fetch(world, url).status == 410


@pytest.mark.parametrize("spoilt", [b"", AUDIO[:-1], AUDIO[:100] + b"\xff" + AUDIO[101:], None])
def test_a_spoilt_file_gets_no_address_and_is_not_served_at_an_old_one(
    world: World, client: Client, spoilt: bytes | None
) -> None:
    serial = recorded(world)
    url = address_of(client, serial)
    files = world.recording_storage.files  # type: ignore[attr-defined]
    (key,) = files
    if spoilt is None:
        del files[key]
    else:
        files[key] = spoilt

    assert ask(client, str(serial)).json["retCode"] == 11
    served_anyway = fetch(world, url)
    assert served_anyway.status == 500
    assert "retCode" in served_anyway.json


def test_a_storage_in_trouble_is_said(world: World, client: Client) -> None:
    serial = recorded(world)
    url = address_of(client, serial)
    world.recording_storage.trouble = StorageUnavailable("not mounted")  # type: ignore[attr-defined]

    assert ask(client, str(serial)).json == {"retCode": 11, "retMsg": "not mounted"}
    assert fetch(world, url).status == 503


def test_the_address_needs_a_token_and_a_body(world: World, client: Client) -> None:
    serial = recorded(world)
    nobody = exchange(world.app, "POST", RECORDING_ADDRESS_PATH, headers=HOST, body=b'{"callSerialNo": "1"}')
    empty = client.post(RECORDING_ADDRESS_PATH, {}, HOST)

    assert nobody.status == 401
    assert (empty.status, empty.json["retMsg"]) == (400, "callSerialNo is mandatory and missing")
    assert (
        client.post(RECORDING_ADDRESS_PATH, {"callSerialNo": str(serial)}).status == 400
    )  # no Host, and no public_url


# ---------------------------------------------------------------------------- the audio


def test_the_audio_is_behind_the_address_and_needs_no_token(world: World, client: Client) -> None:
    answer = fetch(world, address_of(client, recorded(world)))

    assert (answer.status, answer.body) == (200, AUDIO)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-length"] == str(len(AUDIO))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["repr-digest"] == f"sha-256=:{b64encode(bytes.fromhex(DIGEST)).decode()}:"
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, len(AUDIO)),
        ("bytes=-7", len(AUDIO) - 7, len(AUDIO)),
        ("BYTES = 5-5", 0, len(AUDIO)),
        ("Bytes=5-5", 5, 6),
        (f"bytes=10-{10**17}", 10, len(AUDIO)),
        (f"bytes=-{10**17}", 0, len(AUDIO)),
    ],
)
def test_a_range_is_what_was_asked_for(world: World, client: Client, asked: str, begin: int, end: int) -> None:
    answer = fetch(world, address_of(client, recorded(world)), Range=asked)

    assert answer.body == AUDIO[begin:end]
    assert answer.headers["content-length"] == str(end - begin)
    if asked == "BYTES = 5-5":
        assert answer.status == 200  # malformed, so ignored
    else:
        assert answer.status == 206
        assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(AUDIO)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "items=0-5", "bytes=9-5", "bytes=-", "bytes=a-b", "0-5", "bytes=--5"]
)
def test_what_is_no_single_range_is_answered_with_all(world: World, client: Client, asked: str) -> None:
    answer = fetch(world, address_of(client, recorded(world)), Range=asked)

    assert (answer.status, answer.body) == (200, AUDIO)


@pytest.mark.parametrize("asked", [f"bytes={len(AUDIO)}-", f"bytes={len(AUDIO) + 5}-{len(AUDIO) + 9}", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(world: World, client: Client, asked: str) -> None:
    answer = fetch(world, address_of(client, recorded(world)), Range=asked)

    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(AUDIO)}"


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 206), ('"another"', 200), (f"W/{ETAG}", 200), ("Mon, 24 May 2021 02:37:45 GMT", 200)],
)
def test_a_range_of_another_file_is_answered_with_all_of_this_one(
    world: World, client: Client, condition: str, status: int
) -> None:
    answer = fetch(world, address_of(client, recorded(world)), Range="bytes=0-9", If_Range=condition)

    assert answer.status == status
    assert answer.headers["etag"] == ETAG


@pytest.mark.parametrize(("tag", "status"), [(ETAG, 304), (f'"x", W/{ETAG}', 304), ("*", 304), ('"x"', 200)])
def test_who_has_the_file_need_not_fetch_it_again(world: World, client: Client, tag: str, status: int) -> None:
    assert fetch(world, address_of(client, recorded(world)), If_None_Match=tag).status == status


def test_head_is_answered_like_get_without_the_audio(world: World, client: Client) -> None:
    answer = fetch(world, address_of(client, recorded(world)), method="HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(AUDIO))


def test_other_methods_are_not_taken(world: World, client: Client) -> None:
    answer = fetch(world, address_of(client, recorded(world)), method="DELETE")

    assert answer.status == 405


# ---------------------------------------------------------------------------- the signature


def test_an_address_works_for_five_minutes_and_no_longer(world: World, client: Client) -> None:
    url = address_of(client, recorded(world))
    world.clock.advance(FIVE_MINUTES)
    assert fetch(world, url).status == 200

    world.clock.advance(0.001)
    old = fetch(world, url)

    assert (old.status, old.json["retMsg"]) == (403, "the address has expired: ask for a new one")


def test_an_address_cannot_be_made_to_live_longer(world: World, client: Client) -> None:
    url = address_of(client, recorded(world))
    (expiry,) = parse_qs(urlsplit(url).query)["e"]
    world.clock.advance(FIVE_MINUTES + 1)

    assert fetch(world, url.replace(f"e={expiry}", f"e={int(expiry) + 60_000}")).status == 403


def test_every_changed_character_of_the_signature_closes_the_door(world: World, client: Client) -> None:
    url = address_of(client, recorded(world))
    at = url.index("&s=") + 3

    for place in range(at, len(url) - 1):
        changed = "A" if url[place] != "A" else "B"
        assert fetch(world, url[:place] + changed + url[place + 1 :]).status == 403


def test_the_address_of_one_recording_opens_no_other(world: World, client: Client) -> None:
    first, second = recorded(world), recorded(world)

    assert fetch(world, address_of(client, first).replace(str(first), str(second))).status == 403


@pytest.mark.parametrize(
    "target",
    [
        "/recordings/1.wav",
        "/recordings/1.wav?e=1&k=k1&s=",
        "/recordings/1.wav?e=&k=k1&s=x",
        "/recordings/1.wav?e=-1&k=k1&s=x",
        "/recordings/1.wav?e=1&k=nobody&s=x",
        "/recordings/1.wav?e=1&k=k1&s=%FF%00",
        "/recordings/1.mp3?e=1&k=k1&s=x",
        "/recordings/0.wav?e=1&k=k1&s=x",
        "/recordings/..wav?e=1&k=k1&s=x",
        "/recordings/1.wav?" + "&".join(f"a{number}=1" for number in range(50)),
    ],
)
def test_what_is_no_address_is_forbidden(world: World, target: str) -> None:
    assert exchange(world.app, "GET", target).status == 403


def test_a_token_does_not_open_what_the_signature_does_not(world: World, client: Client) -> None:
    url = address_of(client, recorded(world))

    assert (
        fetch(world, url[:-1] + ("A" if url[-1] != "A" else "B"), Authorization=f"Bearer {client.token}").status == 403
    )


def test_addresses_of_an_older_key_work_until_they_expire(world: World, client: Client) -> None:
    url = address_of(client, recorded(world))
    world.registry.add_signing_key(SigningKey("k2", b"another key of the tests, 32 byte"), at=NOW + 1)

    assert fetch(world, url).status == 200


def test_an_address_survives_a_restart(world: World, client: Client) -> None:
    url = address_of(client, recorded(world))
    world.start()

    assert fetch(world, url).status == 200


# ---------------------------------------------------------------------------- on a real socket


def test_over_a_socket_a_recording_has_its_length_and_the_connection_stays(world: World, client: Client) -> None:
    parts = urlsplit(address_of(client, recorded(world)))
    target = f"{parts.path}?{parts.query}"

    with served(world.app) as address, socket.create_connection(address, timeout=10) as connection:
        answers = []
        for method, more in (("GET", ""), ("GET", "Range: bytes=44-143\r\n"), ("HEAD", ""), ("GET", "")):
            connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
            answers.append(_read(connection, has_body=method == "GET"))

    assert answers == [(200, AUDIO), (206, AUDIO[44:144]), (200, b""), (200, AUDIO)]


def _read(connection: socket.socket, *, has_body: bool) -> tuple[int, bytes]:
    """One answer of a known length off a connection that stays open."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        received += connection.recv(1)
    assert b"transfer-encoding" not in received
    length = int(received.split(b"content-length: ")[1].split()[0]) if has_body else 0
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(received.split()[1]), body


def test_a_storage_that_breaks_off_ends_the_connection_so_that_nobody_takes_a_part_for_the_whole(
    world: World, client: Client
) -> None:
    parts = urlsplit(address_of(client, recorded(world)))
    storage: Any = world.recording_storage
    read = storage.read

    def breaks_off(key: str, begin: int, end: int) -> Any:
        yield from read(key, begin, min(end, begin + 1000))
        raise StorageUnavailable("gone")

    storage.read = breaks_off
    with served(world.app) as address, socket.create_connection(address, timeout=10) as connection:
        connection.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece

    body = received.partition(b"\r\n\r\n")[2]
    assert body == AUDIO[:1000]
    assert f"content-length: {len(AUDIO)}".encode() in received


# ---------------------------------------------------------------------------- createCall and /v1


def test_a_call_is_recorded_when_its_tenant_wants_it_so_or_asks(world: World) -> None:
    always = world.client("always", recording=RecordingPolicy.ALWAYS)
    on_demand = world.client("on-demand", recording=RecordingPolicy.ON_DEMAND, recording_format=AudioFormat.ALAW)
    serials = [
        always.place().json["result"]["callSerialNo"],
        on_demand.place().json["result"]["callSerialNo"],
        on_demand.place({"Recording": "on"}, called="2").json["result"]["callSerialNo"],
        on_demand.place({"Recording": "OFF"}, called="3").json["result"]["callSerialNo"],
    ]

    assert [world.recordings.is_wanted(int(serial)) for serial in serials] == [True, False, True, False]
    found = world.recordings.find(int(serials[2]))
    assert found is not None
    assert found.audio_format is AudioFormat.ALAW


def test_a_tenant_that_is_not_recorded_cannot_ask_for_it(client: Client) -> None:
    answer = client.place({"Recording": "on"})

    assert answer.status == 200
    assert answer.json == {"retCode": "1", "retMsg": "Recording: the tenant's calls are not recorded"}
    assert client.place({"Recording": "perhaps"}).status == 400


def test_the_wish_to_record_is_part_of_what_an_idempotency_key_stands_for(world: World) -> None:
    client = world.client("on-demand", recording=RecordingPolicy.ON_DEMAND)
    client.place({"Idempotency-Key": "k"})

    assert client.place({"Idempotency-Key": "k", "Recording": "on"}).status == 409


def native(client: Client, method: str, path: str, body: Any = None) -> Response:
    headers = HOST | {"Authorization": f"Bearer {client.token}"}
    return exchange(
        client.world.app, method, path, headers=headers, body=b"" if body is None else json.dumps(body).encode()
    )


def test_the_native_order_asks_for_a_recording_too(world: World) -> None:
    client = world.client("on-demand", recording=RecordingPolicy.ON_DEMAND)
    order = {"caller": "88889050", "called": "88889060", "recording": True}

    serial = native(client, "POST", "/v1/calls", order).json["serial"]

    assert native(client, "GET", f"/v1/calls/{serial}/recording").json == {
        "serial": serial,
        "status": "wanted",
        "format": "pcm",
    }


def test_commands_of_a_living_call_are_obeyed_and_wake_the_engine(world: World) -> None:
    client = world.client("on-demand", recording=RecordingPolicy.ON_DEMAND)
    serial = str(world.call("on-demand", phase=Phase.TALKING, talking_at=NOW, started_at=NOW).serial)
    path = f"/v1/calls/{serial}/recording"
    before = world.nudges

    started = native(client, "POST", f"{path}/start")
    run(world, world.recordings.began(int(serial), at=NOW + 5))
    said = [native(client, "POST", f"{path}/{command}") for command in ("pause", "pause", "resume", "stop")]

    assert (started.status, started.json["status"]) == (202, "wanted")
    assert [answer.json["status"] for answer in said] == ["paused", "paused", "recording", "stopped"]
    assert said[-1].json["pieces"][0]["begins"] == NOW + 5
    assert world.nudges == before + 5
    assert [asked.command.value for asked in world.recordings.asked_after(0)] == ["start", "pause", "resume", "stop"]


def test_commands_that_make_no_sense_are_conflicts_with_their_reason(world: World) -> None:
    client = world.client("on-demand", recording=RecordingPolicy.ON_DEMAND)
    living = world.call("on-demand", phase=Phase.TALKING, talking_at=NOW, started_at=NOW).serial
    over = recorded(world, "on-demand")

    early = native(client, "POST", f"/v1/calls/{living}/recording/pause")
    late = native(client, "POST", f"/v1/calls/{over}/recording/start")

    assert (early.status, early.json["detail"]) == (409, "the call is not being recorded")
    assert (late.status, late.json["detail"]) == (409, "the call has ended")


def test_the_recording_of_another_tenant_is_no_recording(world: World) -> None:
    client = world.client("on-demand", recording=RecordingPolicy.ON_DEMAND)
    theirs = recorded(world, "tenant-2")

    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/stop")):
        unknown = native(client, method, f"/v1/calls/99/recording{path}")
        answer = native(client, method, f"/v1/calls/{theirs}/recording{path}")
        assert answer.status == unknown.status == 404
        assert answer.body.replace(str(theirs).encode(), b"99") == unknown.body


def test_a_tenant_that_is_not_recorded_is_told_the_rule(world: World, client: Client) -> None:
    answer = native(client, "POST", f"/v1/calls/{world.call().serial}/recording/start")

    assert (answer.status, answer.json["rule"]) == (422, "recording_not_allowed")


def test_a_ready_recording_names_its_address_and_all_its_facts(world: World, client: Client) -> None:
    serial = recorded(world)

    document = native(client, "GET", f"/v1/calls/{serial}/recording").json

    assert fetch(world, document.pop("url")).body == AUDIO
    assert document == {
        "serial": str(serial),
        "status": "ready",
        "format": "pcm",
        "pieces": [{"begins": NOW}],
        "beganAt": NOW,
        "durationMs": 3125,
        "bytes": len(AUDIO),
        "sha256": DIGEST,
        "urlExpiresAt": NOW + 300_000,
    }
