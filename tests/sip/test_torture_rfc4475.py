"""The torture messages of RFC 4475, and what that RFC says an element does with each."""

from __future__ import annotations

from pathlib import Path

import pytest

from twoleg.sip.errors import SdpError, SipParseError
from twoleg.sip.headers import CSeq, NameAddr, Via
from twoleg.sip.message import Request, Response, response_to_malformed
from twoleg.sip.parser import parse_datagram
from twoleg.sip.sdp import SessionDescription
from twoleg.sip.uri import SipUri, scheme_of

TORTURE = Path(__file__).parent / "torture"

WELL_FORMED = {
    "wsinv": "3.1.1.1",
    "intmeth": "3.1.1.2",
    "esc01": "3.1.1.3",
    "escnull": "3.1.1.4",
    "esc02": "3.1.1.5",
    "lwsdisp": "3.1.1.6",
    "longreq": "3.1.1.7",
    "dblreq": "3.1.1.8",
    "semiuri": "3.1.1.9",
    "transports": "3.1.1.10",
    "mpart01": "3.1.1.11",
    "unreason": "3.1.1.12",
    "noreason": "3.1.1.13",
    # Faults above the grammar: the parser hands them on, the user agent decides.
    "badbranch": "3.2.1",
    "unkscm": "3.3.2",
    "novelsc": "3.3.3",
    "unksm2": "3.3.4",
    "bext01": "3.3.5",
    "invut": "3.3.6",
    "regaut01": "3.3.7",
    "bcast": "3.3.10",
    "zeromf": "3.3.11",
    "cparam01": "3.3.12",
    "cparam02": "3.3.13",
    "regescrt": "3.3.14",
    "sdp01": "3.3.15",
    "inv2543": "3.4.1",
}
TOLERATED = {
    "baddate": "3.1.2.12",  # the Date is malformed, and only who reads Date has to mind: we never do
    "badaspec": "3.1.2.14",  # liberal: spaces inside <> are dropped
    "baddn": "3.1.2.15",  # liberal: a comma in an unquoted display name is taken as part of it
}
REFUSED: dict[str, tuple[str, int | None]] = {
    "badinv01": ("3.1.2.1", 400),
    "clerr": ("3.1.2.2", 400),
    "ncl": ("3.1.2.3", 400),
    "scalar02": ("3.1.2.4", 400),
    "scalarlg": ("3.1.2.5", None),  # a response: discarded
    "quotbal": ("3.1.2.6", 400),
    "ltgtruri": ("3.1.2.7", 400),
    "lwsruri": ("3.1.2.8", 400),  # tolerating the white space would be allowed too
    "lwsstart": ("3.1.2.9", 400),  # likewise
    "trws": ("3.1.2.10", 400),  # likewise
    "escruri": ("3.1.2.11", 400),  # header fields do not belong in a Request-URI, RFC 3261 19.1.1
    "regbadct": ("3.1.2.13", 400),
    "badvers": ("3.1.2.16", 505),
    "mismatch01": ("3.1.2.17", 400),
    "mismatch02": ("3.1.2.18", 400),  # 501 is the other allowed answer
    "bigcode": ("3.1.2.19", None),  # a response: discarded
    "insuf": ("3.3.1", 400),
    "multi01": ("3.3.8", 400),
    "mcl01": ("3.3.9", 400),
}


def octets(name: str) -> bytes:
    return (TORTURE / f"{name}.dat").read_bytes()


def request(name: str) -> Request:
    message = parse_datagram(octets(name))
    assert isinstance(message, Request)
    return message


def response(name: str) -> Response:
    message = parse_datagram(octets(name))
    assert isinstance(message, Response)
    return message


def refusal(name: str) -> SipParseError:
    with pytest.raises(SipParseError) as caught:
        parse_datagram(octets(name))
    return caught.value


def test_every_message_of_the_rfc_has_a_verdict() -> None:
    files = {path.stem for path in TORTURE.glob("*.dat")}
    assert files == WELL_FORMED.keys() | TOLERATED.keys() | REFUSED.keys()
    assert len(files) == 49


@pytest.mark.parametrize("name", [*WELL_FORMED, *TOLERATED])
def test_well_formed_message_is_read_and_survives_being_sent_on(name: str) -> None:
    message = parse_datagram(octets(name))
    again = parse_datagram(message.encode())
    assert again.start_line == message.start_line
    assert again.body == message.body
    without_length = [item for item in message.headers if item[0] != "Content-Length"]
    assert [item for item in again.headers if item[0] != "Content-Length"] == without_length


