"""Client transactions: RFC 3261 17.1 and RFC 6026 7.2, seen on the wire."""

from __future__ import annotations

import pytest

from sip.bench import CALLED, CALLER, CONTACT, PEER, Bench, call_in, reply
from twoleg.sip.events import Failed, FailureOrigin, OptionsAnswered, Stray
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer

TCP = Peer("tcp", "192.0.2.20", 5060)


def ping(bench: Bench, peer: Peer = PEER) -> None:
    bench.ua.options(target="sip:192.0.2.20", peer=peer, from_=CALLER, token="t", now=bench.now)


def test_an_invite_is_repeated_at_doubling_intervals() -> None:
    bench = Bench()
    bench.dial()
    bench.sent()

    assert bench.sending_times(31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_repetitions_are_the_same_bytes() -> None:
    bench = Bench()
    bench.dial()
    (first,) = bench.ua.take_output()

    bench.run(0.5)

    assert bench.ua.take_output() == [first]


def test_an_unanswered_invite_fails_after_timer_b() -> None:
    bench = Bench()
    leg = bench.dial()

    bench.run(31.99)
    assert bench.events() == []
    bench.run(0.02)

    failed, released = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.leg, failed.status, failed.origin) == (leg, None, FailureOrigin.TIMEOUT)
    assert type(released).__name__ == "Released"
    bench.sent()
    assert bench.sending_times(40) == []


def test_a_provisional_stops_repetitions_and_timer_b() -> None:
    bench = Bench()
    bench.dial()
    bench.hear(reply(bench.request(), "100 Trying"))

    assert bench.sending_times(60) == []
    assert bench.events() == []


def test_a_refusal_is_acknowledged_by_the_transaction() -> None:
    bench = Bench()
    bench.dial(extra=(("Route", "<sip:192.0.2.20;lr>"),))
    invite = bench.request()

    bench.hear(reply(invite, "486 Busy Here", to_tag="busy"))

    ack = bench.request()
    assert (ack.method, ack.uri, ack.cseq.number, ack.cseq.method) == ("ACK", invite.uri, invite.cseq.number, "ACK")
    assert ack.headers.get_all("Via") == invite.headers.get_all("Via")[:1]
    assert ack.headers.get("Route") == "<sip:192.0.2.20;lr>"
    assert ack.headers.get("From") == invite.headers.get("From")
    assert (ack.to.tag, ack.call_id, ack.body) == ("busy", invite.call_id, b"")


def test_a_repeated_refusal_is_acknowledged_again_and_told_once() -> None:
    bench = Bench()
    bench.dial()
    refusal = reply(bench.request(), "486 Busy Here")
    for _ in range(3):
        bench.hear(refusal)
        bench.run(10)

    assert bench.lines() == ["ACK"] * 3
    assert bench.told() == ["Failed", "Released"]


def test_after_timer_d_a_refusal_is_a_stray() -> None:
    bench = Bench()
    bench.dial()
    refusal = reply(bench.request(), "486 Busy Here")
    bench.hear(refusal)
    bench.run(32.1)
    bench.sent(), bench.events()

    bench.hear(refusal)

    assert bench.sent() == []
    assert bench.event(Stray).why == "486 to no INVITE"


def test_a_repeated_success_is_acknowledged_for_64_t1_and_then_a_stray() -> None:
    bench = Bench()
    bench.dial()
    success = reply(bench.request(), "200 OK", CONTACT)
    bench.hear(success)
    bench.run(31)
    bench.hear(success)
    assert bench.lines() == ["ACK", "ACK"]
    assert bench.told() == ["Answered"]

    bench.run(1.1)
    bench.hear(success)

    assert bench.lines() == []
    assert bench.told() == ["Stray"]


def test_a_refusal_after_the_answer_is_absorbed_without_an_ack() -> None:
    """RFC 6026 7.2: in Accepted only a 2xx means something; the answered call lives on."""
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    success = reply(invite, "200 OK", CONTACT)
    bench.hear(success)
    bench.sent(), bench.events()

    for status in ("486 Busy Here", "503 Service Unavailable", "302 Moved Temporarily"):
        bench.hear(reply(invite, status, CONTACT))

    assert (bench.sent(), bench.events()) == ([], [])
    bench.hear(success)
    assert bench.lines() == ["ACK"]
    bench.ua.release(leg, now=bench.now)
    assert bench.lines() == ["BYE"]


def test_a_late_provisional_is_absorbed() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    bench.hear(reply(invite, "200 OK", CONTACT))
    bench.sent(), bench.events()

    bench.hear(reply(invite, "180 Ringing"))

    assert (bench.sent(), bench.events()) == ([], [])


