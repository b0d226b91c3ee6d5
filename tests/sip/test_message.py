"""Messages: typed access, encoding, and the answers of RFC 3261 8.2.6."""

from __future__ import annotations

import pytest

from twoleg.sip.errors import SipEncodeError, SipParseError
from twoleg.sip.headers import CSeq, Headers, NameAddr, Reason
from twoleg.sip.message import Request, Response, response_to, response_to_malformed
from twoleg.sip.parser import parse_datagram
from twoleg.sip.status import phrase_of


def invite(*extra: tuple[str, str], method: str = "INVITE") -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport"),
        ("Via", "SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK2"),
        ("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"),
        ("Max-Forwards", "70"),
        ("From", '"Alice" <sip:alice@example.com>;tag=a1'),
        ("To", "<sip:bob@example.com>"),
        ("Call-ID", "c1@example.com"),
        ("CSeq", f"1 {method}"),
        ("Contact", "<sip:alice@192.0.2.1>"),
        ("Timestamp", "54"),
    ]
    return Request(method, "sip:bob@example.com", Headers([*fields, *extra]))


def test_typed_properties_read_their_headers() -> None:
    message = invite(("Reason", 'Q.850;cause=16;text="bye", SIP;cause=200'), ("c", "Application/SDP; charset=x"))
    assert message.via.branch == "z9hG4bK1"
    assert [via.transport for via in message.vias] == ["UDP", "TCP"]
    assert message.from_ == NameAddr("Alice", "sip:alice@example.com", {"tag": "a1"})
    assert message.to == NameAddr("", "sip:bob@example.com")
    assert message.cseq == CSeq(1, "INVITE")
    assert message.call_id == "c1@example.com"
    assert [address.uri for address in message.contacts] == ["sip:alice@192.0.2.1"]
    assert [address.uri for address in message.record_routes] == ["sip:p2;lr", "sip:p1;lr"]
    assert message.routes == []
    assert message.reasons == [Reason("Q.850", 16, "bye"), Reason("SIP", 200)]
    assert message.content_type == "application/sdp"


def test_absent_lists_are_empty_and_absent_content_type_is_no_text() -> None:
    message = Response(200, "OK", Headers())
    assert (message.contacts, message.reasons, message.record_routes, message.content_type) == ([], [], [], "")


@pytest.mark.parametrize("name", ["Via", "From", "To", "CSeq", "Call-ID"])
def test_missing_mandatory_header_is_a_parse_error(name: str) -> None:
    message = invite()
    message.headers.remove(name)
    attribute = {"Via": "via", "From": "from_", "To": "to", "CSeq": "cseq", "Call-ID": "call_id"}[name]
    with pytest.raises(SipParseError, match=name):
        getattr(message, attribute)


def test_malformed_reason_is_skipped_and_the_others_are_kept() -> None:
    assert invite(("Reason", ";;"), ("Reason", "Q.850;cause=17")).reasons == [Reason("Q.850", 17)]


def test_wildcard_contact_is_a_star() -> None:
    message = invite()
    message.headers.set("Contact", "*")
    assert message.contacts == [NameAddr("", "*")]


def test_option_tags_are_gathered_from_all_lines() -> None:
    message = invite(("Supported", "Timer, 100rel"), ("k", "path"), ("Allow", "INVITE, ACK"))
    assert message.options("Supported") == ["timer", "100rel", "path"]
    assert message.options("Allow") == ["INVITE", "ACK"]
    assert message.options("Require") == []


def test_encoding_counts_octets_and_puts_one_content_length_last() -> None:
    message = Request("INFO", "sip:a@b", Headers([("l", "999"), ("Subject", "grüße")]), "ü".encode())
    assert message.encode() == "INFO sip:a@b SIP/2.0\r\nSubject: grüße\r\nContent-Length: 2\r\n\r\nü".encode()


def test_octets_that_are_not_utf8_go_out_as_they_came_in() -> None:
    data = invite(("Subject", "x")).encode().replace(b"Subject: x", b"Subject: \xff\xfe")
    assert b"Subject: \xff\xfe\r\n" in parse_datagram(data).encode()


