"""The SDK against the real service: real HTTP, real SIP, the carrier in the box."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks.webhooks import Webhook

from patience import wall_clock_ms
from twoleg.client import (
    AsyncClient,
    CallEnded,
    Client,
    Conflict,
    NotFound,
    Refused,
    Unauthorized,
    WaitTimeout,
)

if TYPE_CHECKING:
    from client.conftest import App

pytestmark = pytest.mark.slow

ANSWERS, HANGS_UP, BUSY, SLOW = "55500200", "55500002", "55500486", "55500408"
WHOLE = [
    "call.queued",
    "agent.dialled",
    "agent.ringing",
    "agent.answered",
    "customer.dialled",
    "customer.ringing",
    "customer.answered",
    "call.talking",
    "call.bridged",
    "call.ended",
]


def test_a_call_is_placed_watched_and_explained(client: Client) -> None:
    call = client.calls.create(f"1{ANSWERS}", f"1{HANGS_UP}", call_data="order 7")

    facts = call.wait_until("talking", timeout=30)
    assert facts.state in ("talking", "ended")
    assert facts.talking_at is not None
    assert [event.name for event in call.events()] == WHOLE
    assert call.wait_until("ended").reason == 0
    assert (call.facts.call_data, call.state) == ("order 7", "ended")
    why = call.explain()
    assert why.side == "customer"
    assert "hung up after" in why.sentence
    assert "挂机" in call.explain("zh").sentence


def test_events_go_on_behind_the_one_that_was_seen(client: Client) -> None:
    call = client.calls.create(f"2{ANSWERS}", f"2{BUSY}")
    call.wait_until("ended", timeout=30)

    names = [event.name for event in call.events(after=3)]

    assert names[-1] == "call.ended"
    assert [event.data.seq for event in call.events(after=3)] == list(range(4, 4 + len(names)))
    assert list(call.events(after=call.facts.seq)) == []


def test_a_call_that_never_talks_is_told_with_its_reason(client: Client) -> None:
    call = client.calls.create(f"3{ANSWERS}", f"3{BUSY}")

    with pytest.raises(CallEnded) as ended:
        call.wait_until("talking", timeout=30)
    assert (ended.value.facts.reason, ended.value.facts.cause) == (3, 17)


def test_waiting_ends_and_the_call_lives_until_it_is_hung_up(client: Client) -> None:
    call = client.calls.create(f"4{SLOW}", f"4{ANSWERS}")
    call.wait_until("calling", timeout=30)

    with pytest.raises(WaitTimeout):
        call.wait_until("talking", timeout=1)
    assert call.refresh().state == "calling"
    call.hangup()
    assert call.wait_until("ended", timeout=30).reason == 1001
    call.hangup()


def test_the_same_key_is_the_same_call_and_the_same_pair_a_conflict(client: Client) -> None:
    first = client.calls.create(f"5{SLOW}", f"5{ANSWERS}", idempotency_key="order 5")
    again = client.calls.create(f"5{SLOW}", f"5{ANSWERS}", idempotency_key="order 5")

    assert again.serial == first.serial
    with pytest.raises(Conflict) as conflict:
        client.calls.create(f"5{SLOW}", f"5{ANSWERS}")
    assert conflict.value.rule == "duplicate"
    first.hangup()


def test_a_refusal_names_the_rule_and_the_member(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.calls.create("not a number", ANSWERS)
    assert (refused.value.rule, refused.value.member) == ("bad_number", "caller")

    would = client.calls.rehearse(ANSWERS, "not a number")
    assert not would.accepted
    assert would.refusal is not None
    assert would.refusal.member == "called"
    assert client.calls.rehearse(ANSWERS, HANGS_UP).dialable


def test_lists_go_over_as_many_pages_as_there_are(client: Client) -> None:
    placed = [client.calls.create(f"6{ANSWERS}", f"6{number}{BUSY}").serial for number in range(3)]
    for serial in placed:
        client.calls.get(serial).wait_until("ended", timeout=30)

    listed = [call.serial for call in client.calls.list(caller=f"6{ANSWERS}", state="ended")]

    assert listed == placed[::-1]
    assert list(client.calls.list(caller=f"6{ANSWERS}", until=datetime(2020, 1, 1, tzinfo=UTC))) == []
    states = client.calls.states([*placed, "1"] * 600)
    assert {serial: each.state for serial, each in states.items()} == dict.fromkeys(placed, "ended")


def test_who_has_the_wrong_secret_is_unauthorized(app: App) -> None:
    with Client(app.url, app.key, "wrong") as client, pytest.raises(Unauthorized):
        client.calls.get("1")


def test_another_call_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        client.calls.get("645735364434067472")
    with pytest.raises(NotFound):
        client.calls.get("../states")


def test_the_tenants_stream_tells_of_calls_that_are_placed_later(app: App, client: Client) -> None:
    names: list[str] = []
    started = threading.Event()

    def read() -> None:
        with app.client() as reader:
            stream = reader.events()
            started.set()
            for event in stream:
                if event.data.caller == f"7{ANSWERS}":
                    names.append(event.name)
                if names and names[-1] == "call.ended":
                    return

    thread = threading.Thread(target=read)
    thread.start()
    started.wait(10)
    while not names and thread.is_alive():  # the stream begins with what happens once it is open
        call = client.calls.create(f"7{ANSWERS}", f"7{BUSY}")
        call.wait_until("ended", timeout=30)
    thread.join(30)

    assert names[-1] == "call.ended"


def test_the_compatible_face_tells_the_same(client: Client) -> None:
    serial = client.compatible.create_call(f"8{ANSWERS}", f"8{BUSY}", call_data="order 8")
    client.calls.get(serial).wait_until("ended", timeout=30)

    status = client.compatible.query_call_state(serial)
    assert (status.state, status.reason_code, status.call_data) == (3, 3, "order 8")
    now = wall_clock_ms()
    page = client.compatible.query_call_detail_record(now - 600_000, now, caller=f"8{ANSWERS}")
    assert [(record.serial, record.reason_code) for record in page.records] == [(serial, 3)]
    assert client.compatible.query_call_detail_record(5, 6).total == 0
    v3 = client.compatible.create_call_v3(f"9{ANSWERS}", f"9{BUSY}")
    assert client.calls.get(v3).wait_until("ended", timeout=30).reason == 3


@pytest.mark.asyncio
async def test_the_async_client_does_the_same(app: App) -> None:
    async with AsyncClient(app.url, app.key, app.secret) as client:
        call = await client.calls.create(f"10{ANSWERS}", f"10{HANGS_UP}")
        assert (await call.wait_until("talking", timeout=30)).talking_at is not None
        assert [event.name async for event in call.events()] == WHOLE
        assert (await call.explain()).side == "customer"
        assert (await call.refresh()).state == "ended"
        await call.hangup()
        listed = [each.serial async for each in client.calls.list(caller=f"10{ANSWERS}")]
        assert listed == [call.serial]
        assert list(await client.calls.states(listed)) == listed
        with pytest.raises(NotFound):
            await client.calls.get("1")


# ---------------------------------------------------------------------------- docs/client.md


def examples(root: Any) -> list[str]:
    return re.findall(r"```python\n(.*?)```", root.joinpath("docs", "client.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (0, ("talking since 1", "10 call.ended", "hung up after", "customer False")),
        (1, ("False Refusal(", "there is no such call")),
        (2, ("call.ended", "was busy (SIP 486, Q.850 17)")),
        (3, (" 0 2", "5 called:")),
    ],
)
def test_the_pages_examples_run_and_say_what_they_must(
    app: App, pytestconfig: pytest.Config, place: int, says: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", examples(pytestconfig.rootpath)[place]],
        env={**os.environ, "TWOLEG_URL": app.url, "APP_KEY": app.key, "APP_SECRET": app.secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for words in says:
        assert words in done.stdout


def test_the_pages_webhook_example_takes_a_good_delivery_and_no_other(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "whsec_" + b64encode(b"twenty-four octets here!").decode()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    names: dict[str, Any] = {}
    exec(examples(pytestconfig.rootpath)[4], names)
    body = (
        b'{"id":"7-3","source":"/v1/calls/7","type":"twoleg.call.ended","time":"x",'
        b'"data":{"serial":"7","seq":3,"at":1,"caller":"1","called":"2"}}'
    )
    now = wall_clock_ms() // 1000
    signature = Webhook(secret).sign("m", datetime.fromtimestamp(now, UTC), body.decode())
    headers = {"webhook-id": "m", "webhook-timestamp": str(now), "webhook-signature": signature}

    assert names["receive"](headers, body) == 204
    assert capsys.readouterr().out == "7-3 call.ended\n"
    assert names["receive"](headers, body + b" ") == 401
