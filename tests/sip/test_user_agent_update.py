"""UPDATE: RFC 3311, from the other end of a confirmed dialog."""

from __future__ import annotations

from sip.bench import ANSWER, OFFER, Bench, call_in, reply
from twoleg.sip.events import HungUp, Reinvited

MOVED = "Contact: <sip:peer@192.0.2.20:5099>"


def update(tag: str, *lines: str, cseq: int = 2, body: str = "") -> bytes:
    return call_in("UPDATE", *lines, branch=f"z9hG4bKu{cseq}", cseq=cseq, to_tag=tag, body=body)


def test_an_offer_in_an_update_is_told_and_answered_without_an_ack() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()

    bench.hear(update(tag, body=OFFER))
    told = bench.event(Reinvited)
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)

    assert (told.leg, told.body) == (leg, OFFER.encode())
    answer = bench.response()
    assert (answer.status, answer.cseq.method, answer.body) == (200, "UPDATE", ANSWER.encode())
    bench.run(100)
    assert (bench.sent(), bench.told()) == ([], [])


def test_an_offer_in_an_update_may_be_refused_and_the_call_goes_on() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(update(tag, body=OFFER))
    bench.told()

    bench.ua.answer_reinvite(leg, status=488, now=bench.now)

    assert (bench.lines(), bench.told()) == (["488"], [])


def test_an_update_without_an_offer_is_answered_at_once_and_moves_the_target() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()

    bench.hear(update(tag, MOVED))

    assert (bench.lines(), bench.told()) == (["200"], [])
    bench.ua.release(leg, now=bench.now)
    assert bench.request().uri == "sip:peer@192.0.2.20:5099"


def test_an_update_with_an_offer_meets_ours_with_491() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.ua.reinvite(leg, body=OFFER.encode(), now=bench.now)
    bench.sent()

    bench.hear(update(tag, body=OFFER))

    assert (bench.lines(), bench.told()) == (["491"], [])


def test_a_second_offer_before_the_first_is_answered_is_500() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bench.hear(update(tag, body=OFFER))

    bench.hear(update(tag, cseq=3, body=OFFER))

    answer = bench.response()
    assert answer.status == 500
    assert answer.headers.get("Retry-After") is not None


def test_an_offer_that_the_owner_leaves_alone_is_504_in_time() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(update(tag, body=OFFER))
    bench.told()

    bench.run(20)
    assert bench.lines() == ["504"]
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)

    assert (bench.sent(), bench.told()) == ([], [])


def test_our_own_offer_waits_for_the_answer_to_theirs() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(update(tag, body=OFFER))
    bench.ua.reinvite(leg, body=OFFER.encode(), now=bench.now)
    assert bench.sent() == []

    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)

    answer, invite = bench.sent()
    assert answer.cseq.method == "UPDATE"
    assert invite.cseq.method == "INVITE"


def test_an_update_of_another_content_is_415() -> None:
    bench = Bench()
    _, tag = bench.talk_in()

    bench.hear(update(tag, "Content-Type: text/plain", body="hello"))

    assert (bench.lines(), bench.told()) == (["415"], [])


def test_an_update_before_the_call_is_answered_must_wait() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.ring(leg, now=bench.now)
    tag = bench.response().to.tag or ""

    bench.hear(update(tag, body=OFFER))
    bench.hear(update(tag, cseq=3))

    assert bench.lines() == ["500", "200"]


def test_an_update_after_our_bye_finds_nothing() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.ua.release(leg, now=bench.now)
    bench.sent()

    bench.hear(update(tag))
    bench.hear(update(tag, cseq=3, body=OFFER))

    assert bench.lines() == ["481", "481"]


def test_a_pending_update_is_answered_when_the_call_ends() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bench.hear(update(tag, body=OFFER))
    bench.told()

    bench.hear(call_in("BYE", branch="z9hG4bKbye", cseq=3, to_tag=tag))

    assert bench.lines() == ["200", "487"]
    hung_up, _ = bench.events()
    assert isinstance(hung_up, HungUp)


def test_a_reinvite_of_ours_goes_on_after_a_bodyless_update() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.ua.reinvite(leg, body=OFFER.encode(), now=bench.now)
    invite = bench.request()

    bench.hear(update(tag))
    assert bench.lines() == ["200"]
    bench.hear(reply(invite, "200 OK", body=ANSWER))

    assert bench.told() == ["ReinviteAnswered"]