def test_another_request_is_repeated_at_intervals_up_to_t2() -> None:
    bench = Bench()
    ping(bench)
    bench.sent()

    assert bench.sending_times(31.9) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_another_request_is_repeated_every_t2_after_a_provisional() -> None:
    bench = Bench()
    ping(bench)
    bench.hear(reply(bench.request(), "100 Trying"))

    assert bench.sending_times(13) == [4.0, 8.0, 12.0]


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
def test_a_final_response_after_a_provisional_ends_another_request(status: str) -> None:
    bench = Bench()
    ping(bench)
    request = bench.request()
    bench.hear(reply(request, "100 Trying"))

    bench.hear(reply(request, status))

    assert bench.event(OptionsAnswered) == OptionsAnswered("t", int(status[:3]))
    assert bench.sending_times(40) == []


@pytest.mark.parametrize("provisional", [False, True])
def test_another_request_fails_after_timer_f(*, provisional: bool) -> None:
    bench = Bench()
    ping(bench)
    if provisional:
        bench.hear(reply(bench.request(), "100 Trying"))

    bench.run(31.9)
    assert bench.events() == []
    bench.run(0.2)

    assert bench.event(OptionsAnswered) == OptionsAnswered("t", None)


def test_a_final_response_to_another_request_is_told_once_and_absorbed_for_t4() -> None:
    bench = Bench()
    ping(bench)
    answer = reply(bench.request(), "200 OK")
    bench.hear(answer)
    bench.hear(answer)
    assert bench.event(OptionsAnswered) == OptionsAnswered("t", 200)

    bench.run(5.1)
    bench.hear(answer)

    assert bench.told() == ["Stray"]
    assert bench.sent() == []


def test_over_a_reliable_transport_nothing_is_repeated() -> None:
    bench = Bench(us=Peer("tcp", "192.0.2.10", 5060))
    bench.dial(peer=TCP)
    ping(bench, TCP)
    assert bench.lines() == ["INVITE", "OPTIONS"]

    assert bench.sending_times(40) == []
    assert bench.told() == ["Failed", "Released", "OptionsAnswered"]


def test_over_a_reliable_transport_transactions_do_not_linger() -> None:
    bench = Bench(us=Peer("tcp", "192.0.2.10", 5060))
    bench.dial(peer=TCP)
    invite = bench.request()
    bench.hear(reply(invite, "404 Not Found"), TCP)
    bench.run(0)
    bench.sent(), bench.events()

    bench.hear(reply(invite, "404 Not Found"), TCP)

    assert bench.told() == ["Stray"]


def test_a_transport_error_fails_what_waits_for_that_peer_only() -> None:
    bench = Bench()
    lost, other = bench.dial(), bench.dial(peer=Peer("udp", "192.0.2.99", 5060))
    ping(bench)

    bench.ua.transport_failed(PEER, bench.now)

    events = bench.events()
    assert [type(event).__name__ for event in events] == ["Failed", "Released", "OptionsAnswered"]
    assert isinstance(events[0], Failed)
    assert (events[0].leg, events[0].origin) == (lost, FailureOrigin.TRANSPORT)
    bench.sent()
    bench.run(0.5)
    assert len(bench.sent()) == 1
    bench.run(40)
    assert [getattr(event, "leg", None) for event in bench.events()] == [other, other]


def test_a_transport_error_after_a_provisional_is_not_about_the_invite() -> None:
    bench = Bench()
    bench.dial()
    bench.hear(reply(bench.request(), "180 Ringing"))
    bench.events()

    bench.ua.transport_failed(PEER, bench.now)

    assert bench.events() == []


def test_every_request_has_its_own_branch_with_the_magic_cookie() -> None:
    bench = Bench()
    for _ in range(50):
        bench.dial()
    branches = {invite.via.branch or "" for invite in bench.requests()}

    assert len(branches) == 50
    assert all(branch.startswith("z9hG4bK") for branch in branches)


def test_a_response_with_the_branch_of_another_method_is_a_stray() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()

    bench.hear(reply(invite, "200 OK").replace(b"1 INVITE", b"1 OPTIONS"))

    assert bench.told() == ["Stray"]


def test_a_response_with_two_vias_is_not_for_us() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()

    bench.hear(reply(invite, "200 OK", "Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKother"))

    assert bench.told() == ["Stray"]


def test_the_invite_has_what_rfc_3261_8_1_1_asks_for() -> None:
    bench = Bench()
    bench.dial(extra=(("p-asserted-identity", "<sip:640003@twoleg.example>"),))

    invite = bench.request()

    assert isinstance(invite, Request)
    assert invite.headers.get("Max-Forwards") == "70"
    assert (invite.from_.uri, invite.to.uri, invite.to.tag) == (CALLER.uri, CALLED.uri, None)
    assert len(invite.from_.tag or "") >= 8
    assert (invite.cseq.number, invite.cseq.method) == (1, "INVITE")
    assert [contact.uri for contact in invite.contacts] == ["sip:twoleg@192.0.2.10:5060"]
    assert invite.via.wants_rport
    assert invite.headers.get("P-Asserted-Identity") == "<sip:640003@twoleg.example>"
    assert invite.content_type == "application/sdp"


def test_a_request_never_matches_a_client_transaction() -> None:
    bench = Bench()
    bench.dial()
    branch = bench.request().via.branch or ""

    bench.hear(call_in("OPTIONS", branch=branch))

    assert bench.lines() == ["200"]
