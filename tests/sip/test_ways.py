"""One user agent with several addresses: what each peer is told, large requests, connections that end."""

from __future__ import annotations

import random

import pytest

from sip.bench import CALLER, OFFER, PEER, Bench, call_in, reply
from twoleg.sip.events import Answered, Failed, FailureOrigin, IncomingInvite, OptionsAnswered
from twoleg.sip.identity import Identity
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer

UDP = Peer("udp", "192.0.2.10", 5060)
TCP = Peer("tcp", "192.0.2.10", 5062)
TLS = Peer("tls", "192.0.2.10", 5061)
UDP6 = Peer("udp", "2001:db8::10", 5060)
ALL = (UDP, TCP, TLS, UDP6)

BY_TCP = Peer("tcp", "192.0.2.20", 5060)
BY_TLS = Peer("tls", "192.0.2.20", 5061, "carrier.example")
BY_UDP6 = Peer("udp", "2001:db8::20", 5060)

LARGE = OFFER + "a=x:" + "y" * 1300 + "\r\n"


def ping(bench: Bench, peer: Peer, *, size: int = 0, target: str = "sip:192.0.2.20") -> None:
    """A request that is not an INVITE, as large as asked."""
    bench.ua.options(target=target + "x" * size, peer=peer, from_=CALLER, token="t", now=bench.now)


@pytest.mark.parametrize(
    ("peer", "sent_by", "contact"),
    [
        (PEER, "SIP/2.0/UDP 192.0.2.10:5060;rport;", "<sip:twoleg@192.0.2.10:5060>"),
        (BY_TCP, "SIP/2.0/TCP 192.0.2.10:5062;rport;alias;", "<sip:twoleg@192.0.2.10:5062;transport=tcp>"),
        (BY_TLS, "SIP/2.0/TLS 192.0.2.10:5061;rport;alias;", "<sip:twoleg@192.0.2.10:5061;transport=tls>"),
        (BY_UDP6, "SIP/2.0/UDP [2001:db8::10]:5060;rport;", "<sip:twoleg@[2001:db8::10]:5060>"),
    ],
)
def test_each_peer_is_told_the_address_of_its_own_way(peer: Peer, sent_by: str, contact: str) -> None:
    bench = Bench(us=ALL)
    bench.dial(peer=peer)
    invite = bench.request()

    assert str(invite.headers.get("Via")).startswith(sent_by)
    assert invite.headers.get("Contact") == contact


def test_a_way_that_we_have_no_address_for_gets_the_nearest() -> None:
    identity = Identity(local=(UDP, UDP6), product="twoleg", random=random.Random(1))

    assert identity.local_for(BY_TCP) == UDP
    assert identity.local_for(Peer("tls", "2001:db8::20", 5061)) == UDP6
    assert Identity(local=UDP, product="twoleg", random=random.Random(1)).local_for(BY_UDP6) == UDP


def test_of_two_addresses_for_one_way_the_first_is_told() -> None:
    other = Peer("udp", "192.0.2.11", 5060)

    assert Identity(local=(UDP, other), product="twoleg", random=random.Random(1)).local_for(PEER) == UDP


def test_the_contact_for_a_sips_target_is_a_sips_uri() -> None:
    bench = Bench(us=ALL)
    ping(bench, BY_TLS, target="sips:carrier.example")

    assert bench.request().headers.get("Contact") == "<sips:twoleg@192.0.2.10:5061>"


def test_the_answer_to_a_call_over_tcp_says_tcp_in_its_contact() -> None:
    bench = Bench(us=ALL)
    bench.hear(call_in("INVITE", "Via: SIP/2.0/TCP 192.0.2.20:5060;branch=z9hG4bKt;rport", body=OFFER), BY_TCP)
    bench.ua.accept(bench.event(IncomingInvite).leg, body=OFFER.encode(), now=bench.now)

    assert bench.response().headers.get("Contact") == "<sip:twoleg@192.0.2.10:5062;transport=tcp>"


@pytest.mark.parametrize(
    ("contact", "goes_to"),
    [
        ("sip:p@192.0.2.44:5090;transport=tcp", Peer("tcp", "192.0.2.44", 5090)),
        ("sip:p@192.0.2.44;transport=TLS", Peer("tls", "192.0.2.44", 5061, "carrier.example")),
        ("sips:p@192.0.2.44", Peer("tls", "192.0.2.44", 5061, "carrier.example")),
        ("sip:p@192.0.2.44;transport=udp", Peer("udp", "192.0.2.44", 5060)),
        ("sip:p@192.0.2.44:5070", Peer("tls", "192.0.2.44", 5070, "carrier.example")),
        ("sip:p@[2001:db8::4];transport=udp", Peer("udp", "2001:db8::4", 5060)),
        ("sip:p@host.example;transport=udp", BY_TLS),
    ],
)
def test_requests_in_a_dialog_go_by_the_transport_that_the_contact_names(contact: str, goes_to: Peer) -> None:
    bench = Bench(us=ALL)
    leg = bench.dial(peer=BY_TLS)
    bench.hear(reply(bench.request(), "200 OK", f"Contact: <{contact}>", body=OFFER), BY_TLS)
    assert bench.event(Answered).leg == leg

    (ack,) = bench.ua.take_output()

    assert ack.peer == goes_to


def test_a_transport_that_we_have_not_is_not_taken() -> None:
    bench = Bench()
    bench.dial()
    bench.hear(reply(bench.request(), "200 OK", "Contact: <sip:p@192.0.2.44;transport=tcp>", body=OFFER))

    (ack,) = bench.ua.take_output()

    assert ack.peer == Peer("udp", "192.0.2.44", 5060)


