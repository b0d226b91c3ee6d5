"""The exchange and a caller's user agent on one wire in memory: every number, second by second, and playing along."""

from __future__ import annotations

from random import Random

import pytest

from sandbox.line import CALLER, SANDBOX, Line, description
from twoleg.sandbox.exchange import Exchange
from twoleg.sandbox.numbers import NUMBERS
from twoleg.sandbox.phone import Phone
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Answered, Failed, FailureOrigin, HungUp, Provisional, ReinviteAnswered, Released
from twoleg.sip.headers import Reason
from twoleg.sip.message import Request, Response
from twoleg.sip.sdp import SessionDescription

RIGHT = Credentials("sandbox", "sandbox")

# What the sandbox sends within 10 s to a caller that only calls.
STORIES: dict[str, list[tuple[float, str]]] = {
    "88889050": [(0, "180 INVITE"), (1, "200 INVITE")],
    "55500200": [(0, "180 INVITE"), (1, "200 INVITE")],
    "55500002": [(0, "180 INVITE"), (1, "200 INVITE"), (3, "BYE")],
    "55500180": [(0.2, "100 INVITE"), (2, "180 INVITE"), (5, "200 INVITE")],
    "55500183": [(0, "183 INVITE"), (2, "200 INVITE")],
    "55500407": [(0, "407 INVITE"), (0, "180 INVITE"), (1, "200 INVITE")],
    "55500408": [(0, "180 INVITE")],
    "55500481": [(0, "180 INVITE"), (1, "480 INVITE")],
    "55500487": [(0, "180 INVITE")],
    "55500404": [(0, "404 INVITE")],
    "55500480": [(0, "480 INVITE")],
    "55500486": [(0, "486 INVITE")],
    "55500503": [(0, "503 INVITE")],
    "55500603": [(0, "603 INVITE")],
    "55500000": [],
}


