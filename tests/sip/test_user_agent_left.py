"""Held legs wait for their owner's word; what one user agent leaves on the wire another one ends, by its record."""

from __future__ import annotations

import msgspec
import pytest

from sip.bench import ANSWER, CALLED, CALLER, CONTACT, OFFER, PEER, Bench, reply, wire
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Answered, HungUp, LegId, Prepared, Reinvited, Released
from twoleg.sip.headers import Reason
from twoleg.sip.leg_record import LegRecord
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer

LOST = Reason("Q.850", 41, "Temporary failure")


def held(bench: Bench, *, body: str | None = OFFER, credentials: Credentials | None = None) -> tuple[LegId, LegRecord]:
    """A leg whose INVITE waits."""
    leg = bench.ua.invite(
        target="sip:88889060@carrier.example",
        peer=PEER,
        from_=CALLER,
        to=CALLED,
        body=None if body is None else body.encode(),
        credentials=credentials,
        session_id="a" * 32,
        is_held=True,
        now=bench.now,
    )
    return leg, bench.event(Prepared).record


def sent(bench: Bench) -> tuple[LegId, LegRecord, Request]:
    """A leg whose INVITE is out."""
    leg, record = held(bench)
    bench.ua.proceed(leg, now=bench.now)
    return leg, record, bench.request()


