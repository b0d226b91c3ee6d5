"""3xx: RFC 3261 8.1.3.4, 19.1.4 and 21.3, seen from the servers that redirect."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, CONTACT, OFFER, PEER, Bench, reply
from sip.test_user_agent_login import FRESH, WHO, is_proven
from twoleg.sip.events import Answered, Failed, Released
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer

ELSEWHERE = Peer("udp", "192.0.2.40", 5070)
MOVED = "302 Moved Temporarily"


def moved(request: Request, *contacts: str, status: str = MOVED) -> bytes:
    return reply(request, status, *[f"Contact: {contact}" for contact in contacts])


def follow(bench: Bench, *contacts: str) -> Request:
    """Redirect the INVITE that is out, and see the next one; the ACK is looked at elsewhere."""
    bench.hear(moved(bench.requests()[-1], *contacts))
    return bench.requests()[-1]


@pytest.mark.parametrize("status", ["300 Multiple Choices", "301 Moved Permanently", MOVED, "305 Use Proxy"])
def test_a_redirected_invite_is_sent_to_the_contact(status: str) -> None:
    bench = Bench()
    bench.dial()
    first = bench.request()

    bench.hear(moved(first, "<sip:88889061@192.0.2.40:5070;method=INVITE?Subject=x>", status=status))

    ack, second = bench.ua.take_output()
    assert ack.data.startswith(b"ACK sip:88889060@carrier.example SIP/2.0\r\n")
    assert (ack.peer, second.peer) == (PEER, ELSEWHERE)
    assert second.data.startswith(b"INVITE sip:88889061@192.0.2.40:5070 SIP/2.0\r\n")
    assert bench.told() == []


def test_the_next_invite_belongs_to_the_same_call() -> None:
    bench = Bench()
    bench.dial()
    first = bench.request()

    bench.hear(moved(first, "<sip:88889061@192.0.2.40:5070>"))

    _, second = bench.requests()
    assert (second.call_id, second.from_.tag, second.body) == (first.call_id, first.from_.tag, OFFER.encode())
    assert second.headers.get("To") == first.headers.get("To")
    assert (second.cseq.number, second.to.tag) == (2, None)
    assert second.via.branch != first.via.branch


def test_the_answer_of_the_new_place_makes_the_call() -> None:
    bench = Bench()
    leg = bench.dial()
    second = follow(bench, "<sip:88889061@192.0.2.40:5070>")

    bench.hear(reply(second, "200 OK", body=ANSWER), ELSEWHERE)

    assert bench.event(Answered).leg == leg
    (ack,) = bench.ua.take_output()
    assert ack.peer == ELSEWHERE
    assert ack.data.startswith(b"ACK sip:88889061@192.0.2.40:5070 SIP/2.0\r\n")
    assert b"CSeq: 2 ACK" in ack.data


def test_a_repeated_redirection_is_acknowledged_and_not_followed_again() -> None:
    bench = Bench()
    bench.dial()
    redirection = moved(bench.request(), "<sip:88889061@192.0.2.40:5070>")
    bench.hear(redirection)
    bench.sent()

    bench.hear(redirection)

    assert bench.lines() == ["ACK"]


def test_the_contact_with_the_highest_q_is_asked_first_and_the_next_when_it_is_not_there() -> None:
    bench = Bench()
    bench.dial()

    second = follow(bench, "<sip:low@192.0.2.40>;q=0.2, <sip:high@192.0.2.40>;q=0.9", "<sip:middle@192.0.2.40>;q=0.5")
    assert second.uri == "sip:high@192.0.2.40"
    bench.hear(reply(second, "480 Temporarily Unavailable"), ELSEWHERE)
    third = bench.requests()[-1]
    assert third.uri == "sip:middle@192.0.2.40"
    bench.hear(reply(third, "503 Service Unavailable"), ELSEWHERE)

    assert bench.requests()[-1].uri == "sip:low@192.0.2.40"


@pytest.mark.parametrize("status", ["486 Busy Here", "603 Decline", "403 Forbidden"])
def test_who_says_no_is_not_asked_elsewhere(status: str) -> None:
    bench = Bench()
    bench.dial()
    second = follow(bench, "<sip:a@192.0.2.40>;q=0.9, <sip:b@192.0.2.40>;q=0.2")

    bench.hear(reply(second, status), ELSEWHERE)

    assert bench.lines() == ["ACK"]
    failed, released = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.phrase) == (int(status[:3]), status[4:])
    assert isinstance(released, Released)


def test_a_loop_of_redirections_ends_with_its_cause() -> None:
    bench = Bench()
    bench.dial()
    second = follow(bench, "<sip:a@192.0.2.40>")

    bench.hear(moved(second, "<sip:A-other@192.0.2.40>;q=0.1, <sip:88889060@carrier.example>", "<sip:a@192.0.2.40>"))
    third = bench.requests()[-1]
    assert third.uri == "sip:A-other@192.0.2.40"
    bench.hear(moved(third, "<sip:%61@192.0.2.40>"))

    failed, _ = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.phrase) == (302, "Moved Temporarily (redirected in a loop)")


def test_no_more_than_five_redirections_are_followed() -> None:
    bench = Bench()
    bench.dial()
    invite = bench.request()
    for hop in range(5):
        bench.hear(moved(invite, f"<sip:hop{hop}@192.0.2.40>"))
        invite = bench.requests()[-1]
        assert invite.uri == f"sip:hop{hop}@192.0.2.40"

    bench.hear(moved(invite, "<sip:hop5@192.0.2.40>"))

    assert bench.lines() == ["ACK"]
    failed, _ = bench.events()
    assert isinstance(failed, Failed)
    assert failed.phrase == "Moved Temporarily (redirected more than 5 times)"
    assert [contact.uri for contact in failed.contacts] == ["sip:hop5@192.0.2.40"]


@pytest.mark.parametrize(
    "contacts",
    [[], ["<mailto:88889060@carrier.example>"], ["<sip:a@192.0.2.40;transport=tcp>"], ["<sips:a@192.0.2.40>"]],
)
def test_a_redirection_to_nowhere_that_we_reach_is_told(contacts: list[str]) -> None:
    bench = Bench()
    bench.dial()

    bench.hear(moved(bench.request(), *contacts))

    failed, _ = bench.events()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.phrase) == (302, "Moved Temporarily (no Contact that we could ask)")


@pytest.mark.parametrize("contact", ["<sip:88889061@other.example>", "<tel:+4930123456>"])
def test_a_name_is_asked_for_at_the_peer_that_gave_it(contact: str) -> None:
    bench = Bench()
    bench.dial()

    bench.hear(moved(bench.request(), contact))

    _, second = bench.ua.take_output()
    assert second.peer == PEER
    assert second.data.startswith(b"INVITE " + contact[1:-1].encode() + b" SIP/2.0\r\n")


def test_a_redirection_over_another_transport_is_told_our_address_there() -> None:
    bench = Bench(us=[Peer("udp", "192.0.2.10", 5060), Peer("tcp", "192.0.2.10", 5062)])
    bench.dial()

    second = follow(bench, "<sip:a@192.0.2.40;transport=tcp>")

    assert (second.via.transport, second.via.port) == ("TCP", 5062)
    assert second.headers.get("Contact") == "<sip:twoleg@192.0.2.10:5062;transport=tcp>"


def test_the_new_place_may_challenge() -> None:
    bench = Bench()
    bench.dial(credentials=WHO)
    second = follow(bench, "<sip:a@192.0.2.40>")

    bench.hear(reply(second, "401 Unauthorized", f"WWW-Authenticate: {FRESH}"), ELSEWHERE)

    third = bench.requests()[-1]
    assert (third.uri, third.cseq.number) == ("sip:a@192.0.2.40", 3)
    assert is_proven(third)


def test_a_released_leg_follows_nothing() -> None:
    bench = Bench()
    leg = bench.dial()
    invite = bench.request()
    bench.ua.release(leg, now=bench.now)

    bench.hear(moved(invite, "<sip:a@192.0.2.40>"))

    assert bench.lines() == ["ACK"]
    assert bench.told() == ["Released"]


def test_the_new_place_is_what_a_cancel_goes_to() -> None:
    bench = Bench()
    leg = bench.dial()
    second = follow(bench, "<sip:a@192.0.2.40:5070>")
    bench.hear(reply(second, "180 Ringing", CONTACT), ELSEWHERE)

    bench.ua.release(leg, now=bench.now)

    (cancel,) = bench.ua.take_output()
    assert cancel.peer == ELSEWHERE
    assert cancel.data.startswith(b"CANCEL sip:a@192.0.2.40:5070 SIP/2.0\r\n")
