"""Webhooks of a real service: calls in the sandbox, receivers on loopback, and kills in between."""

from __future__ import annotations

import os
import signal
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks.webhooks import Webhook

from e2e.places import ANSWERS, HANGS_UP, SANDBOX, come_back, is_running
from patience import eventually
from service import Service, write_config
from webhooks.receiver import Received, Receiver, Reply
from webhooks.verifier import is_signed_by, is_standard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service import Client

pytestmark = pytest.mark.slow

HASTY = """
[webhooks]
allow_private = ["127.0.0.0/8"]
timeout = 2
retry_first = 0.2
retry_longest = 1
"""
KEY = "a shared key of ours"
LIFE = ["call.queued", "agent.dialled", "agent.ringing", "agent.answered", "customer.dialled", "customer.ringing"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service.serve(write_config(tmp_path, more=f"{SANDBOX}\n{HASTY}")) as running:
        yield running


def short_call(client: Client, number: int, **members: object) -> str:
    """Placed; it is over after some four seconds."""
    return client.create_call(f"{number}{ANSWERS[-8:]}", f"{number}{HANGS_UP[-8:]}", **members)


def endpoint(client: Client, receiver: Receiver, **members: object) -> dict[str, Any]:
    answer = client.connection.post("/v1/webhooks", json={"url": receiver.url} | members)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def of_call(received: list[Received], serial: str) -> list[Received]:
    return [each for each in received if each.json.get("subject") == serial]


def seqs(received: list[Received], serial: str) -> list[int]:
    return [each.json["data"]["seq"] for each in of_call(received, serial)]


def has_ended(received: list[Received], serial: str) -> bool:
    return any(each.json["type"] == "twoleg.call.ended" for each in of_call(received, serial))


def test_a_call_is_told_from_its_beginning_to_its_end_signed_and_in_order(service: Service) -> None:
    with service.client() as client, Receiver() as receiver:
        made = endpoint(client, receiver)
        serial = short_call(client, 11)
        received = receiver.until(lambda each: has_ended(each, serial))

        types = [each.json["type"].removeprefix("twoleg.") for each in received]
        assert types[:6] == LIFE
        assert types[-1] == "call.ended"
        assert seqs(received, serial) == list(range(1, len(received) + 1))
        for each in received:
            assert Webhook(made["secret"]).verify(each.body, dict(each.headers))["subject"] == serial
            assert is_standard(made["secret"], each)
        path = f"/v1/webhooks/{made['id']}/deliveries"
        assert eventually(
            lambda: {each["state"] for each in client.connection.get(path).json()["deliveries"]} == {"delivered"}
        )
        assert service.faults() == []


def test_the_vendors_callbacks_come_in_order_until_they_are_taken(service: Service) -> None:
    """The receiver says no, breaks off its yes, talks no HTTP, points elsewhere; then it takes what it is told."""
    lies = (
        Reply(body=b'{"retCode":"1","retMsg":"not yet"}'),
        Reply(cut=True),
        Reply(raw=b"no HTTP \x00\xff\r\n\r\n"),
        Reply(307, headers={"Location": "/elsewhere"}),
    )

    def lie(received: Received) -> Reply:
        told = (received.path, received.json["callSerialNo"])
        tries = sum((each.path, each.json["callSerialNo"]) == told for each in receiver.received)
        return lies[tries - 1] if tries <= len(lies) else Reply()

    with Receiver(lie) as receiver, Receiver() as own:
        tenant = service.cli(
            "tenant", "create", "Calls back", "--access-code", "640003", "--callback-host", "127.0.0.1"
        )["tenant_id"]
        base = receiver.url.removesuffix("/hook")
        service.cli("webhook", "callbacks", "--tenant", tenant, "--connect-url", f"{base}/connect",
                    "--release-url", f"{base}/release", "--auth", "shared-key", "--shared-key", KEY)  # fmt: skip
        app = service.cli("app", "create", "--tenant", tenant)
        with _logged_in(service, app) as client:
            default = short_call(client, 12, callData="order 17")
            calls_own = short_call(client, 13, callBackUrl=b64encode(own.url.encode()).decode())
            receiver.until(lambda each: [one.path for one in each].count("/release") > len(lies))
            (released,) = own.until(lambda each: len(each) >= 1)

    of_default = [each for each in receiver.received if each.json["callSerialNo"] == default]
    first_release = [each.path for each in of_default].index("/release")
    assert [each.path for each in of_default[:first_release]] == ["/connect"] * (len(lies) + 1)
    assert {each.path for each in of_default[first_release:]} == {"/release"}, "released before the connect was taken"
    assert {each.path for each in receiver.received} == {"/connect", "/release"}, "a redirect was followed"
    release = of_default[-1].json
    assert (release["releaseReason"], release["callData"], "signature" in release) == ("0", "order 17", False)
    assert 1 <= int(release["talkDuration"]) <= 10
    assert (released.json["callSerialNo"], released.json["serviceNo"]) == (calls_own, "")
    assert is_signed_by(KEY, released.body)


def _logged_in(service: Service, app: dict[str, str]) -> Client:
    from service import Client as LoggedIn  # noqa: PLC0415 - only this one logs in as a tenant with rules

    return LoggedIn.with_token(f"http://{service.http}", app["app_key"], app["app_secret"])


def test_killed_again_and_again_the_webhook_process_loses_nothing(service: Service) -> None:
    """The receiver flaps, the process dies while it delivers: each call is told whole, and in order."""
    flaps = iter(range(10**6))

    def flap(_: Received) -> Reply:
        turn = next(flaps)
        return Reply(503, b"") if turn % 5 == 0 else Reply(broken=True) if turn % 7 == 0 else Reply()

    with service.client() as client, Receiver(flap) as receiver:
        endpoint(client, receiver)
        serials = [short_call(client, number) for number in range(20, 26)]
        for kills in range(1, 5):
            receiver.until(lambda each, kills=kills: len(each) >= 9 * kills)  # type: ignore[misc]  # bound now
            _kill_child(service, "webhooks")
        received = receiver.until(lambda each: all(has_ended(each, serial) for serial in serials), seconds=60)

        for serial in serials:
            told = seqs(received, serial)
            assert sorted(set(told)) == list(range(1, max(told) + 1)), "one is missing"
            first = [told.index(seq) for seq in sorted(set(told))]
            assert first == sorted(first), "one came before the one before it"
        killed = [line for line in service.log() if line.get("event") == "child died"]
        assert {line["child"] for line in killed} == {"webhooks"}


def _kill_child(service: Service, name: str) -> None:
    pid = service.child(name)
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: service.child(name) != pid and is_running(service.child(name)), seconds=30)


