"""What the SDK decides by itself: when a token is renewed, what is repeated, how long is waited. Time is driven."""

from __future__ import annotations

import json
from typing import Any

import pytest

from twoleg.client import (
    CallEnded,
    ConnectionFailed,
    ServiceFailed,
    TooManyRequests,
    Unauthorized,
    WaitTimeout,
    aicc,
    native,
)
from twoleg.client.account import Account
from twoleg.client.errors import Refused, TwolegError, UnexpectedAnswer
from twoleg.client.exchange import Flow, Pause, Reply, Send

TOKEN = {"AccessToken": "t", "Expires": "600"}
CALL: dict[str, Any] = {
    "serial": "7",
    "state": "queued",
    "phase": "queued",
    "seq": 1,
    "caller": "1",
    "called": "2",
    "createdAt": 1,
    "agent": {"number": "1", "shown": "3"},
    "customer": {"number": "2", "shown": "3"},
}
STATES = {"queued": {}, "calling": {"startedAt": 2}, "talking": {"startedAt": 2, "talkingAt": 3}}


def reply(document: object, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(document).encode()
    )


def call(state: str, seq: int = 1, **more: object) -> Reply:
    return reply({**CALL, "state": state, "seq": seq, **STATES.get(state, {}), **more})


ENDED = {"endedAt": 4, "reason": 3, "reasonText": "The customer's phone could not be reached.", "cause": 17}


class World:
    """Gives a flow the answers it is to get, one after the other, and notes what it wanted."""

    def __init__(self, *answers: Reply | TwolegError, repeats: int = 2) -> None:
        self.time = 1000.0
        self.account = Account("key", "secret", now=lambda: self.time, repeats=repeats)
        self.answers = list(answers)
        self.sent: list[Send] = []
        self.pauses: list[float] = []
        self.tokens = 0

    def run(self, flow: Flow[Any], *, each: float = 0.0) -> Any:
        """`each`: seconds that every answer takes."""
        try:
            step = next(flow)
            while True:
                step = self._next(flow, step, each)
        except StopIteration as end:
            return end.value

    def _next(self, flow: Flow[Any], step: Send | Pause, each: float) -> Send | Pause:
        if isinstance(step, Pause):
            self.pauses.append(step.seconds)
            return flow.send(None)
        answer = self._answer(step)
        self.time += each if step.operation.path != aicc.TOKEN_PATH else 0.0
        return flow.throw(answer) if isinstance(answer, TwolegError) else flow.send(answer)

    def _answer(self, send: Send) -> Reply | TwolegError:
        if send.operation.path == aicc.TOKEN_PATH and not (self.answers and self._is_for_tokens(self.answers[0])):
            self.tokens += 1
            return reply(TOKEN)
        self.sent.append(send)
        return self.answers.pop(0)

    def _is_for_tokens(self, answer: Reply | TwolegError) -> bool:
        return isinstance(answer, Reply) and "for-tokens" in answer.headers

    def get(self) -> Any:
        return self.run(self.account.perform(native.get("7")))

    def create(self, key: str | None = None) -> Any:
        return self.run(self.account.perform(aicc.create_call(aicc.OrderV1(caller="1", called="2"), key=key)))


CREATED = reply({"retCode": "0", "retMsg": "", "result": {"callSerialNo": "7"}})
BROKEN, UNSENT = ConnectionFailed("cut off"), ConnectionFailed("refused", unsent=True)


# ---------------------------------------------------------------------------- tokens


def test_a_token_is_fetched_once_and_goes_with_every_request() -> None:
    world = World(call("queued"), call("queued"))
    world.get()
    world.get()

    assert world.tokens == 1
    assert [dict(send.headers)["authorization"] for send in world.sent] == ["Bearer t"] * 2
    assert dict(world.sent[0].headers)["x-app-key"] == "key"


def test_a_token_is_renewed_a_minute_before_its_end() -> None:
    world = World(*[call("queued")] * 3)
    world.get()
    world.time += 539
    world.get()
    assert world.tokens == 1
    world.time += 1
    world.get()
    assert world.tokens == 2


def test_a_token_that_is_refused_is_replaced_once() -> None:
    world = World(reply({"detail": "revoked"}, 401), call("queued"))
    assert world.get().serial == "7"
    assert world.tokens == 2

    world = World(reply({}, 401), reply({"detail": "disabled"}, 401))
    with pytest.raises(Unauthorized, match="disabled"):
        world.get()
    assert world.tokens == 2


def test_wrong_credentials_are_not_tried_again() -> None:
    wrong = reply({"retCode": "401", "retMsg": "the app key or its secret is wrong"}, 401, for_tokens="yes")
    world = World(wrong)

    with pytest.raises(Unauthorized, match="the app key or its secret is wrong"):
        world.get()
    assert world.pauses == []


# ---------------------------------------------------------------------------- repeats


@pytest.mark.parametrize(
    "trouble", [BROKEN, UNSENT, reply({}, 502), reply({}, 503), reply({}, 504), reply({}, 500, retry_after="1")]
)
def test_what_does_no_harm_is_repeated_after_a_growing_pause(trouble: Reply | TwolegError) -> None:
    world = World(trouble, trouble, call("queued"))

    assert world.get().serial == "7"
    assert len(world.sent) == 3
    assert world.pauses[0] >= 0.2
    assert world.pauses[1] >= 0.6


def test_after_the_last_repeat_the_failure_is_the_callers() -> None:
    with pytest.raises(ConnectionFailed, match="cut off"):
        World(BROKEN, BROKEN, BROKEN).get()
    with pytest.raises(ServiceFailed) as failed:
        World(*[reply({"detail": "the store is unavailable; correlation id 1f"}, 503)] * 3).get()
    assert failed.value.status == 503
    assert failed.value.detail == "the store is unavailable; correlation id 1f"