@pytest.mark.parametrize("value", ["x\r\nEvil: 1", "x\nEvil: 1", "x\rEvil: 1", "\ud800"])
def test_value_that_would_break_the_message_never_reaches_the_wire(value: str) -> None:
    with pytest.raises(SipEncodeError):
        Response(200, "OK", Headers([("Subject", value)])).encode()
    with pytest.raises(SipEncodeError):
        Response(200, value, Headers()).encode()


def test_answer_copies_what_the_rfc_lists_and_adds_the_tag() -> None:
    answer = response_to(invite(), 404, to_tag="b1")
    assert (answer.status, answer.reason) == (404, "Not Found")
    assert list(answer.headers) == [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport"),
        ("Via", "SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK2"),
        ("From", '"Alice" <sip:alice@example.com>;tag=a1'),
        ("To", "<sip:bob@example.com>;tag=b1"),
        ("Call-ID", "c1@example.com"),
        ("CSeq", "1 INVITE"),
    ]
    assert answer.to.tag == "b1"


def test_answer_keeps_a_tag_that_is_there() -> None:
    request = invite()
    request.headers.set("To", "<sip:bob@example.com>;tag=old")
    assert response_to(request, 200, to_tag="new").to.tag == "old"


@pytest.mark.parametrize(
    ("status", "method", "has_route"),
    [(100, "INVITE", False), (180, "INVITE", True), (200, "INVITE", True), (200, "BYE", False), (486, "INVITE", False)],
)
def test_record_route_goes_into_answers_that_make_dialogs(status: int, method: str, *, has_route: bool) -> None:
    assert ("Record-Route" in response_to(invite(method=method), status).headers) is has_route


def test_timestamp_goes_into_the_100_alone() -> None:
    assert response_to(invite(), 100).headers.get("Timestamp") == "54"
    assert "Timestamp" not in response_to(invite(), 180).headers


def test_answer_may_have_a_phrase_of_its_own() -> None:
    assert response_to(invite(), 486, "Im Urlaub").start_line == "SIP/2.0 486 Im Urlaub"


@pytest.mark.parametrize(
    ("status", "phrase"), [(180, "Ringing"), (199, "Early Dialog Terminated"), (299, "OK"), (499, "Bad Request")]
)
def test_unknown_status_has_the_phrase_of_its_class(status: int, phrase: str) -> None:
    assert phrase_of(status) == phrase


def test_refused_request_is_answered_with_what_it_had() -> None:
    data = invite().encode().replace(b"CSeq: 1 INVITE", b"CSeq: x INVITE")
    with pytest.raises(SipParseError) as caught:
        parse_datagram(data)
    answer = response_to_malformed(caught.value, to_tag="t9")
    assert answer is not None
    assert answer.status == 400
    assert answer.headers.get("CSeq") == "x INVITE"
    assert answer.headers.get("To") == "<sip:bob@example.com>;tag=t9"
    assert len(answer.headers.get_all("Via")) == 2


@pytest.mark.parametrize("start_line", [b"ACK sip:b@c SIP/2.0", b"SIP/2.0 200 OK", b"SIP/9.0 200 OK"])
def test_refused_ack_or_response_is_never_answered(start_line: bytes) -> None:
    data = start_line + invite().encode().partition(b" SIP/2.0")[2].replace(b"CSeq: 1 INVITE", b"CSeq: x")
    with pytest.raises(SipParseError) as caught:
        parse_datagram(data)
    assert caught.value.status is None
    assert response_to_malformed(caught.value, to_tag="t") is None


def test_refusal_without_headers_is_not_answered() -> None:
    assert response_to_malformed(SipParseError("nothing at all"), to_tag="t") is None


def test_messages_show_their_first_line_to_a_debugger() -> None:
    assert repr(invite()) == "<Request 'INVITE sip:bob@example.com SIP/2.0'>"
    assert repr(Response(200, "OK", Headers())) == "<Response 'SIP/2.0 200 OK'>"
    assert repr(Headers([("a", "b")])) == "Headers([('Accept-Contact', 'b')])"