def test_a_service_that_is_killed_delivers_when_it_comes_back(service: Service) -> None:
    """One receiver is down, the other has the third event in its hands and has not answered: kill -9 of everything."""

    def hesitate(received: Received) -> Reply:
        return Reply(silent=received.json["data"]["seq"] == 3)

    with Receiver() as down, Receiver(hesitate) as slow, service.client() as client:
        endpoint(client, down)
        made = endpoint(client, slow)
        down.close()
        serial = short_call(client, 31)
        client.until(serial, state=3)
        assert seqs(slow.until(lambda each: len(each) >= 3), serial)[:3] == [1, 2, 3]
        service.kill()
        slow.close()
        with Receiver(port=down.port) as up, Receiver(port=slow.port) as awake:
            restarted, connected = come_back(service, client)
            with restarted, connected:
                received = up.until(lambda each: has_ended(each, serial), seconds=60)
                assert seqs(received, serial) == list(range(1, len(received) + 1))
                again = awake.until(lambda each: has_ended(each, serial), seconds=60)
                assert seqs(again, serial) == list(range(3, len(received) + 1))
    assert is_standard(made["secret"], again[0])
    assert again[0].headers["webhook-id"] == slow.received[2].headers["webhook-id"]


def test_a_private_address_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    config = write_config(tmp_path, more=f"{SANDBOX}\n[webhooks]\nenabled = true")
    with Service.serve(config) as guarded, guarded.client() as client:
        with Receiver() as receiver:
            made = endpoint(client, receiver, events=["call.queued"])
            client.create_call("1155500486", "1155500200")
            path = f"/v1/webhooks/{made['id']}/deliveries"
            assert eventually(
                lambda: any(each["attempts"] for each in client.connection.get(path).json()["deliveries"])
            )
            (tried, *_) = client.connection.get(path).json()["deliveries"][0]["attempts"]

            assert receiver.received == []
            assert tried["said"].startswith("its address may not be connected to")


def test_a_silent_receiver_costs_calls_and_queries_and_other_receivers_nothing(service: Service) -> None:
    with (
        service.client() as client,
        Receiver(lambda _: Reply(silent=True)) as silent,
        Receiver(lambda _: Reply(after=0.3)) as slow,
        Receiver() as sound,
    ):
        for each in (silent, slow, sound):
            endpoint(client, each)
        serials = [short_call(client, number) for number in range(40, 50)]
        received = sound.until(lambda each: all(has_ended(each, serial) for serial in serials), seconds=40)

        assert all(client.query(serial)["reasonCode"] == 0 for serial in serials)
        lags = [each.at - each.json["data"]["at"] for each in received]
        assert sorted(lags)[len(lags) // 2] < 2000, "most events are told within two seconds"
        told_slowly = slow.until(lambda each: all(has_ended(each, serial) for serial in serials))
        for serial in serials:
            told = seqs(received, serial)
            assert seqs(told_slowly, serial) == told == list(range(1, len(told) + 1))
        assert len(silent.received) >= 1
        assert not any(has_ended(list(silent.received), serial) for serial in serials)


def test_a_replay_tells_everything_again_with_the_same_ids(service: Service) -> None:
    with service.client() as client, Receiver() as receiver:
        made = endpoint(client, receiver, events=["call.*"])
        serial = short_call(client, 51)
        receiver.until(lambda each: has_ended(each, serial))
        before = [each.headers["webhook-id"] for each in receiver.received]

        service.cli("webhook", "replay", made["id"], "--after", "0", "--tenant", _tenant_of(service))
        received = receiver.until(lambda each: len(each) >= 2 * len(before))

        assert [each.headers["webhook-id"] for each in received] == before * 2


def _tenant_of(service: Service) -> str:
    (tenant,) = service.cli("tenant", "list")
    tenant_id: str = tenant["tenant_id"]
    return tenant_id
