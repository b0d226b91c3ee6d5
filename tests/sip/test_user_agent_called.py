"""Legs that call us: RFC 3261 13.3, 9.2 and 15."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, OFFER, PEER, Bench, call_in
from twoleg.sip.events import Acknowledged, Cancelled, Failed, FailureOrigin, HungUp, IncomingInvite, Released
from twoleg.sip.headers import Reason
from twoleg.sip.leg_words import LegStateError
from twoleg.sip.timers import Timers


def test_an_invite_is_told_as_it_came() -> None:
    bench = Bench()

    bench.hear(call_in(body=OFFER))

    told = bench.event(IncomingInvite)
    assert (told.source, told.request.uri, told.request.body) == (PEER, "sip:88889050@192.0.2.10", OFFER.encode())


def test_ringing_makes_an_early_dialog() -> None:
    bench = Bench()
    leg = bench.ring_in("Record-Route: <sip:192.0.2.30;lr>")

    bench.ua.ring(leg, now=bench.now)
    bench.ua.ring(leg, status=183, body=ANSWER.encode(), now=bench.now)

    ringing, early = bench.sent()
    assert [contact.uri for contact in ringing.contacts] == ["sip:twoleg@192.0.2.10:5060"]
    assert ringing.headers.get("Record-Route") == "<sip:192.0.2.30;lr>"
    assert ringing.to.tag is not None
    assert (early.to.tag, early.body, early.content_type) == (ringing.to.tag, ANSWER.encode(), "application/sdp")


def test_the_answer_is_repeated_up_to_t2_until_the_ack() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.ring(leg, now=bench.now)
    early_tag = bench.response().to.tag
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    answer = bench.response()
    assert (answer.status, answer.to.tag, answer.body) == (200, early_tag, ANSWER.encode())
    assert "INVITE" in answer.options("Allow")

    assert bench.sending_times(12) == [0.5, 1.5, 3.5, 7.5, 11.5]
    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=early_tag))

    assert bench.event(Acknowledged) == Acknowledged(leg, 1, None)
    assert bench.sending_times(60) == []


def test_the_ack_of_a_delayed_offer_brings_the_answer() -> None:
    bench = Bench()
    leg = bench.ring_in(body="")
    bench.ua.accept(leg, body=OFFER.encode(), now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=tag, body=ANSWER))

    assert bench.event(Acknowledged) == Acknowledged(leg, 1, ANSWER.encode())


def test_a_repeated_ack_is_told_once() -> None:
    bench = Bench()
    _, tag = bench.talk_in()

    bench.hear(call_in("ACK", branch="z9hG4bKack1", to_tag=tag))
    bench.hear(call_in("ACK", branch="z9hG4bKack2", to_tag=tag))

    assert (bench.sent(), bench.events()) == ([], [])


def test_an_answer_without_ack_fails_after_64_t1_and_is_hung_up() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    bench.run(31.9)
    assert bench.events() == []
    bench.sent()

    bench.run(0.2)

    failed = bench.event(Failed)
    assert (failed.leg, failed.origin) == (leg, FailureOrigin.TIMEOUT)
    assert bench.lines() == ["BYE"]
    bench.run(33)
    assert bench.event(Released) == Released(leg, None, ())


@pytest.mark.parametrize("status", [302, 404, 486, 503, 603])
def test_a_refusal_has_the_headers_that_the_owner_gives(status: int) -> None:
    bench = Bench()
    leg = bench.ring_in()

    bench.ua.reject(leg, status=status, extra_headers=[("reason", "Q.850;cause=34")], now=bench.now)

    refusal = bench.response()
    assert (refusal.status, refusal.headers.get("Reason")) == (status, "Q.850;cause=34")
    assert refusal.to.tag is not None
    assert refusal.body == b""


def test_a_cancel_is_answered_and_ends_the_invite_with_487() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.ring(leg, now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("CANCEL", "Reason: SIP;cause=200"))

    ok, terminated = bench.sent()
    assert (ok.cseq.method, ok.start_line, ok.to.tag) == ("CANCEL", "SIP/2.0 200 OK", tag)
    assert (terminated.cseq.method, terminated.start_line[:11], terminated.to.tag) == ("INVITE", "SIP/2.0 487", tag)
    assert bench.event(Cancelled) == Cancelled(leg, [Reason("SIP", 200)])
    bench.hear(call_in("ACK", to_tag=tag))
    assert bench.event(Released).leg == leg


def test_a_repeated_cancel_is_answered_again_and_told_once() -> None:
    bench = Bench()
    bench.ring_in()
    bench.hear(call_in("CANCEL"))
    bench.sent()

    bench.hear(call_in("CANCEL"))

    assert bench.lines() == ["200"]
    assert bench.told() == ["Cancelled"]


def test_a_cancel_after_the_answer_has_no_effect() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("CANCEL"))
    assert bench.lines() == ["200"]
    assert bench.events() == []
    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=tag))

    assert bench.told() == ["Acknowledged"]


def test_a_cancel_after_a_refusal_has_no_effect() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.reject(leg, status=486, now=bench.now)
    bench.sent()

    bench.hear(call_in("CANCEL"))

    assert (bench.lines(), bench.events()) == (["200"], [])


def test_an_owner_that_answers_a_cancelled_leg_was_just_too_late() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.hear(call_in("CANCEL"))
    bench.sent()

    bench.ua.ring(leg, now=bench.now)
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    bench.ua.reject(leg, status=486, now=bench.now)

    assert bench.sent() == []


def test_a_cancel_for_nothing_is_481() -> None:
    bench = Bench()

    bench.hear(call_in("CANCEL"))

    assert bench.lines() == ["481"]


def test_a_bye_before_the_answer_is_a_cancel() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.ring(leg, now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("BYE", branch="z9hG4bKbye", cseq=2, to_tag=tag))

    assert bench.lines() == ["200", "487"]
    assert bench.told() == ["Cancelled"]


def test_their_hang_up_after_the_answer_is_told() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()

    bench.hear(call_in("BYE", "Reason: Q.850;cause=16", branch="z9hG4bKbye", cseq=2, to_tag=tag))

    hung_up, released = bench.events()
    assert isinstance(hung_up, HungUp)
    assert isinstance(released, Released)
    assert (hung_up.leg, hung_up.method, [r.cause for r in hung_up.reasons]) == (leg, "BYE", [16])


def test_a_bye_that_overtakes_the_ack_ends_the_leg() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("BYE", branch="z9hG4bKbye", cseq=2, to_tag=tag))
    assert bench.lines() == ["200"]
    assert bench.told() == ["HungUp", "Released"]
    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=tag))

    assert bench.told() == ["Stray"]
    assert bench.sending_times(60) == []


def test_a_release_before_the_answer_is_480() -> None:
    bench = Bench()
    leg = bench.ring_in()

    bench.ua.release(leg, reasons=[Reason("Q.850", 31)], now=bench.now)

    refusal = bench.response()
    assert (refusal.start_line[:11], refusal.headers.get("Reason")) == ("SIP/2.0 480", "Q.850;cause=31")


def test_a_release_after_the_answer_waits_for_the_ack() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag
    bench.ua.release(leg, reasons=[Reason("Q.850", 16)], now=bench.now)
    assert bench.sent() == []

    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=tag))

    bye = bench.request()
    assert (bye.method, [r.cause for r in bye.reasons]) == ("BYE", [16])
    assert bench.events() == []


def test_a_release_after_the_answer_does_not_wait_for_ever() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    bench.ua.release(leg, now=bench.now)
    bench.run(31.9)
    assert set(bench.lines()) == {"200"}

    bench.run(0.2)
    assert bench.lines() == ["BYE"]
    bench.run(32.1)

    assert bench.event(Released).leg == leg


def test_a_bye_while_the_release_waits_is_the_end() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag
    bench.ua.release(leg, now=bench.now)

    bench.hear(call_in("BYE", branch="z9hG4bKbye", cseq=2, to_tag=tag))

    assert bench.lines() == ["200"]
    assert bench.event(Released).leg == leg
    assert bench.sending_times(60) == []


def test_an_owner_that_never_answers_is_answered_for() -> None:
    bench = Bench(timers=Timers(ring_limit=120))
    leg = bench.ring_in()
    bench.run(119)
    bench.sent()

    bench.run(1)

    assert bench.lines() == ["480"]
    failed = bench.event(Failed)
    assert (failed.leg, failed.origin) == (leg, FailureOrigin.TIMEOUT)


def test_answering_twice_is_a_mistake_of_the_owner() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)

    with pytest.raises(LegStateError):
        bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)


@pytest.mark.parametrize("status", [100, 200])
def test_a_provisional_is_101_to_199(status: int) -> None:
    bench = Bench()
    leg = bench.ring_in()

    with pytest.raises(ValueError, match="status"):
        bench.ua.ring(leg, status=status, now=bench.now)


@pytest.mark.parametrize("status", [180, 200, 700])
def test_a_refusal_is_300_to_699(status: int) -> None:
    bench = Bench()
    leg = bench.ring_in()

    with pytest.raises(ValueError, match="status"):
        bench.ua.reject(leg, status=status, now=bench.now)
