"""Legs that we call: RFC 3261 13.2 and 9.1, forking, and how such a leg is released."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, CONTACT, OFFER, PEER, Bench, call_in, reply
from twoleg.sip.events import Answered, Cancelled, Failed, FailureOrigin, HungUp, Provisional, Released
from twoleg.sip.headers import Reason
from twoleg.sip.leg_words import LegStateError
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer
from twoleg.sip.timers import Timers

NORMAL = Reason("Q.850", 16, "Terminated")


def test_ringing_and_early_media_are_told() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()

    bench.hear(reply(invite, "180 Ringing", to_tag="a"))
    bench.hear(reply(invite, "183 Session Progress", "Reason: Q.850;cause=1", to_tag="b", body=ANSWER))

    ringing, early = bench.events()
    assert isinstance(ringing, Provisional)
    assert isinstance(early, Provisional)
    assert (ringing.leg, ringing.status, ringing.phrase, ringing.to_tag, ringing.body) == (
        leg,
        180,
        "Ringing",
        "a",
        None,
    )
    assert (early.status, early.to_tag, early.body) == (183, "b", ANSWER.encode())
    assert [reason.cause for reason in early.reasons] == [1]


def test_a_100_is_hop_by_hop_and_not_told() -> None:
    bench = Bench()
    bench.dial()

    bench.hear(reply(bench.request(), "100 Trying"))

    assert bench.events() == []


def test_an_answer_is_acknowledged_at_once_in_the_dialog() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()

    bench.hear(reply(invite, "200 OK", CONTACT, "Record-Route: <sip:192.0.2.30;lr>", to_tag="a", body=ANSWER))

    answered = bench.event(Answered)
    assert (answered.leg, answered.status, answered.body, answered.to_tag) == (leg, 200, ANSWER.encode(), "a")
    (transmit,) = bench.ua.take_output()
    assert transmit.peer == Peer("udp", "192.0.2.30", 5060)
    assert transmit.data.startswith(b"ACK sip:peer@192.0.2.20:5060 SIP/2.0\r\n")


def test_the_ack_of_an_answer_is_a_transaction_of_its_own() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()

    bench.hear(reply(invite, "200 OK", CONTACT))

    ack = bench.request()
    assert ack.via.branch != invite.via.branch
    assert (ack.cseq.number, ack.to.tag) == (1, "peer")


def test_every_copy_of_the_answer_is_acknowledged_with_the_same_bytes() -> None:
    bench = Bench()
    bench.dial()
    success = reply(bench.request(), "200 OK", CONTACT)
    bench.hear(success)
    (first,) = bench.ua.take_output()

    bench.run(4)
    bench.hear(success)

    assert bench.ua.take_output() == [first]
    assert bench.told() == ["Answered"]


def test_an_answer_without_contact_goes_to_the_request_uri() -> None:
    bench = Bench()
    bench.dial()

    bench.hear(reply(bench.request(), "200 OK"))

    assert bench.request().uri == "sip:88889060@carrier.example"


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(380, "Alternative Service"), (404, "Not Found"), (486, "Busy Here"), (503, "X"), (603, "No")],
)
def test_a_refusal_is_told_with_its_facts(status: int, phrase: str) -> None:
    bench = Bench()
    leg = bench.dial()

    bench.hear(reply(bench.request(), f"{status} {phrase}", CONTACT, "Reason: Q.850;cause=34", "Reason: SIP;cause=500"))

    failed, released = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.leg, failed.status, failed.phrase, failed.origin) == (leg, status, phrase, FailureOrigin.REMOTE)
    assert [(reason.protocol, reason.cause) for reason in failed.reasons] == [("Q.850", 34), ("SIP", 500)]
    assert [contact.uri for contact in failed.contacts] == (["sip:peer@192.0.2.20:5060"] if status == 380 else [])
    assert isinstance(released, Released)
    assert (released.leg, released.status) == (leg, status)


def test_an_offer_in_the_answer_waits_for_the_owner() -> None:
    bench = Bench()
    leg = bench.dial(body=None)
    invite = bench.request()
    success = reply(invite, "200 OK", CONTACT, body=OFFER)
    bench.hear(success)
    bench.hear(success)
    assert bench.sent() == []
    assert bench.event(Answered).body == OFFER.encode()

    bench.ua.ack(leg, body=ANSWER.encode(), now=bench.now)

    ack = bench.request()
    assert (ack.method, ack.body, ack.content_type) == ("ACK", ANSWER.encode(), "application/sdp")
    bench.hear(success)
    assert bench.request().body == ANSWER.encode()


def test_an_answer_to_a_delayed_offer_without_any_offer_is_acknowledged() -> None:
    bench = Bench()
    bench.dial(body=None)

    bench.hear(reply(bench.request(), "200 OK", CONTACT))

    assert (bench.lines(), bench.told()) == (["ACK"], ["Answered"])


def test_a_second_forked_answer_is_acknowledged_and_hung_up() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "200 OK", CONTACT, to_tag="a"))
    bench.sent(), bench.events()
    second = reply(invite, "200 OK", "Contact: <sip:other@192.0.2.21>", to_tag="b")

    bench.hear(second)
    bench.hear(second)

    ack, bye, again = bench.requests()
    assert [ack.method, bye.method, again.method] == ["ACK", "BYE", "ACK"]
    assert {ack.to.tag, bye.to.tag, again.to.tag} == {"b"}
    assert (ack.uri, bye.uri) == ("sip:other@192.0.2.21", "sip:other@192.0.2.21")
    assert bye.cseq.number > ack.cseq.number
    bench.hear(reply(bye, "200 OK"))
    assert bench.events() == []
    bench.ua.release(leg, now=bench.now)
    assert bench.request().to.tag == "a"


def test_a_fork_that_answers_after_the_hang_up_is_hung_up_too() -> None:
    bench = Bench()
    leg, invite = bench.talk_out()
    bench.ua.release(leg, now=bench.now)
    bench.hear(reply(bench.request(), "200 OK"))
    assert bench.told() == ["Released"]

    bench.hear(reply(invite, "200 OK", CONTACT, to_tag="late"))

    assert bench.lines() == ["ACK", "BYE"]
    assert bench.events() == []


def test_the_cancel_waits_for_a_provisional() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.ua.release(leg, reasons=[NORMAL], now=bench.now)
    assert bench.sent() == []

    bench.hear(reply(invite, "100 Trying"))

    cancel = bench.request()
    assert (cancel.method, cancel.uri, cancel.to.tag) == ("CANCEL", invite.uri, None)
    assert cancel.headers.get_all("Via") == invite.headers.get_all("Via")
    assert (cancel.cseq.number, cancel.cseq.method) == (1, "CANCEL")
    assert cancel.headers.get("From") == invite.headers.get("From")
    assert list(cancel.reasons) == [NORMAL]


def test_a_cancelled_leg_is_released_by_its_487() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"))
    bench.events()

    bench.ua.release(leg, now=bench.now)
    cancel = bench.request()
    bench.hear(reply(cancel, "200 OK"))
    assert bench.events() == []
    bench.hear(reply(invite, "487 Request Terminated", "Reason: SIP;cause=487"))

    assert bench.lines() == ["ACK"]
    released = bench.event(Released)
    assert (released.leg, released.status, [r.cause for r in released.reasons]) == (leg, 487, [487])


def test_ringing_after_the_cancel_is_not_told() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"))
    bench.ua.release(leg, now=bench.now)
    bench.sent(), bench.events()

    bench.hear(reply(invite, "180 Ringing"))

    assert (bench.sent(), bench.events()) == ([], [])


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_an_answer_that_crosses_the_release_is_acknowledged_and_hung_up(*, is_cancelled: bool) -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    if is_cancelled:
        bench.hear(reply(invite, "180 Ringing"))
    bench.ua.release(leg, reasons=[NORMAL], now=bench.now)
    bench.sent(), bench.events()

    bench.hear(reply(invite, "200 OK", CONTACT))

    ack, bye = bench.requests()
    assert (ack.method, bye.method, list(bye.reasons)) == ("ACK", "BYE", [NORMAL])
    assert bench.events() == []
    bench.hear(reply(bye, "200 OK"))
    assert bench.event(Released) == Released(leg, 200, [])


def test_a_crossing_answer_is_acknowledged_again_after_the_end() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.ua.release(leg, now=bench.now)
    success = reply(invite, "200 OK", CONTACT)
    bench.hear(success)
    _, bye = bench.requests()
    bench.hear(reply(bye, "200 OK"))
    bench.run(20)

    bench.hear(success)

    assert bench.lines() == ["ACK"]


def test_any_refusal_releases_a_withdrawn_leg() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.ua.release(leg, now=bench.now)

    bench.hear(reply(invite, "486 Busy Here"))

    assert bench.event(Released).status == 486
    assert bench.lines() == ["ACK"]


def test_a_withdrawn_leg_that_hears_nothing_is_released_by_timer_b() -> None:
    bench = Bench()
    leg = bench.dial()
    bench.ua.release(leg, now=bench.now)

    bench.run(32.1)

    assert bench.event(Released) == Released(leg, None, ())
    assert "CANCEL" not in bench.lines()


def test_a_cancel_without_effect_is_given_up_after_64_t1() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"))
    bench.ua.release(leg, now=bench.now)
    bench.hear(reply(bench.request(), "481 Call/Transaction Does Not Exist"))
    bench.events()

    bench.run(31.9)
    assert bench.events() == []
    bench.run(0.2)

    assert bench.event(Released) == Released(leg, None, ())
    bench.hear(reply(invite, "486 Busy Here"))
    assert bench.told() == ["Stray"]


def test_releasing_twice_is_once() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.ua.release(leg, now=bench.now)
    bench.ua.release(leg, now=bench.now)

    assert bench.lines() == ["BYE"]


def test_a_leg_that_rings_for_ever_is_cancelled() -> None:
    bench = Bench(timers=Timers(ring_limit=60))
    leg = bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"))
    bench.events()

    bench.run(60)

    failed = bench.event(Failed)
    assert (failed.leg, failed.origin) == (leg, FailureOrigin.TIMEOUT)
    assert bench.lines() == ["CANCEL"]
    bench.hear(reply(invite, "487 Request Terminated"))
    assert bench.event(Released).status == 487


def test_a_limit_before_any_provisional_waits_for_it() -> None:
    bench = Bench(timers=Timers(ring_limit=10))
    bench.dial()
    invite = bench.request()
    bench.run(10)
    assert bench.told() == ["Failed"]
    assert "CANCEL" not in bench.lines()

    bench.hear(reply(invite, "180 Ringing"))

    assert bench.lines() == ["CANCEL"]
    assert bench.events() == []


def test_an_answered_leg_has_no_limit() -> None:
    bench = Bench(timers=Timers(ring_limit=60))
    bench.talk_out()

    bench.run(4000)

    assert (bench.sent(), bench.events()) == ([], [])


def test_a_hang_up_by_us_goes_by_bye_with_its_reason() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.ua.release(leg, reasons=[NORMAL], now=bench.now)

    bye = bench.request()
    assert (bye.method, bye.uri, bye.cseq.number, list(bye.reasons)) == ("BYE", "sip:peer@192.0.2.20:5060", 2, [NORMAL])
    assert bench.events() == []
    bench.hear(reply(bye, "200 OK"))
    assert bench.event(Released) == Released(leg, 200, [])


@pytest.mark.parametrize("status", ["481 Gone", "408 Request Timeout", "500 Server Internal Error"])
def test_any_final_response_to_our_bye_ends_the_leg(status: str) -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.ua.release(leg, now=bench.now)

    bench.hear(reply(bench.request(), status))

    assert bench.event(Released) == Released(leg, int(status[:3]), [])


def test_an_unanswered_bye_ends_the_leg_after_timer_f() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.ua.release(leg, now=bench.now)

    bench.run(32.1)

    assert bench.event(Released) == Released(leg, None, ())


def test_their_hang_up_is_told_and_ends_the_leg() -> None:
    bench = Bench()
    leg, invite = bench.talk_out()

    bench.hear(bye_in(invite))

    assert bench.lines() == ["200"]
    hung_up, released = bench.events()
    assert isinstance(hung_up, HungUp)
    assert (hung_up.leg, hung_up.method, [r.cause for r in hung_up.reasons]) == (leg, "BYE", [16])
    assert isinstance(released, Released)
    assert (released.leg, released.status) == (leg, None)


def test_crossing_byes_end_the_leg_once() -> None:
    bench = Bench()
    leg, invite = bench.talk_out()
    bench.ua.release(leg, now=bench.now)
    ours = bench.request()

    bench.hear(bye_in(invite))
    assert (bench.lines(), bench.events()) == (["200"], [])
    bench.hear(reply(ours, "481 Call/Transaction Does Not Exist"))

    assert bench.event(Released).status == 481


def test_an_offered_leg_that_is_released_is_acknowledged_first() -> None:
    bench = Bench()
    leg = bench.dial(body=None)
    bench.hear(reply(bench.request(), "200 OK", CONTACT, body=OFFER))

    bench.ua.release(leg, now=bench.now)

    assert bench.lines() == ["ACK", "BYE"]


def test_an_offered_leg_may_be_hung_up_by_the_peer() -> None:
    bench = Bench()
    leg = bench.dial(body=None)
    invite = bench.request()
    bench.hear(reply(invite, "200 OK", CONTACT, body=OFFER))
    bench.events()

    bench.hear(bye_in(invite))

    assert (bench.lines(), bench.told()) == (["200"], ["HungUp", "Released"])
    bench.ua.ack(leg, body=b"late", now=bench.now)
    assert bench.sent() == []


def test_a_bye_in_an_early_dialog_finds_no_dialog() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"))
    bench.events()

    bench.hear(bye_in(invite))

    assert (bench.lines(), bench.events()) == (["481"], [])


@pytest.mark.parametrize("verb", ["ring", "accept", "reject", "ack", "reinvite"])
def test_a_verb_that_makes_no_sense_is_the_owners_mistake(verb: str) -> None:
    bench = Bench()
    leg = bench.dial()
    verbs = {
        "ring": lambda: bench.ua.ring(leg, now=bench.now),
        "accept": lambda: bench.ua.accept(leg, body=b"", now=bench.now),
        "reject": lambda: bench.ua.reject(leg, status=486, now=bench.now),
        "ack": lambda: bench.ua.ack(leg, body=b"", now=bench.now),
        "reinvite": lambda: bench.ua.reinvite(leg, body=b"", now=bench.now),
    }

    with pytest.raises(LegStateError):
        verbs[verb]()

    assert bench.lines() == ["INVITE"]
    assert bench.events() == []


def test_a_provisional_to_our_bye_is_not_the_end() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.ua.release(leg, now=bench.now)
    bye = bench.request()

    bench.hear(reply(bye, "100 Trying"))
    assert bench.events() == []
    bench.hear(reply(bye, "200 OK"))

    assert bench.event(Released).status == 200


def test_a_verb_for_a_leg_that_is_gone_does_nothing() -> None:
    bench = Bench()
    leg = bench.dial()
    bench.hear(reply(bench.request(), "486 Busy Here"))
    bench.sent(), bench.events()

    bench.ua.release(leg, now=bench.now)
    bench.ua.reinvite(leg, body=b"", now=bench.now)
    bench.ua.ack(leg, body=b"", now=bench.now)
    bench.ua.answer_reinvite(leg, status=200, now=bench.now)

    assert (bench.sent(), bench.events()) == ([], [])


def test_legs_have_numbers_that_are_not_used_again() -> None:
    bench = Bench()
    first = bench.dial()
    bench.hear(reply(bench.request(), "486 Busy Here"))

    assert (first, bench.dial(), bench.dial()) == (1, 2, 3)


def bye_in(invite: Request) -> bytes:
    return call_in(
        "BYE",
        "Reason: Q.850;cause=16",
        branch="z9hG4bKbyein",
        to_tag=invite.from_.tag,
        from_tag="peer",
        call_id=invite.call_id,
        cseq=7,
    )


def test_the_peer_of_a_dialog_is_the_one_that_was_called() -> None:
    bench = Bench()
    leg = bench.dial(peer=Peer("udp", "192.0.2.60", 5061))
    invite = bench.request()
    bench.hear(reply(invite, "200 OK", "Contact: <sip:peer@gateway.example>"), PEER)
    bench.ua.take_output()

    bench.ua.release(leg, now=bench.now)

    assert [t.peer for t in bench.ua.take_output()] == [Peer("udp", "192.0.2.60", 5061)]
    assert not any(isinstance(event, Cancelled) for event in bench.events())
