"""What is answered without an owner: RFC 3261 8.2, 11.2, 12.2.2, and the policy for calls."""

from __future__ import annotations

import pytest

from sip.bench import OFFER, PEER, US, Bench, call_in, reply, wire
from twoleg.sip.events import InfoReceived, Malformed, OptionsAnswered, Stray
from twoleg.sip.headers import NameAddr
from twoleg.sip.message import Response
from twoleg.sip.policy import InboundPolicy


def answer_to(data: bytes) -> Response:
    bench = Bench()
    bench.hear(data)
    assert bench.events() == []
    return bench.response()


def test_options_tell_what_we_can_do() -> None:
    answer = answer_to(call_in("OPTIONS"))

    assert answer.status == 200
    assert set(answer.options("Allow")) == {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE"}
    assert answer.headers.get("Accept") == "application/sdp"
    assert answer.to.tag is not None


def test_options_are_answered_at_the_last_hop_too() -> None:
    assert answer_to(call_in("OPTIONS", "Max-Forwards: 0")).status == 200


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "PUBLISH", "REGISTER"])
def test_a_method_that_we_do_not_serve_is_405(method: str) -> None:
    answer = answer_to(call_in(method))

    assert answer.status == 405
    assert "INVITE" in answer.options("Allow")


def test_a_method_that_we_do_not_know_is_501() -> None:
    answer = answer_to(call_in("DANCE"))

    assert answer.status == 501
    assert "INVITE" in answer.options("Allow")


@pytest.mark.parametrize("method", ["BYE", "INFO", "NOTIFY", "PRACK"])
def test_a_request_that_needs_a_dialog_is_481_without_one(method: str) -> None:
    assert answer_to(call_in(method)).status == 481


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "OPTIONS", "UPDATE", "DANCE"])
def test_a_request_in_an_unknown_dialog_is_481(method: str) -> None:
    assert answer_to(call_in(method, to_tag="unknown")).status == 481


def test_a_transfer_is_declined() -> None:
    assert answer_to(call_in("REFER", "Refer-To: <sip:x@192.0.2.9>")).status == 603


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_an_extension_that_we_lack_is_420(method: str) -> None:
    answer = answer_to(call_in(method, "Require: 100rel, foo"))

    assert (answer.status, answer.headers.get("Unsupported")) == (420, "100rel, foo")


def test_extensions_required_of_proxies_are_none_of_our_business() -> None:
    assert answer_to(call_in("OPTIONS", "Proxy-Require: foo")).status == 200


def test_the_last_hop_ends_an_invite() -> None:
    assert answer_to(call_in("INVITE", "Max-Forwards: 0")).status == 483


def test_a_body_that_is_no_sdp_is_415() -> None:
    answer = answer_to(call_in("INVITE", "Content-Type: text/plain", body="hello"))

    assert (answer.status, answer.headers.get("Accept")) == (415, "application/sdp")


def test_an_invite_without_contact_is_400() -> None:
    assert answer_to(call_in("INVITE", "Contact: *")).status == 400


def test_a_scheme_that_we_do_not_know_is_416() -> None:
    assert answer_to(call_in("OPTIONS", uri="mailto:x@example.com")).status == 416


@pytest.mark.parametrize("uri", ["tel:+4930123456", "sips:88889050@192.0.2.10", "SIP:88889050@192.0.2.10"])
def test_telephone_and_secure_uris_are_fine(uri: str) -> None:
    assert answer_to(call_in("OPTIONS", uri=uri)).status == 200


def test_a_request_that_came_on_two_paths_is_482_on_the_second() -> None:
    bench = Bench()
    bench.hear(call_in(branch="z9hG4bKone", body=OFFER))
    bench.hear(call_in(branch="z9hG4bKtwo", body=OFFER))

    assert bench.lines() == ["482"]
    assert bench.told() == ["IncomingInvite"]


def test_a_call_with_the_same_names_a_minute_later_is_a_new_one() -> None:
    bench = Bench(policy=InboundPolicy(refuse_invites=404))
    bench.hear(call_in(branch="z9hG4bKone"))
    bench.run(33)
    bench.sent()
    bench.hear(call_in(branch="z9hG4bKtwo"))

    assert bench.lines() == ["404"]


def test_options_that_never_change_their_names_are_answered_every_time() -> None:
    bench = Bench()
    bench.hear(call_in("OPTIONS", branch="z9hG4bKone"))
    bench.hear(call_in("OPTIONS", branch="z9hG4bKtwo"))

    assert bench.lines() == ["200", "200"]


def test_no_extension_keeps_a_peer_from_hanging_up() -> None:
    bench = Bench()
    _, tag = bench.talk_in()

    bench.hear(call_in("BYE", "Require: foo", branch="z9hG4bKb", cseq=2, to_tag=tag))

    assert (bench.lines(), bench.told()) == (["200"], ["HungUp", "Released"])


@pytest.mark.parametrize("status", [403, 404])
def test_policy_may_refuse_every_call(status: int) -> None:
    bench = Bench(policy=InboundPolicy(refuse_invites=status))

    bench.hear(call_in(body=OFFER))

    assert (bench.lines(), bench.events()) == ([str(status)], [])
    bench.hear(call_in("OPTIONS", branch="z9hG4bKo", call_id="o"))
    assert bench.lines() == ["200"]


def test_policy_bounds_the_number_of_legs() -> None:
    bench = Bench(policy=InboundPolicy(max_legs=1))
    bench.dial()
    bench.sent()

    bench.hear(call_in(body=OFFER))

    refusal = bench.response()
    assert refusal.start_line.startswith("SIP/2.0 503")
    assert int(refusal.headers.get("Retry-After") or "0") >= 5