# ---------------------------------------------------------------------- RFC 3261 18.1.1


def test_a_large_request_goes_over_tcp_with_a_via_that_says_so_and_is_not_repeated() -> None:
    bench = Bench(us=ALL)
    bench.dial(body=LARGE)
    (transmit,) = bench.ua.take_output()

    assert transmit.peer == BY_TCP
    assert b"Via: SIP/2.0/TCP 192.0.2.10:5062;" in transmit.data
    assert b"Contact: <sip:twoleg@192.0.2.10:5060>" in transmit.data
    assert bench.sending_times(31) == []


@pytest.mark.parametrize("peer", [BY_UDP6, BY_TLS])
def test_a_large_request_stays_where_it_is_without_a_tcp_address_of_that_family(peer: Peer) -> None:
    bench = Bench(us=ALL)
    bench.dial(body=LARGE, peer=peer)

    (transmit,) = bench.ua.take_output()

    assert transmit.peer == peer


def test_the_limit_is_1300_octets() -> None:
    bench = Bench(us=ALL)
    ping(bench, PEER)
    (small,) = bench.ua.take_output()
    rest = 1300 - len(small.data)  # the target stands in the message twice
    ping(bench, PEER, size=rest // 2)
    ping(bench, PEER, size=rest // 2 + 1)

    largest, larger = bench.ua.take_output()

    assert len(largest.data) <= 1300 < len(larger.data)
    assert (largest.peer, larger.peer) == (PEER, BY_TCP)


def test_where_tcp_is_refused_the_same_request_goes_over_udp_and_is_repeated_there() -> None:
    bench = Bench(us=ALL)
    bench.dial(body=LARGE)
    (by_tcp,) = bench.ua.take_output()

    bench.ua.transport_failed(BY_TCP, bench.now)

    (by_udp,) = bench.ua.take_output()
    assert by_udp.peer == PEER
    assert by_udp.data == by_tcp.data.replace(
        b"SIP/2.0/TCP 192.0.2.10:5062;rport;alias;", b"SIP/2.0/UDP 192.0.2.10:5060;rport;"
    )
    assert bench.events() == []
    assert bench.sending_times(4) == [0.5, 1.5, 3.5]


def test_who_refused_tcp_is_spared_it_for_five_minutes() -> None:
    bench = Bench(us=ALL)
    bench.dial(body=LARGE)
    bench.ua.transport_failed(BY_TCP, bench.now)
    bench.sent()

    bench.dial(body=LARGE)
    assert bench.ua.take_output()[-1].peer == PEER

    bench.run(300.1)
    bench.sent()
    bench.dial(body=LARGE)
    assert bench.ua.take_output()[-1].peer == BY_TCP


def test_when_udp_fails_too_the_call_fails() -> None:
    bench = Bench(us=ALL)
    bench.dial(body=LARGE)
    bench.ua.transport_failed(BY_TCP, bench.now)
    bench.ua.transport_failed(PEER, bench.now)

    failed, _ = bench.events()

    assert isinstance(failed, Failed)
    assert failed.origin is FailureOrigin.TRANSPORT


def test_cancel_and_ack_follow_their_large_invite_over_tcp() -> None:
    bench = Bench(us=ALL)
    leg = bench.dial(body=LARGE)
    invite = bench.request()
    bench.hear(reply(invite, "180 Ringing"), BY_TCP)
    bench.ua.release(leg, now=bench.now)
    (cancel,) = bench.ua.take_output()
    bench.hear(reply(invite, "487 Request Terminated"), BY_TCP)
    (ack,) = bench.ua.take_output()

    assert (cancel.peer, ack.peer) == (BY_TCP, BY_TCP)
    assert b"Via: SIP/2.0/TCP" in cancel.data
    assert b"Via: SIP/2.0/TCP" in ack.data


# ---------------------------------------------------------------------- connections that end


def test_what_had_no_response_on_a_lost_connection_is_sent_again_once() -> None:
    bench = Bench(us=ALL)
    ping(bench, BY_TCP)
    (first,) = bench.ua.take_output()

    bench.ua.connection_lost(BY_TCP, bench.now)
    (again,) = bench.ua.take_output()
    assert again == first
    assert bench.events() == []

    bench.ua.connection_lost(BY_TCP, bench.now)
    assert bench.ua.take_output() == []
    assert bench.event(OptionsAnswered).status is None


def test_what_was_heard_of_waits_on_when_its_connection_ends() -> None:
    bench = Bench(us=ALL)
    bench.dial(peer=BY_TCP)
    bench.hear(reply(bench.request(), "180 Ringing"), BY_TCP)
    bench.events()

    bench.ua.connection_lost(BY_TCP, bench.now)

    assert bench.sent() == []
    assert bench.events() == []


def test_a_lost_connection_to_one_peer_is_no_matter_of_another() -> None:
    bench = Bench(us=ALL)
    ping(bench, BY_TCP)
    bench.sent()

    bench.ua.connection_lost(BY_TLS, bench.now)

    assert bench.sent() == []


def test_when_no_new_connection_can_be_made_the_call_fails() -> None:
    bench = Bench(us=ALL)
    bench.dial(peer=BY_TCP)
    assert isinstance(bench.sent()[0], Request)
    bench.ua.connection_lost(BY_TCP, bench.now)
    bench.ua.transport_failed(BY_TCP, bench.now)

    failed, released = bench.events()

    assert isinstance(failed, Failed)
    assert failed.origin is FailureOrigin.TRANSPORT
    assert type(released).__name__ == "Released"