def kept(record: LegRecord) -> LegRecord:
    """As it comes back from a disk."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=LegRecord)


def test_nothing_goes_out_before_the_owner_says_so() -> None:
    bench = Bench()
    leg, _ = held(bench)
    bench.run(40)
    assert bench.requests() == []

    bench.ua.proceed(leg, now=bench.now)
    bench.ua.proceed(leg, now=bench.now)
    assert bench.request().method == "INVITE"


def test_a_held_leg_that_is_released_was_never_on_the_wire() -> None:
    bench = Bench()
    leg, _ = held(bench)
    bench.ua.release(leg, now=bench.now)
    bench.ua.proceed(leg, now=bench.now)

    assert bench.event(Released) == Released(leg, None, ())
    assert bench.requests() == []
    assert bench.ua.next_deadline() is None


def test_a_held_leg_that_waits_beyond_the_limit_on_ringing_ends() -> None:
    bench = Bench()
    held(bench)
    bench.run(10_000)
    assert bench.told() == ["Failed", "Released"]
    assert bench.requests() == []


def test_each_invite_that_follows_a_refusal_is_held_as_well() -> None:
    bench = Bench()
    leg, first = held(bench, credentials=Credentials("u", "p"))
    bench.ua.proceed(leg, now=bench.now)
    bench.hear(reply(bench.request(), "407 Proxy", 'Proxy-Authenticate: Digest realm="r", nonce="n"'))

    assert bench.request().method == "ACK"
    second = bench.event(Prepared).record
    assert dict(second.fields)["CSeq"] == "2 INVITE"
    assert dict(second.fields)["Via"] != dict(first.fields)["Via"]
    assert "Proxy-Authorization" in dict(second.fields)
    bench.ua.proceed(leg, now=bench.now)
    assert bench.request().cseq.number == 2


def test_the_ack_of_a_held_leg_waits_for_the_owner_and_is_repeated_for_each_copy() -> None:
    bench = Bench()
    leg, _, invite = sent(bench)
    success = reply(invite, "200 OK", CONTACT, body=ANSWER)
    bench.hear(success)
    bench.hear(success)
    assert isinstance(bench.event(Answered).record, LegRecord)
    assert bench.requests() == []

    bench.ua.ack(leg, body=b"", now=bench.now)
    assert (ack := bench.request()).method == "ACK"
    assert ack.body == b""
    bench.hear(success)
    assert bench.request().method == "ACK"


def test_a_phone_that_moves_before_it_has_our_ack_is_heard() -> None:
    """Its re-INVITE may overtake the ACK, which waits for a disk here: no glare, for no offer of ours is open."""
    bench = Bench()
    leg, _, invite = sent(bench)
    bench.hear(reply(invite, "200 OK", CONTACT, body=ANSWER))
    bench.event(Answered)
    moved = wire(
        "INVITE sip:twoleg@192.0.2.10 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKm",
        "Max-Forwards: 70",
        f"From: {invite.headers.get('To')};tag=peer",
        f"To: {invite.headers.get('From')}",
        f"Call-ID: {invite.call_id}",
        "CSeq: 9 INVITE",
        CONTACT,
        "Content-Type: application/sdp",
        body=OFFER,
    )
    bench.hear(moved)

    assert bench.event(Reinvited) == Reinvited(leg, OFFER.encode())
    bench.ua.ack(leg, body=b"", now=bench.now)
    assert bench.request().method == "ACK"


def test_an_answer_that_is_not_wanted_any_more_is_acknowledged_and_hung_up() -> None:
    bench = Bench()
    leg, _, invite = sent(bench)
    bench.hear(reply(invite, "200 OK", CONTACT, body=ANSWER))
    bench.ua.release(leg, now=bench.now)
    assert bench.lines() == ["ACK", "BYE"]


@pytest.mark.parametrize("progress", ["", "100 Trying", "180 Ringing"])
def test_a_phone_that_another_process_rang_is_told_to_stop(progress: str) -> None:
    """RFC 3261 9.1: the CANCEL has the Request-URI, Call-ID, To, From, CSeq number and top Via of the INVITE."""
    dead, bench = Bench(), Bench(seed=2)
    _, record, invite = sent(dead)
    leg = bench.ua.revive(kept(record), now=bench.now)
    if progress:
        bench.hear(reply(invite, progress))
    assert bench.requests() == []

    bench.ua.release(leg, reasons=[LOST], now=bench.now)
    cancel = bench.request()
    assert cancel.method == "CANCEL"
    assert cancel.uri == invite.uri
    assert list(cancel.reasons) == [LOST]
    for name in ("Via", "From", "To", "Call-ID", "Session-ID"):
        assert cancel.headers.get(name) == invite.headers.get(name)
    assert cancel.cseq.number == invite.cseq.number

    bench.hear(reply(cancel, "200 OK"))
    bench.hear(reply(invite, "487 Request Terminated"))
    assert (ack := bench.request()).method == "ACK"
    assert ack.via.branch == invite.via.branch
    assert bench.event(Released).status == 487
    bench.run(64)
    assert bench.ua.next_deadline() is None


def test_a_phone_that_answers_the_invite_of_a_dead_process_is_hung_up() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, record, invite = sent(dead)
    leg = bench.ua.revive(kept(record), now=bench.now)
    bench.ua.release(leg, now=bench.now)
    assert bench.request().method == "CANCEL"

    success = reply(invite, "200 OK", CONTACT, body=ANSWER)
    bench.hear(success)
    bench.hear(success)
    ack, bye, again = bench.requests()
    assert [ack.method, bye.method, again.method] == ["ACK", "BYE", "ACK"]
    assert (ack.cseq.number, bye.cseq.number) == (1, 2)
    bench.hear(reply(bye, "200 OK"))
    assert bench.told() == ["Released"]


def test_of_several_phones_that_answer_each_is_hung_up() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, record, invite = sent(dead)
    leg = bench.ua.revive(kept(record), now=bench.now)
    bench.ua.release(leg, now=bench.now)
    bench.hear(reply(invite, "200 OK", CONTACT, to_tag="a"))
    bench.hear(reply(invite, "200 OK", CONTACT, to_tag="b"))
    assert bench.lines() == ["CANCEL", "ACK", "BYE", "ACK", "BYE"]


def test_an_answer_that_comes_before_the_release_waits_for_it() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, record, invite = sent(dead)
    leg = bench.ua.revive(kept(record), now=bench.now)
    bench.hear(reply(invite, "200 OK", CONTACT))
    assert bench.requests() == []
    bench.ua.release(leg, now=bench.now)
    assert bench.lines() == ["ACK", "BYE"]


def test_a_dialog_that_a_dead_process_left_is_ended_along_its_route() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, _, invite = sent(dead)
    route = "Record-Route: <sip:192.0.2.30;lr>"
    dead.hear(reply(invite, "200 OK", CONTACT, route, to_tag="theirs", body=ANSWER))
    record = dead.event(Answered).record
    assert record is not None

    leg = bench.ua.revive(kept(record), now=bench.now)
    bench.ua.release(leg, reasons=[LOST], now=bench.now)
    proxy = Peer("udp", "192.0.2.30", 5060)
    assert [transmit.peer for transmit in bench.ua.take_output()] == [proxy, proxy]
    bench.run(0.5)
    bye = bench.request()
    assert (bye.method, bye.uri, bye.headers.get("Route")) == ("BYE", "sip:peer@192.0.2.20:5060", "<sip:192.0.2.30;lr>")
    assert (bye.call_id, bye.from_.tag, bye.to.tag) == (invite.call_id, invite.from_.tag, "theirs")
    assert bye.cseq.number > invite.cseq.number + 1000, "whatever the dead process said in the dialog"
    bench.hear(reply(bye, "200 OK"))
    assert bench.event(Released).status == 200
    bench.run(64)
    assert bench.ua.next_deadline() is None


def test_a_phone_that_hung_up_by_itself_is_answered() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, _, invite = sent(dead)
    dead.hear(reply(invite, "200 OK", CONTACT, to_tag="theirs"))
    record = dead.event(Answered).record
    assert record is not None
    bench.ua.revive(kept(record), now=bench.now)
    bye = (
        "BYE sip:twoleg@192.0.2.10 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKb",
        "Max-Forwards: 70",
        f"From: {invite.headers.get('To')};tag=theirs",
        f"To: {invite.headers.get('From')}",
        f"Call-ID: {invite.call_id}",
        "CSeq: 9 BYE",
        "Content-Length: 0",
    )
    bench.hear("\r\n".join([*bye, "", ""]).encode())
    assert bench.response().status == 200
    assert [type(event) for event in bench.events()] == [HungUp, Released]


def test_a_bye_that_is_challenged_is_sent_again_with_the_trunks_credentials() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, _, invite = sent(dead)
    dead.hear(reply(invite, "200 OK", CONTACT, to_tag="theirs"))
    record = dead.event(Answered).record
    assert record is not None
    leg = bench.ua.revive(kept(record), credentials=Credentials("u", "p"), now=bench.now)
    bench.ua.release(leg, now=bench.now)
    _, bye = bench.requests()
    bench.hear(reply(bye, "407 Proxy", 'Proxy-Authenticate: Digest realm="r", nonce="n"'))
    assert "Proxy-Authorization" in bench.request().headers


def test_a_peer_that_is_gone_as_well_is_given_up() -> None:
    dead, bench = Bench(), Bench(seed=2)
    _, record, _ = sent(dead)
    leg = bench.ua.revive(kept(record), now=bench.now)
    bench.ua.release(leg, now=bench.now)
    bench.run(33)
    assert bench.event(Released) == Released(leg, None, ())
    bench.run(64)
    assert bench.ua.next_deadline() is None
