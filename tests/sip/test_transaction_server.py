"""Server transactions: RFC 3261 17.2 and RFC 6026 7.1, seen on the wire."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, PEER, Bench, call_in
from twoleg.sip.events import Failed, FailureOrigin, Released
from twoleg.sip.message import Response
from twoleg.sip.peers import Peer


def test_a_silent_owner_makes_a_100_after_200_ms() -> None:
    bench = Bench()
    bench.hear(call_in("INVITE", "Timestamp: 54"))
    assert bench.sending_times(0.19) == []

    bench.run(0.02)

    trying = bench.response()
    assert (trying.status, trying.to.tag, trying.headers.get("Timestamp")) == (100, None, "54")


def test_a_quick_owner_needs_no_100() -> None:
    bench = Bench()
    bench.ua.ring(bench.ring_in(), now=bench.now)

    bench.run(1)

    assert bench.lines() == ["180"]


def test_a_repeated_invite_gets_the_last_response_again_and_is_told_once() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.hear(call_in())
    assert bench.sent() == []
    bench.ua.ring(leg, now=bench.now)
    (first,) = bench.ua.take_output()

    bench.hear(call_in())

    assert bench.ua.take_output() == [first]
    assert bench.events() == []


def test_a_refusal_is_repeated_up_to_t2_and_given_up_after_timer_h() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.reject(leg, status=486, now=bench.now)
    assert bench.lines() == ["486"]

    assert bench.sending_times(31.9) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.events() == []
    bench.run(0.2)

    assert bench.event(Released) == Released(leg, None, ())


def test_a_repeated_invite_gets_the_refusal_again() -> None:
    bench = Bench()
    bench.ua.reject(bench.ring_in(), status=486, now=bench.now)
    (first,) = bench.ua.take_output()

    bench.hear(call_in())

    assert bench.ua.take_output() == [first]
    assert bench.events() == []


def test_the_ack_ends_the_repetition_of_a_refusal() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.reject(leg, status=486, now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("ACK", to_tag=tag))

    assert bench.event(Released).leg == leg
    assert bench.sending_times(40) == []


def test_timer_i_absorbs_repeated_acks_and_invites() -> None:
    bench = Bench()
    bench.ua.reject(bench.ring_in(), status=486, now=bench.now)
    ack = call_in("ACK", to_tag=bench.response().to.tag)
    bench.hear(ack)
    bench.events()

    bench.hear(ack)
    bench.hear(call_in())

    assert (bench.sent(), bench.events()) == ([], [])


def test_after_an_answer_a_repeated_invite_is_absorbed() -> None:
    bench = Bench()
    bench.ua.accept(bench.ring_in(), body=ANSWER.encode(), now=bench.now)
    bench.sent()

    bench.hear(call_in())

    assert (bench.sent(), bench.events()) == ([], [])


def test_an_ack_with_the_branch_of_the_invite_counts_after_an_answer() -> None:
    bench = Bench()
    bench.ua.accept(bench.ring_in(), body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag

    bench.hear(call_in("ACK", to_tag=tag))

    assert bench.told() == ["Acknowledged"]
    assert bench.sending_times(40) == []


def test_a_repeated_request_gets_the_same_bytes_for_64_t1() -> None:
    bench = Bench()
    bench.hear(call_in("OPTIONS"))
    (first,) = bench.ua.take_output()

    bench.run(31)
    bench.hear(call_in("OPTIONS"))
    assert bench.ua.take_output() == [first]

    bench.run(1.1)
    bench.hear(call_in("OPTIONS"))
    assert bench.ua.take_output() != [first]


def test_a_repeated_bye_gets_200_again_although_the_dialog_is_gone() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bye = call_in("BYE", branch="z9hG4bKbye", cseq=2, to_tag=tag)
    bench.hear(bye)
    bench.hear(bye)

    assert bench.lines() == ["200", "200"]
    assert bench.told() == ["HungUp", "Released"]


def test_two_clients_behind_one_branch_are_told_apart_by_sent_by() -> None:
    bench = Bench()
    bench.hear(call_in("OPTIONS", "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKsame;rport"))
    bench.hear(call_in("OPTIONS", "Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKsame;rport", call_id="other"))

    assert [m.call_id for m in bench.sent()] == ["in1@192.0.2.20", "other"]


def test_a_peer_of_before_rfc_3261_is_matched_without_a_cookie() -> None:
    bench = Bench()
    old = "Via: SIP/2.0/UDP 192.0.2.20:5060"
    bench.hear(call_in("INVITE", old))
    bench.hear(call_in("INVITE", old))
    (told,) = bench.events()
    bench.ua.reject(told.leg, status=603, now=bench.now)  # type: ignore[union-attr]
    tag = bench.response().to.tag

    bench.hear(call_in("ACK", old, to_tag=tag))

    assert bench.told() == ["Released"]


def test_an_old_peer_without_a_cookie_may_cancel() -> None:
    bench = Bench()
    old = "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=1"
    bench.hear(call_in("INVITE", old))
    bench.hear(call_in("CANCEL", old))

    assert bench.lines() == ["200", "487"]


@pytest.mark.parametrize(
    ("via", "source", "goes_to"),
    [
        ("192.0.2.20:5060;branch=z9hG4bK1;rport", Peer("udp", "192.0.2.20", 31000), Peer("udp", "192.0.2.20", 31000)),
        ("192.0.2.20:5070;branch=z9hG4bK1", Peer("udp", "192.0.2.20", 31000), Peer("udp", "192.0.2.20", 5070)),
        ("192.0.2.20;branch=z9hG4bK1", Peer("udp", "192.0.2.20", 31000), Peer("udp", "192.0.2.20", 5060)),
        ("10.0.0.1:5070;branch=z9hG4bK1", Peer("udp", "192.0.2.20", 31000), Peer("udp", "192.0.2.20", 5070)),
        ("10.0.0.1;branch=z9hG4bK1;maddr=192.0.2.33", PEER, Peer("udp", PEER.host, 5060)),
        ("10.0.0.1;branch=z9hG4bK1;maddr=224.0.1.75", PEER, Peer("udp", PEER.host, 5060)),
        ("[2001:db8::1]:5062;branch=z9hG4bK1", Peer("udp", "2001:db8::1", 9), Peer("udp", "2001:db8::1", 5062)),
    ],
)
def test_responses_take_the_way_of_rfc_3261_18_2_2_to_nobody_but_who_asked(
    via: str, source: Peer, goes_to: Peer
) -> None:
    bench = Bench()

    bench.hear(call_in("OPTIONS", f"Via: SIP/2.0/UDP {via}"), source)

    assert [transmit.peer for transmit in bench.ua.take_output()] == [goes_to]


def test_over_a_connection_responses_go_back_on_it() -> None:
    bench = Bench(us=Peer("tcp", "192.0.2.10", 5060))
    source = Peer("tcp", "192.0.2.20", 31000)

    bench.hear(call_in("OPTIONS", "Via: SIP/2.0/TCP 192.0.2.20:5060;branch=z9hG4bK1"), source)

    assert [transmit.peer for transmit in bench.ua.take_output()] == [source]


def test_the_topmost_via_tells_where_the_request_came_from() -> None:
    bench = Bench()
    lower = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0"

    bench.hear(call_in("OPTIONS", "Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport", lower), PEER)

    topmost, second = bench.response().vias
    assert (topmost.host, topmost.received, topmost.rport) == ("10.0.0.1", "192.0.2.20", 5060)
    assert (second.host, second.received) == ("192.0.2.1", None)


def test_a_list_of_vias_in_one_line_stays_whole() -> None:
    bench = Bench()

    bench.hear(call_in("OPTIONS", "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0"))

    assert [(via.host, via.received) for via in bench.response().vias] == [
        ("10.0.0.1", "192.0.2.20"),
        ("192.0.2.1", None),
    ]


def test_a_caller_that_becomes_unreachable_fails_its_leg() -> None:
    bench = Bench()
    leg = bench.ring_in()

    bench.ua.transport_failed(PEER, bench.now)

    failed, released = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.leg, failed.origin, type(released)) == (leg, FailureOrigin.TRANSPORT, Released)
    bench.ua.accept(leg, body=b"", now=bench.now)
    assert bench.sent() == []


def test_a_caller_that_becomes_unreachable_after_a_refusal_is_done_with() -> None:
    bench = Bench()
    leg = bench.ring_in()
    bench.ua.reject(leg, status=404, now=bench.now)

    bench.ua.transport_failed(PEER, bench.now)

    assert bench.event(Released).leg == leg


def test_a_request_over_a_connection_is_not_remembered() -> None:
    bench = Bench(us=Peer("tcp", "192.0.2.10", 5060))
    peer = Peer("tcp", "192.0.2.20", 5060)
    bench.hear(call_in("OPTIONS"), peer)
    bench.run(0)
    first = bench.response()

    bench.hear(call_in("OPTIONS"), peer)

    second = bench.response()
    assert isinstance(second, Response)
    assert first.to.tag != second.to.tag