def test_a_plain_500_is_told_at_once() -> None:
    world = World(reply({"detail": "internal error; correlation id 1f"}, 500))

    with pytest.raises(ServiceFailed, match="correlation id 1f"):
        world.get()
    assert world.pauses == []


def test_a_call_without_a_key_is_never_placed_twice() -> None:
    with pytest.raises(ConnectionFailed):
        World(BROKEN, CREATED).create()
    with pytest.raises(ServiceFailed):
        World(reply({}, 503), CREATED).create()


def test_a_call_without_a_key_is_sent_again_when_it_was_never_sent() -> None:
    assert World(UNSENT, CREATED).create() == "7"


def test_a_call_with_a_key_is_sent_again_with_the_same_key() -> None:
    world = World(BROKEN, reply({}, 503), CREATED)

    assert world.create(key="order 7") == "7"
    assert [dict(send.headers)["idempotency-key"] for send in world.sent] == ["order 7"] * 3


def test_who_asks_too_often_waits_as_long_as_it_is_told() -> None:
    world = World(reply({}, 429, retry_after="3"), call("queued"))
    world.get()
    assert world.pauses == [3.0]

    with pytest.raises(TooManyRequests) as told:
        World(*[reply({"detail": "slow down"}, 429, retry_after="7")] * 3).get()
    assert told.value.retry_after == 7.0


@pytest.mark.parametrize("wished", ["86400", "tomorrow", "", "-1", "\u0663"])
def test_no_pause_is_longer_than_ten_seconds_whatever_is_wished(wished: str) -> None:
    world = World(reply({}, 503, retry_after=wished), call("queued"))
    world.get()
    assert 0 < world.pauses[0] <= 10.0


def test_no_repeats_when_none_are_wished() -> None:
    world = World(BROKEN, repeats=0)
    with pytest.raises(ConnectionFailed):
        world.get()
    assert world.pauses == []


# ---------------------------------------------------------------------------- refusals


def test_a_problem_document_is_a_refusal_with_its_type_member_and_rule() -> None:
    problem = {"type": "/problems/refused", "detail": "the caller is not enabled", "member": "caller", "rule": "phones"}
    with pytest.raises(Refused) as refused:
        World(reply(problem, 422)).get()

    assert (refused.value.code, refused.value.member, refused.value.rule) == ("refused", "caller", "phones")
    assert str(refused.value) == "refused: the caller is not enabled"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 5000, b"\xff", b'{"detail": 7}'])
def test_a_refusal_without_words_is_one_all_the_same(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        World(Reply(400, {}, body)).get()
    assert refused.value.code == "400"


@pytest.mark.parametrize("answer", [Reply(200, {}, b"<html>"), Reply(200, {}, b"{}"), Reply(302, {}, b""), reply([])])
def test_an_answer_that_the_interface_does_not_know_is_unexpected(answer: Reply) -> None:
    with pytest.raises(UnexpectedAnswer):
        World(answer).get()


# ---------------------------------------------------------------------------- waiting


def wait(world: World, state: Any = "talking", *, timeout: float = 60.0, each: float = 0.0) -> Any:
    return world.run(world.account.wait_until("7", state, timeout=timeout), each=each)


def test_a_call_is_waited_for_by_long_polls_that_go_on_where_the_last_one_ended() -> None:
    world = World(call("queued", 1), call("calling", 4), call("calling", 6), call("talking", 8))

    assert wait(world).state == "talking"
    polls = [dict(send.operation.parameters) for send in world.sent]
    assert polls == [{}, {"after": "1", "wait": "25"}, {"after": "4", "wait": "25"}, {"after": "6", "wait": "25"}]
    assert world.sent[1].operation.patience == 25.0


@pytest.mark.parametrize(
    ("state", "came"), [("queued", "queued"), ("calling", "calling"), ("calling", "talking"), ("talking", "talking")]
)
def test_who_waits_for_what_is_already_so_waits_for_nothing(state: str, came: str) -> None:
    world = World(call(came))
    assert wait(world, state).state == came
    assert len(world.sent) == 1


def test_a_call_that_talked_and_ended_meanwhile_did_talk() -> None:
    assert wait(World(call("ended", 9, startedAt=2, talkingAt=3, **ENDED))).talking_at == 3


def test_a_call_that_ends_without_is_told_with_its_reason() -> None:
    with pytest.raises(CallEnded, match=r"call 7 ended: The customer's phone could not be reached\.") as ended:
        wait(World(call("calling", 2), call("ended", 9, startedAt=2, **ENDED)))
    assert ended.value.facts.cause == 17
    assert wait(World(call("ended", 9, **ENDED)), "ended").reason == 3


def test_who_waited_long_enough_is_told_where_the_call_stands() -> None:
    world = World(*[call("calling", 2)] * 5)

    with pytest.raises(WaitTimeout, match="call 7 is calling, not talking, after 60 s") as waited:
        wait(world, each=22.0)
    assert isinstance(waited.value, TimeoutError)
    assert [send.operation.parameters.get("wait") for send in world.sent] == [None, "25", "16"]


def test_the_last_poll_is_no_longer_than_what_is_left() -> None:
    world = World(call("calling", 2), call("calling", 2))
    with pytest.raises(WaitTimeout):
        wait(world, timeout=3.5, each=2.0)

    assert [send.operation.parameters.get("wait") for send in world.sent] == [None, "2"]