def test_a_request_out_of_order_in_a_dialog_is_500() -> None:
    bench = Bench()
    _, tag = bench.talk_in()
    bench.hear(call_in("INFO", branch="z9hG4bK5", cseq=5, to_tag=tag))
    bench.hear(call_in("INFO", branch="z9hG4bK4", cseq=4, to_tag=tag))

    assert bench.lines() == ["200", "500"]


def test_info_is_handed_on() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()

    bench.hear(
        call_in("INFO", "Content-Type: Application/DTMF-Relay", branch="z9hG4bKi", cseq=2, to_tag=tag, body="Signal=5")
    )

    assert bench.lines() == ["200"]
    assert bench.event(InfoReceived) == InfoReceived(leg, "application/dtmf-relay", b"Signal=5")


def test_a_call_goes_on_after_requests_that_we_do_not_serve() -> None:
    bench = Bench()
    leg, tag = bench.talk_in()
    for cseq, method in enumerate(("REFER", "UPDATE", "MESSAGE", "NOTIFY", "DANCE", "OPTIONS"), start=2):
        bench.hear(call_in(method, branch=f"z9hG4bK{cseq}", cseq=cseq, to_tag=tag))

    assert bench.lines() == ["603", "200", "405", "481", "501", "200"]
    assert bench.events() == []
    bench.ua.release(leg, now=bench.now)
    assert bench.lines() == ["BYE"]


def test_a_reinvite_that_requires_an_extension_is_420_and_the_call_goes_on() -> None:
    bench = Bench()
    _, tag = bench.talk_in()

    bench.hear(call_in("INVITE", "Require: timer, 100rel", branch="z9hG4bKr", cseq=2, to_tag=tag, body=OFFER))

    assert (bench.lines(), bench.events()) == (["420"], [])


def test_a_stray_ack_is_dropped() -> None:
    bench = Bench()

    bench.hear(call_in("ACK", to_tag="x"))

    assert bench.sent() == []
    assert bench.event(Stray) == Stray(PEER, "ACK for no dialog")


def test_a_malformed_request_is_told_and_answered_400() -> None:
    bench = Bench()
    data = call_in("OPTIONS").replace(b"CSeq: 1 OPTIONS", b"CSeq: one OPTIONS")

    bench.hear(data)

    assert bench.told() == ["Malformed"]
    (transmit,) = bench.ua.take_output()
    assert transmit.data.startswith(b"SIP/2.0 400 ")
    assert transmit.peer == PEER


def test_a_malformed_request_below_a_sound_via_is_answered_there() -> None:
    bench = Bench()
    data = call_in("OPTIONS", "Via: SIP/2.0/UDP 192.0.2.20:5080;branch=z9hG4bK1", "Via: nonsense")

    bench.hear(data)

    assert bench.told() == ["Malformed"]
    assert [transmit.peer.port for transmit in bench.ua.take_output()] == [5080]


@pytest.mark.parametrize("data", [b"\x00\xff" * 40, b"GET / HTTP/1.1\r\n\r\n", b"INVITE", b"SIP/2.0 abc\r\n\r\n"])
def test_bytes_that_are_no_sip_are_told_and_dropped(data: bytes) -> None:
    bench = Bench()

    bench.hear(data)

    assert bench.event(Malformed).source == PEER
    assert bench.sent() == []


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\x00"])
def test_keep_alives_are_nobody_s_business(data: bytes) -> None:
    bench = Bench()

    bench.hear(data)

    assert (bench.sent(), bench.events()) == ([], [])


def test_a_malformed_response_is_told_and_dropped() -> None:
    bench = Bench()
    bench.dial()
    answer = reply(bench.request(), "200 OK").replace(b"CSeq: 1", b"CSeq: x")

    bench.hear(answer)

    assert (bench.sent(), bench.told()) == ([], ["Malformed"])


def test_our_options_ask_the_peer() -> None:
    bench = Bench()
    token = object()

    bench.ua.options(
        target="sip:192.0.2.20:5060", peer=PEER, from_=NameAddr("", "sip:twoleg@192.0.2.10"), token=token, now=bench.now
    )

    request = bench.request()
    assert (request.method, request.uri, request.to.uri) == ("OPTIONS", "sip:192.0.2.20:5060", "sip:192.0.2.20:5060")
    bench.hear(reply(request, "503 Service Unavailable"))
    assert bench.event(OptionsAnswered) == OptionsAnswered(token, 503)


def test_the_invite_of_rfc_3261_24_2_is_answered_line_by_line() -> None:
    bench = Bench()
    bench.hear(
        wire(
            "INVITE sip:bob@biloxi.com SIP/2.0",
            "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds",
            "Max-Forwards: 70",
            "To: Bob <sip:bob@biloxi.com>",
            "From: Alice <sip:alice@atlanta.com>;tag=1928301774",
            "Call-ID: a84b4c76e66710@pc33.atlanta.com",
            "CSeq: 314159 INVITE",
            "Contact: <sip:alice@pc33.atlanta.com>",
        )
    )
    (told,) = bench.events()
    bench.ua.ring(told.leg, now=bench.now)  # type: ignore[union-attr]
    (transmit,) = bench.ua.take_output()
    lines = transmit.data.decode().split("\r\n")

    assert lines[0] == "SIP/2.0 180 Ringing"
    assert "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds;received=192.0.2.20" in lines
    assert "From: Alice <sip:alice@atlanta.com>;tag=1928301774" in lines
    assert "CSeq: 314159 INVITE" in lines
    assert f"Contact: <sip:twoleg@{US.host}:5060>" in lines
    assert "Content-Length: 0" in lines
