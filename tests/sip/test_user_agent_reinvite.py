"""Re-INVITEs both ways: RFC 3261 14 and 12.2.1.2, RFC 5407 3.1."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, CONTACT, OFFER, PEER, Bench, call_in, reply
from twoleg.sip.events import (
    Acknowledged,
    Failed,
    FailureOrigin,
    HungUp,
    LegId,
    ReinviteAnswered,
    Reinvited,
    ReinviteFailed,
    Released,
)
from twoleg.sip.leg_words import LegStateError
from twoleg.sip.message import Request
from twoleg.sip.timers import Timers


def offered(bench: Bench, leg: LegId, body: bytes | None = OFFER.encode()) -> Request:
    bench.ua.reinvite(leg, body=body, now=bench.now)
    return bench.request()


def their_reinvite(tag: str, *lines: str, cseq: int = 2, body: str = OFFER) -> bytes:
    return call_in("INVITE", *lines, branch=f"z9hG4bKre{cseq}", cseq=cseq, to_tag=tag, body=body)


def their_ack(tag: str, *, cseq: int = 2, body: str = "") -> bytes:
    return call_in("ACK", branch=f"z9hG4bKreack{cseq}", cseq=cseq, to_tag=tag, body=body)


def test_our_offer_goes_out_in_the_dialog_and_its_answer_is_acknowledged() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    invite = offered(bench, leg)
    bench.hear(reply(invite, "200 OK", CONTACT, body=ANSWER))

    assert (invite.method, invite.to.tag, invite.cseq.number) == ("INVITE", "peer", 2)
    assert invite.contacts
    assert invite.content_type == "application/sdp"
    ack = bench.request()
    assert (ack.method, ack.cseq.number, ack.body) == ("ACK", 2, b"")
    assert bench.event(ReinviteAnswered) == ReinviteAnswered(leg, 200, ANSWER.encode())


def test_a_repeated_answer_to_our_offer_is_acknowledged_again() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    first = offered(bench, leg)
    success = reply(first, "200 OK", CONTACT, body=ANSWER)
    bench.hear(success)
    (ack,) = bench.ua.take_output()
    second = offered(bench, leg)
    assert second.cseq.number == 3
    bench.events()

    bench.hear(success)

    assert bench.ua.take_output() == [ack]
    assert bench.events() == []


def test_the_answer_to_our_offer_may_move_the_target() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.hear(reply(offered(bench, leg), "200 OK", "Contact: <sip:moved@192.0.2.77>"))

    assert bench.request().uri == "sip:moved@192.0.2.77"


def test_an_offer_asked_for_is_answered_in_the_ack() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    success = reply(offered(bench, leg, None), "200 OK", CONTACT, body=OFFER)
    bench.hear(success)
    assert bench.sent() == []
    assert bench.event(ReinviteAnswered).body == OFFER.encode()

    bench.ua.ack(leg, body=ANSWER.encode(), now=bench.now)

    ack = bench.request()
    assert (ack.method, ack.body) == ("ACK", ANSWER.encode())
    with pytest.raises(LegStateError):
        bench.ua.ack(leg, body=ANSWER.encode(), now=bench.now)


def test_offers_wait_in_line() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    first = offered(bench, leg, b"one")
    bench.ua.reinvite(leg, body=b"two", now=bench.now)
    assert bench.sent() == []

    bench.hear(reply(first, "200 OK", CONTACT))

    ack, second = bench.requests()
    assert (ack.method, second.method, second.body) == ("ACK", "INVITE", b"two")


def test_an_endless_line_is_cut() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    for _ in range(9):
        bench.ua.reinvite(leg, body=b"x", now=bench.now)

    assert bench.event(ReinviteFailed) == ReinviteFailed(leg, None, ())


def test_a_refused_offer_leaves_the_leg_as_it_was() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.hear(reply(offered(bench, leg), "488 Not Acceptable Here", "Reason: SIP;cause=488"))

    assert bench.lines() == ["ACK"]
    failed = bench.event(ReinviteFailed)
    assert (failed.leg, failed.status, [reason.cause for reason in failed.reasons]) == (leg, 488, [488])
    assert offered(bench, leg).cseq.number == 3


@pytest.mark.parametrize("we_called", [True, False])
def test_glare_is_retried_after_the_back_off_of_rfc_3261_14_1(*, we_called: bool) -> None:
    waits = set()
    for seed in range(40):
        bench = Bench(seed=seed)
        leg = bench.talk_out()[0] if we_called else bench.talk_in()[0]
        bench.hear(reply(offered(bench, leg), "491 Request Pending"))
        assert bench.lines() == ["ACK"]
        start = bench.now
        bench.run((bench.ua.next_deadline() or 0) - start)
        assert bench.lines() == ["INVITE"]
        waits.add(round(bench.now - start, 2))
        assert bench.events() == []

    lowest, highest = (2.1, 4.0) if we_called else (0.0, 2.0)
    assert lowest <= min(waits) < max(waits) <= highest
    assert len(waits) > 20


def test_glare_without_end_fails() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.ua.reinvite(leg, body=b"x", now=bench.now)
    numbers = set()
    for _ in range(20):
        for invite in [request for request in bench.requests() if request.method == "INVITE"]:
            numbers.add(invite.cseq.number)
            bench.hear(reply(invite, "491 Request Pending"))
        bench.run(4.1)

    assert bench.event(ReinviteFailed).status == 491
    assert numbers == set(range(2, 11))


def test_a_busy_peer_is_asked_again_when_it_says_so() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.hear(reply(offered(bench, leg), "500 Server Internal Error", "Retry-After: 3 (soon);duration=9"))

    assert bench.lines() == ["ACK"]
    assert bench.sending_times(3.2) == [3.0]
    assert bench.events() == []


@pytest.mark.parametrize("retry_after", ["Retry-After: 3600", "Retry-After: x", "X-None: 1"])
def test_a_busy_peer_that_wants_too_much_is_a_refusal(retry_after: str) -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.hear(reply(offered(bench, leg), "500 Server Internal Error", retry_after))

    assert bench.event(ReinviteFailed).status == 500


def test_481_to_our_offer_ends_the_leg() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.hear(reply(offered(bench, leg), "481 Call/Transaction Does Not Exist"))

    assert bench.lines() == ["ACK"]
    assert bench.events() == [HungUp(leg, [], "481"), Released(leg, 481, [])]


def test_408_to_our_offer_ends_the_leg_with_a_bye() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()

    bench.hear(reply(offered(bench, leg), "408 Request Timeout"))

    ack, bye = bench.requests()
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert bench.event(HungUp) == HungUp(leg, [], "408")
    bench.hear(reply(bye, "200 OK"))
    assert bench.event(Released).status == 200


def test_silence_to_our_offer_ends_the_leg_with_a_bye() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    offered(bench, leg)

    bench.run(32.1)

    assert bench.lines()[-1] == "BYE"
    assert bench.event(HungUp).method == "408"


def test_an_unreachable_peer_refuses_our_offer() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    offered(bench, leg)

    bench.ua.transport_failed(PEER, bench.now)

    assert bench.event(ReinviteFailed) == ReinviteFailed(leg, None, ())


def test_an_offer_that_rings_too_long_is_cancelled() -> None:
    bench = Bench(timers=Timers(reinvite_limit=20))
    leg, _ = bench.talk_out()
    invite = offered(bench, leg)
    bench.hear(reply(invite, "100 Trying"))
    bench.hear(reply(invite, "180 Ringing"))

    bench.run(20)
    cancel = bench.request()
    assert (cancel.method, cancel.cseq.number, cancel.via.branch) == ("CANCEL", 2, invite.via.branch)
    bench.hear(reply(cancel, "200 OK"))
    bench.hear(reply(invite, "487 Request Terminated"))

    assert bench.event(ReinviteFailed).status == 487


def cancelled(bench: Bench, leg: LegId, body: bytes | None = OFFER.encode()) -> Request:
    """An offer of ours that rang too long: its CANCEL is out."""
    invite = offered(bench, leg, body)
    bench.hear(reply(invite, "180 Ringing"))
    bench.run(20)
    cancel = bench.request()
    assert cancel.method == "CANCEL"
    bench.hear(reply(cancel, "200 OK"))
    return invite


def test_an_answer_that_crosses_the_cancel_of_our_offer_counts() -> None:
    bench = Bench(timers=Timers(reinvite_limit=20))
    leg, _ = bench.talk_out()

    bench.hear(reply(cancelled(bench, leg), "200 OK", CONTACT, body=ANSWER))

    assert bench.lines() == ["ACK"]
    assert bench.event(ReinviteAnswered) == ReinviteAnswered(leg, 200, ANSWER.encode())


def test_an_offer_that_crosses_the_cancel_is_still_answered() -> None:
    bench = Bench(timers=Timers(reinvite_limit=20))
    leg, _ = bench.talk_out()
    bench.hear(reply(cancelled(bench, leg, None), "200 OK", CONTACT, body=OFFER))
    assert bench.event(ReinviteAnswered).body == OFFER.encode()

    bench.ua.ack(leg, body=ANSWER.encode(), now=bench.now)

    assert bench.request().body == ANSWER.encode()


@pytest.mark.parametrize("lines", [("491 Request Pending",), ("500 Server Internal Error", "Retry-After: 1")])
def test_a_cancelled_offer_is_not_sent_again(lines: tuple[str, ...]) -> None:
    bench = Bench(timers=Timers(reinvite_limit=20))
    leg, _ = bench.talk_out()

    bench.hear(reply(cancelled(bench, leg), *lines))

    assert bench.event(ReinviteFailed).status == int(lines[0][:3])
    assert bench.lines() == ["ACK"]
    assert bench.sending_times(60) == []


@pytest.mark.parametrize(("status", "method"), [("481 Gone", "481"), ("408 Request Timeout", "408")])
def test_a_cancelled_offer_may_find_the_dialog_lost(status: str, method: str) -> None:
    bench = Bench(timers=Timers(reinvite_limit=20))
    leg, _ = bench.talk_out()

    bench.hear(reply(cancelled(bench, leg), status))

    assert [event.method for event in bench.events() if isinstance(event, HungUp)] == [method]


def test_an_offer_that_answers_neither_itself_nor_its_cancel_ends_the_leg() -> None:
    bench = Bench(timers=Timers(reinvite_limit=20))
    leg, _ = bench.talk_out()
    bench.hear(reply(offered(bench, leg), "100 Trying"))

    bench.run(20 + 32.1)

    assert bench.event(HungUp) == HungUp(leg, (), "408")
    assert bench.lines()[-1] == "BYE"


def test_their_offer_is_told_and_answered() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()

    bench.hear(their_reinvite(tag, "Contact: <sip:moved@192.0.2.77>"))
    assert bench.event(Reinvited) == Reinvited(leg, OFFER.encode())
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)

    answer = bench.response()
    assert (answer.status, answer.to.tag, answer.body) == (200, tag, ANSWER.encode())
    assert answer.contacts
    bench.hear(their_ack(tag))
    assert bench.event(Acknowledged) == Acknowledged(leg, 2, None)
    bench.ua.release(leg, now=bench.now)
    assert bench.request().uri == "sip:moved@192.0.2.77"


def test_their_offer_may_be_refused_and_the_leg_lives_on() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))
    bench.ua.answer_reinvite(leg, status=488, now=bench.now)
    assert bench.lines() == ["488"]

    bench.hear(call_in("ACK", branch="z9hG4bKre2", cseq=2, to_tag=tag))

    assert bench.told() == ["Reinvited"]
    assert bench.sending_times(60) == []


def test_the_peer_may_ask_for_our_offer() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag, body=""))
    assert bench.event(Reinvited) == Reinvited(leg, None)
    bench.ua.answer_reinvite(leg, status=200, body=OFFER.encode(), now=bench.now)

    bench.hear(their_ack(tag, body=ANSWER))

    assert bench.event(Acknowledged) == Acknowledged(leg, 2, ANSWER.encode())


def test_an_owner_that_is_slow_to_answer_makes_a_100() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))

    bench.run(0.2)

    assert bench.lines() == ["100"]


def test_their_offer_meets_ours_491() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    offered(bench, leg)

    bench.hear(their_reinvite(tag))

    assert (bench.lines(), bench.events()) == (["491"], [])


def test_their_offer_is_taken_while_ours_backs_off() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(reply(offered(bench, leg), "491 Request Pending"))
    bench.sent()

    bench.hear(their_reinvite(tag))
    assert bench.told() == ["Reinvited"]
    bench.run(2.1)
    assert bench.lines() == ["100"]
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)
    assert bench.lines() == ["200"]
    bench.hear(their_ack(tag))

    assert bench.lines() == ["INVITE"]


def test_our_offer_waits_for_theirs() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))
    bench.ua.reinvite(leg, body=b"ours", now=bench.now)
    assert bench.sent() == []

    bench.ua.answer_reinvite(leg, status=488, now=bench.now)

    assert bench.lines() == ["488", "INVITE"]


def test_our_offer_waits_for_the_ack_of_the_answer() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag
    bench.ua.reinvite(leg, body=b"ours", now=bench.now)
    assert bench.sent() == []

    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=tag))

    assert bench.lines() == ["INVITE"]


def test_their_second_offer_before_the_answer_to_the_first_is_500() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))

    bench.hear(their_reinvite(tag, cseq=3))

    later = bench.response()
    assert later.start_line.startswith("SIP/2.0 500")
    assert 0 <= int(later.headers.get("Retry-After") or "99") <= 10
    assert bench.told() == ["Reinvited"]


def test_their_second_invite_before_our_answer_to_the_first_is_500() -> None:
    bench = Bench()
    bench.ua.ring(bench.ring_in(), now=bench.now)
    tag = bench.response().to.tag or ""

    bench.hear(their_reinvite(tag))

    assert bench.response().start_line.startswith("SIP/2.0 500")


def test_their_offer_that_overtakes_the_ack_is_taken() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag or ""

    bench.hear(their_reinvite(tag))
    assert bench.told() == ["Reinvited"]
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)
    bench.hear(call_in("ACK", branch="z9hG4bKack", to_tag=tag))
    bench.hear(their_ack(tag))

    assert bench.events() == [Acknowledged(leg, 1, None), Acknowledged(leg, 2, None)]
    bench.sent()
    assert bench.sending_times(60) == []


def test_their_offer_that_overtakes_the_ack_with_the_answer_is_491() -> None:
    bench = Bench()
    leg = bench.ring_in(body="")
    bench.ua.accept(leg, body=OFFER.encode(), now=bench.now)
    tag = bench.response().to.tag or ""

    bench.hear(their_reinvite(tag))

    assert bench.lines() == ["491"]


def test_their_offer_before_our_ack_is_491() -> None:
    bench = Bench()
    bench.dial(body=None)
    invite = bench.request()
    bench.hear(reply(invite, "200 OK", CONTACT, body=OFFER))
    bench.events()

    bench.hear(
        call_in("INVITE", branch="z9hG4bKre", cseq=9, to_tag=invite.from_.tag, call_id=invite.call_id, body=OFFER)
    )

    assert (bench.lines(), bench.events()) == (["491"], [])


def test_an_unacknowledged_answer_to_their_offer_ends_the_leg() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)
    bench.events(), bench.sent()

    bench.run(32.1)

    assert bench.lines()[-1] == "BYE"
    failed = bench.event(Failed)
    assert (failed.leg, failed.origin) == (leg, FailureOrigin.TIMEOUT)


def test_their_cancelled_offer_is_487_and_our_answer_too_late() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))

    bench.hear(call_in("CANCEL", branch="z9hG4bKre2", cseq=2, to_tag=tag))
    assert bench.lines() == ["200", "487"]
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)

    assert bench.sent() == []


def test_their_unanswered_offer_is_487_when_they_hang_up() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))

    bench.hear(call_in("BYE", branch="z9hG4bKbye", cseq=3, to_tag=tag))

    assert bench.lines() == ["200", "487"]


def test_their_unanswered_offer_is_487_when_we_hang_up() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))

    bench.ua.release(leg, now=bench.now)

    assert bench.lines() == ["487", "BYE"]


def test_a_release_does_not_wait_for_our_offer_and_its_answer_is_still_acknowledged() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    invite = offered(bench, leg)

    bench.ua.release(leg, now=bench.now)
    assert bench.lines() == ["BYE"]
    success = reply(invite, "200 OK", CONTACT, body=ANSWER)
    bench.hear(success)
    bench.hear(success)

    assert bench.lines() == ["ACK", "ACK"]
    assert bench.events() == []


def test_a_refusal_of_our_offer_after_the_release_means_nothing() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    invite = offered(bench, leg)
    bench.ua.release(leg, now=bench.now)
    bye = bench.request()

    bench.hear(reply(invite, "481 Call/Transaction Does Not Exist"))
    bench.hear(reply(bye, "200 OK"))

    assert bench.event(Released) == Released(leg, 200, [])


def test_a_back_off_ends_with_the_leg() -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.hear(reply(offered(bench, leg), "491 Request Pending"))
    bench.ua.release(leg, now=bench.now)
    _, bye = bench.requests()
    bench.hear(reply(bye, "200 OK"))

    assert bench.sending_times(60) == []
    assert bench.told() == ["Released"]


def test_a_closing_leg_refuses_requests_of_the_peer() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.ua.release(leg, now=bench.now)
    bench.sent()

    bench.hear(their_reinvite(tag))
    bench.hear(call_in("INFO", branch="z9hG4bKinfo", cseq=3, to_tag=tag))

    assert (bench.lines(), bench.events()) == (["481", "481"], [])


def test_our_offer_goes_out_when_the_peer_of_theirs_became_unreachable() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))
    bench.ua.reinvite(leg, body=b"ours", now=bench.now)

    bench.ua.transport_failed(PEER, bench.now)

    assert bench.lines() == ["INVITE"]
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)
    assert bench.sent() == []


def test_an_ack_to_their_offer_with_the_branch_of_the_offer_counts() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    bench.hear(their_reinvite(tag))
    bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)
    bench.events()

    bench.hear(call_in("ACK", branch="z9hG4bKre2", cseq=2, to_tag=tag))

    assert bench.event(Acknowledged) == Acknowledged(leg, 2, None)


@pytest.mark.parametrize("status", [100, 183, 700])
def test_an_answer_to_an_offer_is_final(status: int) -> None:
    bench = Bench()
    leg, _ = bench.talk_in()

    with pytest.raises(ValueError, match="status"):
        bench.ua.answer_reinvite(leg, status=status, now=bench.now)