INVITE_180 = (
    b"INVITE sip:55500180@127.0.0.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\n"
    b"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:55500180@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:a@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
"""From a caller that the harness does not play: nobody acknowledges anything."""


def test_every_number_of_the_table_has_its_story_here() -> None:
    assert NUMBERS.keys() <= STORIES.keys()


@pytest.mark.parametrize("number", STORIES)
def test_each_number_says_what_its_row_says_and_when(number: str) -> None:
    line = Line()
    line.call(number, credentials=RIGHT)
    line.run(10)
    said = line.said()
    assert [name for _, name in said] == [name for _, name in STORIES[number]]
    assert [at for at, _ in said] == pytest.approx([at for at, _ in STORIES[number]])
    assert line.faults == []


@pytest.mark.parametrize("number", STORIES)
def test_nothing_is_kept_of_a_call_that_is_over(number: str) -> None:
    line = Line()
    leg = line.call(number, credentials=RIGHT)
    line.run(10)
    line.release(leg)
    line.run(120)
    assert len(line.exchange) == 0
    assert line.exchange.next_deadline() is None
    assert len(line.told(Released)) == 1


@pytest.mark.parametrize("number", ["55500404", "55500480", "55500486", "55500603", "55500503", "55500481"])
def test_a_refusal_reaches_the_caller_with_its_status(number: str) -> None:
    line = Line()
    line.call(number)
    line.run(2)
    [failed] = line.told(Failed)
    assert failed.status == {"55500481": 480}.get(number, int(number[-3:]))
    assert failed.origin is FailureOrigin.REMOTE


def test_503_tells_the_q850_cause() -> None:
    line = Line()
    line.call("55500503")
    [failed] = line.told(Failed)
    assert [(reason.protocol, reason.cause) for reason in failed.reasons] == [("Q.850", 34)]


def test_a_phone_that_hangs_up_tells_normal_clearing() -> None:
    line = Line()
    line.call("55500002")
    line.run(4)
    [hung_up] = line.told(HungUp)
    assert [(reason.protocol, reason.cause) for reason in hung_up.reasons] == [("Q.850", 16)]


def test_the_black_hole_answers_nothing_until_the_caller_gives_up() -> None:
    line = Line()
    line.call("55500000")
    line.run(40)
    assert line.said() == []
    [failed] = line.told(Failed)
    assert failed.origin is FailureOrigin.TIMEOUT


def test_early_media_brings_the_answer_and_the_200_repeats_it() -> None:
    line = Line()
    line.call("55500183", body=description("inactive"))
    line.run(3)
    [early], [answered] = line.told(Provisional), line.told(Answered)
    assert early.body is not None
    assert SessionDescription.parse(early.body).direction.value == "inactive"
    assert answered.body == early.body


def test_without_an_offer_early_media_stays_away_and_the_200_brings_the_offer() -> None:
    line = Line()
    leg = line.call("55500183", body=None)
    line.run(3)
    assert not line.told(Provisional)[0].body
    [answered] = line.told(Answered)
    assert answered.body is not None
    assert SessionDescription.parse(answered.body).audio is not None
    line.caller.ack(leg, body=description(), now=line.now)
    line.settle()
    line.run(60)
    assert [name for _, name in line.said()].count("200 INVITE") >= 1
    assert line.said()[-1][1] == "200 INVITE"  # acknowledged: neither repeated for ever nor hung up


# ---------------------------------------------------------------------------- who ends it, and how


def test_a_cancelled_call_ends_with_487() -> None:
    line = Line()
    leg = line.call("55500408")
    line.run(5)
    line.release(leg)
    assert line.names()[2:] == ["CANCEL", "<- 200 CANCEL", "<- 487 INVITE", "ACK"]
    assert [released.status for released in line.told(Released)] == [487]


def test_the_200_of_487_crosses_the_cancel() -> None:
    line = Line()
    leg = line.call("55500487")
    line.run(5)
    line.release(leg)
    names = line.names()
    at = names.index("CANCEL")
    assert names[at : at + 3] == ["CANCEL", "<- 200 INVITE", "<- 200 CANCEL"]
    assert sorted(names[at + 3 :]) == sorted(["ACK", "BYE", "<- 200 BYE"])
    assert names.index("ACK") < names.index("BYE")
    line.run(60)
    assert len(line.told(Released)) == 1
    assert len(line.exchange) == 0


def test_a_cancel_reaches_its_own_phone_only() -> None:
    line = Line()
    leg, _ = line.call("55500487"), line.call("55500487")
    line.run(1)
    line.release(leg)
    assert line.names().count("<- 200 INVITE") == 1
    assert len(line.exchange) == 1


def test_what_a_cancelled_phone_would_have_done_is_not_heard_of() -> None:
    line = Line()
    line.send(INVITE_180)
    line.run(1)
    line.send(INVITE_180.replace(b"INVITE", b"CANCEL"))
    line.run(20)  # no ACK comes for the 487, so that the leg is still there when the phone would ring and answer
    assert {name for _, name in line.said()} == {"100 INVITE", "200 CANCEL", "487 INVITE"}
    assert line.faults == []


def test_a_phone_that_answered_can_be_hung_up() -> None:
    line = Line()
    leg = line.call("55500200")
    line.run(5)
    line.release(leg)
    assert line.names()[-2:] == ["BYE", "<- 200 BYE"]
    assert len(line.exchange) == 0


def test_a_phone_that_was_hung_up_on_does_not_hang_up_itself() -> None:
    line = Line()
    leg = line.call("55500002")
    line.run(2)
    line.release(leg)
    line.run(10)
    assert "<- BYE" not in line.names()


def test_a_phone_cancelled_before_it_rings_never_rings() -> None:
    line = Line()
    leg = line.call("55500180")
    line.run(1)
    line.release(leg)
    line.run(60)
    assert [name for _, name in line.said()] == ["100 INVITE", "200 CANCEL", "487 INVITE"]


# ---------------------------------------------------------------------------- playing along


def test_a_reinvite_is_answered_in_its_direction_with_the_next_version() -> None:
    line = Line()
    leg = line.call("55500200", body=description("inactive"))
    line.run(2)
    answers = [line.told(Answered)[0].body]
    for version, direction in enumerate(["sendrecv", "sendonly", "sendrecv"], start=2):
        line.reinvite(leg, description(direction, version=version))
        answers.append(line.told(ReinviteAnswered)[-1].body)
    spoken = [SessionDescription.parse(body or b"") for body in answers]
    assert [each.direction.value for each in spoken] == ["inactive", "sendrecv", "recvonly", "sendrecv"]
    assert [each.origin.version for each in spoken] == [1, 2, 3, 4]
    assert len({each.origin.session_id for each in spoken}) == 1


def test_a_reinvite_without_an_offer_gets_one() -> None:
    line = Line()
    leg = line.call("55500200", body=description("inactive"))
    line.run(2)
    line.reinvite(leg, None)
    [answered] = line.told(ReinviteAnswered)
    assert SessionDescription.parse(answered.body or b"").direction.value == "sendrecv"


@pytest.mark.parametrize(
    "body", [b"nonsense", b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 4 RTP/AVP 31\r\n"]
)
def test_an_offer_that_no_phone_can_answer_is_488_and_changes_nothing(body: bytes) -> None:
    line = Line()
    leg = line.call("55500200")
    line.run(2)
    line.reinvite(leg, body)
    assert line.said()[-1][1] == "488 INVITE"
    line.reinvite(leg, description("sendonly"))
    assert len(line.told(ReinviteAnswered)) == 1


def test_a_call_with_such_an_offer_is_refused_before_it_rings() -> None:
    line = Line()
    line.call("55500200", body=b"nonsense")
    line.run(2)
    assert line.said() == [(0, "488 INVITE")]


def test_options_are_answered() -> None:
    line = Line()
    line.send(
        b"OPTIONS sip:127.0.0.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKo\r\n"
        b"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n"
        b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    assert line.said() == [(0, "200 OPTIONS")]


def test_a_number_has_as_many_phones_as_it_is_called() -> None:
    line = Line()
    legs = [line.call("55500200") for _ in range(3)]
    line.run(2)
    bodies = {event.body for event in line.told(Answered)}
    assert len(line.told(Answered)) == len(bodies) == len(legs)


def test_a_copy_of_the_invite_is_no_second_call() -> None:
    line = Line()
    line.call("55500408")
    invite = line.wire[0].message
    line.send(invite.encode())
    assert len(line.exchange) == 1


# ---------------------------------------------------------------------------- the password


def test_the_right_password_rings() -> None:
    line = Line()
    line.call("55500407", credentials=RIGHT)
    line.run(2)
    assert line.names()[:4] == ["INVITE", "<- 407 INVITE", "ACK", "INVITE"]
    assert len(line.told(Answered)) == 1


@pytest.mark.parametrize("wrong", [None, Credentials("sandbox", "guess"), Credentials("guess", "sandbox")])
def test_a_wrong_password_is_refused_407(wrong: Credentials | None) -> None:
    line = Line()
    line.call("55500407", credentials=wrong)
    line.run(2)
    [failed] = line.told(Failed)
    assert failed.status == 407
    assert not line.told(Provisional)


def test_the_right_password_for_an_old_nonce_is_told_so() -> None:
    line = Line()
    line.call("55500407", credentials=RIGHT)
    invite = next(each.message for each in line.wire if "Proxy-Authorization" in each.message.headers)
    after_restart = Line()
    after_restart.exchange = Exchange(local=SANDBOX, random=Random(99))
    after_restart.send(invite.encode())
    challenge = after_restart.last("407 INVITE").headers.get("Proxy-Authenticate")
    assert challenge is not None
    assert "stale=true" in challenge


# ---------------------------------------------------------------------------- bad input, faults


@pytest.mark.parametrize(
    "data", [b"", b"CANCEL ", b"CANCEL sip:x SIP/2.0\r\n\r\n", b"\0" * 100, b"INVITE sip:55500000"]
)
def test_no_bytes_hurt_the_phones(data: bytes) -> None:
    line = Line()
    line.call("55500487")
    line.send(data)
    assert len(line.exchange) == 1
    assert line.faults == []


def test_a_fault_in_one_phone_ends_that_call_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()
    line.call("55500408")
    with monkeypatch.context() as broken:
        broken.setattr(Phone, "take_due", None)
        line.call("55500200")
    line.run(60)
    assert len(line.faults) == 1
    assert len(line.exchange) == 1
    [failed] = line.told(Failed)
    assert failed.status == 480


def test_a_fault_in_the_last_moment_does_not_leave_the_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()
    leg = line.call("55500487")
    monkeypatch.setattr(Phone, "take_last_moment", None)
    line.release(leg)
    line.run(60)
    assert len(line.faults) == 1
    assert len(line.exchange) == 0


def test_a_caller_that_cannot_be_reached_ends_its_calls() -> None:
    line = Line()
    line.call("55500408")
    line.exchange.transport_failed(CALLER, line.now)
    line.settle()
    line.run(60)
    assert len(line.exchange) == 0


def test_the_same_calls_make_the_same_wire() -> None:
    def wire() -> list[bytes]:
        line = Line()
        line.call("55500002", credentials=RIGHT)
        line.run(10)
        return [each.message.encode() for each in line.wire]

    assert wire() == wire()


def test_reasons_are_well_formed() -> None:
    line = Line()
    line.call("55500503")
    response = line.last("503 INVITE")
    assert isinstance(response, Response)
    assert response.reasons == [Reason("Q.850", 34, "No circuit/channel available")]
    line = Line()
    line.call("55500002")
    line.run(4)
    bye = line.last("BYE")
    assert isinstance(bye, Request)
    assert bye.reasons == [Reason("Q.850", 16, "Normal call clearing")]
