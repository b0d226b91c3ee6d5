"""Reliable provisionals (RFC 3262) and early dialogs, from the side of the phone that we call."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, CONTACT, OFFER, PEER, Bench, call_in, reply
from sip.test_user_agent_login import FRESH, WHO, is_proven
from twoleg.sip.events import Answered, Provisional, Reinvited
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer

PROGRESS = "183 Session Progress"


def reliable(invite: Request, rseq: object, *lines: str, to_tag: str = "peer", body: str = "") -> bytes:
    required = () if any(line.startswith("Require") for line in lines) else ("Require: 100rel",)
    return reply(invite, PROGRESS, CONTACT, *required, f"RSeq: {rseq}", *lines, to_tag=to_tag, body=body)


def ask(method: str, invite: Request, *lines: str, cseq: int = 1, from_tag: str = "peer", body: str = "") -> bytes:
    asked = call_in(
        method, *lines, branch=f"z9hG4bKe{cseq}", cseq=cseq, from_tag=from_tag, call_id=invite.call_id, body=body
    )
    return asked.replace(b"To: <sip:88889050@192.0.2.10>", f"To: <sip:us@x>;tag={invite.from_.tag}".encode())


def ringing(bench: Bench) -> Request:
    """A call of ours with one reliable provisional and its PRACK."""
    bench.dial()
    invite = bench.request()
    bench.hear(reliable(invite, 7, body=ANSWER))
    bench.hear(reply(bench.request(), "200 OK"))
    bench.told()
    return invite


def test_reliable_provisionals_are_asked_for_when_there_is_an_offer() -> None:
    bench = Bench()

    bench.dial()
    assert bench.request().options("Supported") == ["100rel", "timer"]
    bench.dial(body=None)
    assert bench.request().options("Supported") == ["timer"]


def test_a_reliable_provisional_is_acknowledged_in_its_dialog_and_told() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()

    bench.hear(reliable(invite, 988789, "Record-Route: <sip:192.0.2.30;lr>", body=ANSWER))

    (transmit,) = bench.ua.take_output()
    assert transmit.peer == Peer("udp", "192.0.2.30", 5060)
    assert transmit.data.startswith(b"PRACK sip:peer@192.0.2.20:5060 SIP/2.0\r\n")
    assert b"\r\nRAck: 988789 1 INVITE\r\n" in transmit.data
    assert b"\r\nCSeq: 2 PRACK\r\n" in transmit.data
    assert b";tag=peer\r\n" in transmit.data
    assert bench.event(Provisional).body == ANSWER.encode()


def test_a_prack_is_repeated_by_us_and_not_asked_for_again() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    provisional = reliable(invite, 1)
    bench.hear(provisional)
    prack = bench.request()

    bench.hear(provisional)
    assert bench.sent() == []
    bench.run(0.5)
    assert bench.request().via.branch == prack.via.branch
    bench.hear(reply(prack, "200 OK"))
    bench.run(10)

    assert bench.sent() == []
    assert bench.told() == ["Provisional"]


def test_provisionals_are_taken_in_order() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    for rseq, expected in ((5, 1), (7, 0), (6, 1), (6, 0), (7, 1), (5, 0)):
        bench.hear(reliable(invite, rseq))
        assert len(bench.sent()) == expected, rseq

    assert bench.told() == ["Provisional"] * 3


def test_each_fork_has_its_own_numbers() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()

    bench.hear(reliable(invite, 5, to_tag="a"))
    bench.hear(reliable(invite, 9, to_tag="b"))
    bench.hear(reliable(invite, 6, to_tag="a"))

    pracks = bench.requests()
    assert [(prack.to.tag, prack.headers.get("RAck"), prack.cseq.number) for prack in pracks] == [
        ("a", "5 1 INVITE", 2),
        ("b", "9 1 INVITE", 2),
        ("a", "6 1 INVITE", 3),
    ]


@pytest.mark.parametrize("rseq", ["0", "-1", "x", "", "4294967296", "1" * 400])
def test_a_number_that_is_none_asks_for_no_prack(rseq: str) -> None:
    bench = Bench()
    bench.dial()

    bench.hear(reliable(bench.request(), rseq))

    assert bench.sent() == []


def test_the_numbers_of_the_call_go_on_after_those_of_its_pracks() -> None:
    bench = Bench()
    invite = ringing(bench)

    bench.hear(reply(invite, "200 OK", CONTACT))
    answered = bench.event(Answered)
    bench.ua.release(answered.leg, now=bench.now)

    ack, bye = bench.requests()
    assert (ack.cseq.number, bye.cseq.number) == (1, 3)


def test_the_answer_of_another_fork_starts_its_own_numbers() -> None:
    bench = Bench()
    invite = ringing(bench)

    bench.hear(reply(invite, "200 OK", CONTACT, to_tag="other", body=ANSWER))
    bench.ua.release(bench.event(Answered).leg, now=bench.now)

    _, bye = bench.requests()
    assert (bye.to.tag, bye.cseq.number) == ("other", 2)
    bench.hear(ask("UPDATE", invite))
    assert bench.lines() == ["481"]


def test_a_challenged_prack_is_sent_again_with_credentials() -> None:
    bench = Bench()
    bench.dial(credentials=WHO)
    bench.hear(reliable(bench.request(), 1))

    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    prack = bench.request()
    assert (prack.method, prack.cseq.number, prack.headers.get("RAck")) == ("PRACK", 3, "1 1 INVITE")
    assert is_proven(prack)


@pytest.mark.parametrize("status", ["481 Gone", "500 Server Internal Error", "200 OK"])
def test_the_fate_of_a_prack_is_not_that_of_the_call(status: str) -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    bench.hear(reliable(invite, 1))
    bench.hear(reply(bench.request(), status))
    bench.told()

    bench.hear(reply(invite, "200 OK", CONTACT, body=ANSWER))

    assert bench.told() == ["Answered"]


def test_a_cancelled_call_acknowledges_no_more_provisionals() -> None:
    bench = Bench()
    invite = ringing(bench)
    bench.ua.release(1, now=bench.now)
    assert bench.lines() == ["CANCEL"]

    bench.hear(reliable(invite, 8))

    assert bench.sent() == []


def test_an_update_before_the_answer_is_served() -> None:
    bench = Bench()
    invite = ringing(bench)

    bench.hear(ask("UPDATE", invite, "Contact: <sip:peer@192.0.2.20:5099>"))
    assert bench.lines() == ["200"]
    bench.hear(reliable(invite, 8, "Contact: <sip:peer@192.0.2.20:5098>"))

    assert bench.request().uri == "sip:peer@192.0.2.20:5060"


def test_an_offer_before_the_answer_is_told_and_answered() -> None:
    bench = Bench()
    invite = ringing(bench)

    bench.hear(ask("UPDATE", invite, body=OFFER))
    told = bench.event(Reinvited)
    bench.hear(ask("UPDATE", invite, cseq=2, body=OFFER))
    assert bench.response().status == 500
    bench.ua.answer_reinvite(told.leg, status=200, body=ANSWER.encode(), now=bench.now)

    answer = bench.response()
    assert (answer.status, answer.cseq.number, answer.body) == (200, 1, ANSWER.encode())
    bench.hear(reply(invite, "200 OK", CONTACT))
    assert bench.told() == ["Answered"]


def test_an_offer_before_the_answer_ends_with_a_refused_call() -> None:
    bench = Bench()
    invite = ringing(bench)
    bench.hear(ask("UPDATE", invite, body=OFFER))
    bench.told()

    bench.hear(reply(invite, "486 Busy Here"))

    assert sorted(bench.lines()) == ["487", "ACK"]
    assert bench.told() == ["Failed", "Released"]
    bench.run(100)
    assert bench.sent() == []


@pytest.mark.parametrize(
    ("method", "status"), [("BYE", 481), ("INFO", 481), ("PRACK", 481), ("REFER", 603), ("OPTIONS", 200), ("X", 501)]
)
def test_other_requests_in_an_early_dialog_are_answered(method: str, status: int) -> None:
    bench = Bench()
    invite = ringing(bench)

    bench.hear(ask(method, invite))

    assert (bench.response().status, bench.told()) == (status, [])


def test_a_request_out_of_order_in_an_early_dialog_is_500() -> None:
    bench = Bench()
    invite = ringing(bench)
    bench.hear(ask("UPDATE", invite, cseq=5))

    bench.hear(ask("UPDATE", invite, cseq=4))

    assert bench.lines() == ["200", "500"]


def test_no_early_dialog_is_left_behind() -> None:
    bench = Bench()
    invite = ringing(bench)
    bench.hear(reliable(invite, 3, to_tag="b"))
    bench.hear(reply(bench.request(), "200 OK"))

    bench.hear(reply(invite, "480 Temporarily Unavailable"), PEER)

    core = bench.ua._core
    assert (core.dialogs, core.legs) == ({}, {})