@pytest.mark.parametrize(("name", "status"), [(name, status) for name, (_, status) in REFUSED.items()])
def test_malformed_message_is_refused_with_the_status_the_rfc_names(name: str, status: int | None) -> None:
    assert refusal(name).status == status


@pytest.mark.parametrize(("name", "status"), [(name, status) for name, (_, status) in REFUSED.items()])
def test_refused_request_can_be_answered_and_a_refused_response_cannot(name: str, status: int | None) -> None:
    answer = response_to_malformed(refusal(name), to_tag="t")
    assert (None if answer is None else answer.status) == status


def test_wsinv_folding_and_white_space_change_nothing() -> None:
    message = request("wsinv")
    assert message.uri == "sip:vivekg@chair-dnrc.example.com;unknownparam"
    assert message.to == NameAddr("", "sip:vivekg@chair-dnrc.example.com", {"tag": "1918181833n"})
    assert message.from_ == NameAddr('J Rosenberg \\"', "sip:jdrosen@example.com", {"tag": "98asjd8"})
    assert message.headers.get("Max-Forwards") == "0068"
    assert message.cseq == CSeq(9, "INVITE")
    assert message.vias == [
        Via("UDP", "192.0.2.2", None, {"branch": "390skdjuw"}),
        Via("TCP", "spindle.example.com", None, {"branch": "z9hG4bK9ikj8"}),
        Via("UDP", "192.168.255.111", None, {"branch": "z9hG4bK30239"}),
    ]
    assert message.headers.get("Subject") == ""
    assert message.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert message.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    (route,) = message.routes
    assert SipUri.parse(route.uri).params == {"lr": None, "unknownwith": "value", "unknown-no-value": None}
    expected = {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert message.contacts == [NameAddr('Quoted string ""', "sip:jdrosen@example.com", expected)]
    assert SessionDescription.parse(message.body).audio_address == "192.0.2.4"


def test_intmeth_tokens_may_hold_every_token_character() -> None:
    message = request("intmeth")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    uri = SipUri.parse(message.uri)
    assert uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert uri.host == "example.com"
    assert str(uri) == message.uri
    assert message.via.branch == "z9hG4bK-.!%66*_+`'~"
    assert message.to.display == "BEL:\a NUL:\0 DEL:\x7f"
    assert message.from_.display == "token1~` token2'+_ token3*%!.-"
    assert message.from_.params == {"fromparam''~+*_!.-%": '"работающий"', "tag": "_token~1'+`*%!-."}
    assert message.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_esc01_percent_escapes_are_kept_and_compared_decoded() -> None:
    message = request("esc01")
    uri = SipUri.parse(message.uri)
    assert (uri.user, uri.host) == ("sips%3Auser%40example.com", "example.net")
    assert SipUri.parse(message.to.uri).equivalent(SipUri.parse("sip:user@example.com"))
    (contact,) = message.contacts
    assert SipUri.parse(contact.uri).params == {"%6c%72": None, "n%61me": "v%61lue%25%34%31"}


def test_escnull_escaped_null_octets_stay_two_different_contacts() -> None:
    message = request("escnull")
    first, second = [SipUri.parse(contact.uri) for contact in message.contacts]
    assert (first.user, second.user) == ("%00", "%00%00")
    assert not first.equivalent(second)


def test_esc02_percent_is_no_escape_outside_uris() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert message.to.display == "%Z%45"
    assert [contact.uri for contact in message.contacts] == [
        "sip:alias1@host1.example.com",
        "sip:alias3@host3.example.com",
    ]
    assert message.headers.get("C%6Fntact") == "<sip:alias2@host2.example.com>"


def test_lwsdisp_display_name_needs_no_space_before_the_bracket() -> None:
    assert request("lwsdisp").from_ == NameAddr("caller", "sip:caller@example.com", {"tag": "323"})


def test_longreq_long_values_are_read_whole() -> None:
    message = request("longreq")
    assert len(message.vias) == 34
    assert message.vias[33].received == "192.0.2.5"
    assert message.from_.tag == "12" + "982" * 50 + "424"
    assert message.call_id == "longreq.one" + "really" * 20 + "longcallid"
    assert SipUri.parse(message.to.uri).port == 6000
    assert len(message.body) == 150


def test_dblreq_octets_after_the_body_are_ignored() -> None:
    message = request("dblreq")
    assert (message.method, message.body) == ("REGISTER", b"")
    assert message.call_id == "dblreq.0ha0isndaksdj99sdfafnl3lk233412"


def test_semiuri_semicolon_in_the_user_part_starts_no_parameter() -> None:
    uri = SipUri.parse(request("semiuri").uri)
    assert (uri.user, uri.host, uri.params) == ("user;par=u%40example.net", "example.com", {})


def test_transports_unknown_transport_in_via_is_fine() -> None:
    assert [via.transport for via in request("transports").vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01_binary_body_is_kept_octet_for_octet() -> None:
    message = request("mpart01")
    assert message.content_type == "multipart/mixed"
    assert len(message.body) == 553
    assert bytes.fromhex("3082015206092A864886F70D010702") in message.body
    assert message.body.count(b"\0") == 2


def test_unreason_reason_phrase_may_be_any_utf8() -> None:
    message = response("unreason")
    assert message.status == 200
    assert message.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"


def test_noreason_reason_phrase_may_be_empty() -> None:
    message = response("noreason")
    assert (message.status, message.reason) == (100, "")


def test_badaspec_spaces_in_angle_brackets_are_dropped() -> None:
    assert request("badaspec").to == NameAddr("Watson, Thomas", "sip:t.watson@example.org")


def test_baddn_comma_in_an_unquoted_display_name_is_part_of_it() -> None:
    message = request("baddn")
    assert message.from_ == NameAddr("Bell, Alexander", "sip:a.g.bell@example.com", {"tag": "43"})
    assert str(message.to) == '"Watson, Thomas" <sip:t.watson@example.org>'


def test_badbranch_cookie_without_an_identifier_is_given_as_it_is() -> None:
    assert request("badbranch").via.branch == "z9hG4bK"


@pytest.mark.parametrize(
    ("name", "scheme"), [("unkscm", "nobodyknowsthisscheme"), ("novelsc", "soap.beep"), ("wsinv", "sip")]
)
def test_scheme_of_the_request_uri_is_there_for_the_416(name: str, scheme: str) -> None:
    assert scheme_of(request(name).uri) == scheme


def test_unksm2_other_schemes_may_stand_in_address_headers() -> None:
    message = request("unksm2")
    assert (message.to.uri, message.from_.uri) == ("isbn:2983792873", "http://www.example.com")
    assert message.contacts == [NameAddr("", "name:John_Smith")]


def test_bext01_required_extensions_are_there_for_the_420() -> None:
    message = request("bext01")
    assert message.options("Require") == ["nothingsupportsthis", "nothingsupportsthiseither"]
    assert message.options("Proxy-Require") == ["noproxiessupportthis", "nordoanyproxiessupportthis"]


def test_invut_body_of_an_unknown_type_is_kept_for_the_415() -> None:
    message = request("invut")
    assert message.content_type == "application/unknownformat"
    assert message.body == b'<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n'
    with pytest.raises(SdpError):
        SessionDescription.parse(message.body)


def test_regaut01_unknown_authorization_scheme_is_no_fault_of_the_message() -> None:
    assert request("regaut01").headers.get("Authorization") == "NoOneKnowsThisScheme opaque-data=here"


def test_bcast_second_via_is_visible_to_who_must_discard_the_response() -> None:
    assert [via.host for via in response("bcast").vias] == ["192.0.2.198", "255.255.255.255"]


def test_zeromf_max_forwards_zero_is_well_formed() -> None:
    assert request("zeromf").headers.get("Max-Forwards") == "0"


def test_cparam_parameter_belongs_to_the_header_without_brackets_and_to_the_uri_within() -> None:
    (outside,), (inside,) = request("cparam01").contacts, request("cparam02").contacts
    assert outside == NameAddr("", "sip:+19725552222@gw1.example.net", {"unknownparam": None})
    assert inside == NameAddr("", "sip:+19725552222@gw1.example.net;unknownparam")


def test_regescrt_header_in_a_bracketed_contact_uri_is_kept() -> None:
    (contact,) = request("regescrt").contacts
    assert SipUri.parse(contact.uri).headers == {"Route": "%3Csip:sip.example.com%3E"}


def test_sdp01_accept_is_there_for_the_406() -> None:
    assert request("sdp01").headers.get("Accept") == "text/nobodyKnowsThis"


def test_inv2543_old_request_without_tag_branch_length_and_max_forwards_is_read() -> None:
    message = request("inv2543")
    assert (message.from_.tag, message.via.branch, message.headers.get("Max-Forwards")) == (None, None, None)
    assert message.to.params == {"user": "phone"}
    assert SipUri.parse(message.record_routes[0].uri).params == {"maddr": "ss1.example.com"}
    assert SessionDescription.parse(message.body).audio_address == "192.0.2.5"


def test_insuf_what_is_missing_is_named() -> None:
    assert refusal("insuf").why == "no From"
