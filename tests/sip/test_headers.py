"""The collection of header fields, and the values in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.sip.errors import SipParseError
from twoleg.sip.header_names import canonical_name
from twoleg.sip.headers import CSeq, Headers, NameAddr, Reason, Via
from twoleg.sip.syntax import quote, split_list, unquote


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("v", "Via"),
        ("V", "Via"),
        ("VIA", "Via"),
        ("i", "Call-ID"),
        ("call-id", "Call-ID"),
        ("cSeQ", "CSeq"),
        ("www-authenticate", "WWW-Authenticate"),
        ("l", "Content-Length"),
        ("x", "Session-Expires"),
        ("p-asserted-identity", "P-Asserted-Identity"),
        ("x-my-OWN", "X-My-Own"),
    ],
)
def test_name_has_one_spelling(given_name: str, name: str) -> None:
    assert canonical_name(given_name) == name


def test_headers_are_found_under_any_spelling_in_order() -> None:
    headers = Headers([("v", "one"), ("To", "x"), ("VIA", "two")])
    assert headers.get("via") == "one"
    assert headers.get_all("V") == ["one", "two"]
    assert headers.get("Route") is None
    assert "T" in headers
    assert "Route" not in headers
    assert list(headers) == [("Via", "one"), ("To", "x"), ("Via", "two")]
    assert len(headers) == 3


def test_set_replaces_all_in_the_place_of_the_first() -> None:
    headers = Headers([("Via", "one"), ("To", "x"), ("Via", "two"), ("From", "y")])
    headers.set("v", "only")
    assert list(headers) == [("Via", "only"), ("To", "x"), ("From", "y")]
    headers.set("Route", "new")
    assert list(headers)[-1] == ("Route", "new")


def test_replace_first_leaves_the_others() -> None:
    headers = Headers([("To", "x"), ("Via", "one"), ("Via", "two")])
    headers.replace_first("Via", "changed")
    assert list(headers) == [("To", "x"), ("Via", "changed"), ("Via", "two")]


def test_insert_first_add_and_remove() -> None:
    headers = Headers([("To", "x")])
    headers.insert_first("v", "top")
    headers.add("m", "end")
    assert list(headers) == [("Via", "top"), ("To", "x"), ("Contact", "end")]
    headers.remove("t")
    headers.remove("t")
    assert list(headers) == [("Via", "top"), ("Contact", "end")]


def test_copy_is_independent() -> None:
    headers = Headers([("To", "x")])
    copy = headers.copy()
    copy.add("Via", "y")
    assert headers == Headers([("t", "x")])
    assert headers != copy


def test_parsed_value_follows_every_change_of_its_field() -> None:
    def first(headers: Headers) -> str | None:
        reads.append(1)
        return headers.get("Via")

    reads: list[int] = []
    headers = Headers([("Via", "a")])
    assert [headers.parsed("Via", first), headers.parsed("Via", first)] == ["a", "a"]
    assert len(reads) == 1
    headers.insert_first("Via", "b")
    assert headers.parsed("Via", first) == "b"
    headers.replace_first("Via", "c")
    assert headers.parsed("Via", first) == "c"
    headers.set("Via", "d")
    assert headers.parsed("Via", first) == "d"
    headers.remove("Via")
    assert headers.parsed("Via", first) is None
    headers.add("Via", "e")
    assert headers.parsed("Via", first) == "e"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a, b,c", ["a", "b", "c"]),
        ('"x, y" <sip:a@b>, <sip:c,d@e>;q="1,2"', ['"x, y" <sip:a@b>', '<sip:c,d@e>;q="1,2"']),
        (r'"a\",b", c', [r'"a\",b"', "c"]),
    ],
)
def test_list_is_cut_at_commas_outside_quotes_and_brackets(text: str, parts: list[str]) -> None:
    assert split_list(text) == parts


@pytest.mark.parametrize("text", ["", "a,", ",a", "a,,b", '"a, b', "<sip:a, b"])
def test_list_with_a_hole_or_an_open_end_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        split_list(text)


@given(st.text(max_size=30))
def test_quoting_is_undone_by_unquoting(text: str) -> None:
    assert unquote(quote(text)) == text
    assert split_list(quote(text)) == [quote(text)]


def test_via_is_read_and_printed() -> None:
    via = Via.parse("SIP/2.0/udp 192.0.2.1:5062;branch=z9hG4bK1;rport=5060;received=10.0.0.1;ttl=1")
    assert (via.transport, via.host, via.port) == ("UDP", "192.0.2.1", 5062)
    assert (via.branch, via.received, via.rport, via.wants_rport) == ("z9hG4bK1", "10.0.0.1", 5060, True)
    assert str(via) == "SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1;rport=5060;received=10.0.0.1;ttl=1"


def test_via_asks_for_rport_without_a_value() -> None:
    via = Via.parse("SIP/2.0/UDP host;rport;branch=x")
    assert (via.wants_rport, via.rport) == (True, None)
    filled = via.with_params(received="10.0.0.1", rport="5555")
    assert str(filled) == "SIP/2.0/UDP host;rport=5555;branch=x;received=10.0.0.1"


def test_via_with_an_ipv6_host() -> None:
    via = Via.parse("SIP/2.0/UDP [2001:db8::9:1]:5070;received=2001:db8::9:255;branch=z9hG4bKas3-111")
    assert (via.host, via.port, via.received) == ("[2001:db8::9:1]", 5070, "2001:db8::9:255")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 host",
        "SIP/1.0/UDP host",
        "SIP/2.0/UDP host:x",
        "SIP/2.0/UDP host:70000",
        "SIP/2.0/UDP ho st",
        "SIP/2.0/UDP host;",
        "SIP/2.0/UDP host;branch=a;branch=b",
        "SIP/2.0/UDP host;=a",
        "SIP/2.0/U P host",
    ],
)
def test_malformed_via_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        Via.parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<sip:a@b>", NameAddr("", "sip:a@b")),
        ("sip:a@b", NameAddr("", "sip:a@b")),
        ("sip:a@b;tag=1", NameAddr("", "sip:a@b", {"tag": "1"})),
        ("<sip:a@b;lr>;tag=1;x", NameAddr("", "sip:a@b;lr", {"tag": "1", "x": None})),
        ("Bob  the Builder <sip:a@b>", NameAddr("Bob the Builder", "sip:a@b")),
        (r'"Bob \"B\" \\" <sip:a@b>', NameAddr('Bob "B" \\', "sip:a@b")),
        ('"<sip:x@y>" <sip:a@b>', NameAddr("<sip:x@y>", "sip:a@b")),
        ('<sip:a@b>;p="x;y"', NameAddr("", "sip:a@b", {"p": '"x;y"'})),
        ('"" <sip:a@b>', NameAddr("", "sip:a@b")),
        ("<tel:+4930>", NameAddr("", "tel:+4930")),
    ],
)
def test_address_is_read(text: str, value: NameAddr) -> None:
    assert NameAddr.parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "a@b",
        "<sip:a@b",
        "<>",
        "sip:a@b>",
        '"Bob <sip:a@b>',
        '"Bob" x <sip:a@b>',
        "<sip:a@b> x",
        "<sip:a@b>,tag=1",
        "<sip:a@b>;;tag=1",
        "<sip:a@b>;tag=1;TAG=2",
        "sip:a@b?x=y",
        "sip:a@b,sip:c@d",
        "<sip:a b@c>",
        "<sip:a\x00@c>",
        'Bo"b <sip:a@b>',
    ],
)
def test_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        NameAddr.parse(text)


def test_tag_is_set_without_touching_the_rest() -> None:
    address = NameAddr("Bob", "sip:b@c", {"x": None})
    assert str(address.with_tag("77")) == '"Bob" <sip:b@c>;x;tag=77'
    assert address.tag is None
    assert str(address.with_tag("77").without_params()) == '"Bob" <sip:b@c>'


@given(st.text(max_size=30))
def test_any_display_name_survives_printing(display: str) -> None:
    assert NameAddr.parse(str(NameAddr(display, "sip:a@b"))) == NameAddr(display, "sip:a@b")


def test_cseq_number_ends_at_31_bits() -> None:
    assert CSeq.parse("2147483647   INVITE") == CSeq(2**31 - 1, "INVITE")
    assert str(CSeq(7, "BYE")) == "7 BYE"


@pytest.mark.parametrize("text", ["", "1", "INVITE", "1 IN VITE", "-1 INVITE", "2147483648 INVITE", "1 <", "², INVITE"])
def test_malformed_cseq_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        CSeq.parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # RFC 3326 2
        ('SIP ;cause=200 ;text="Call completed elsewhere"', Reason("SIP", 200, "Call completed elsewhere")),
        ('Q.850 ;cause=16 ;text="Terminated"', Reason("Q.850", 16, "Terminated")),
        ("Q.850;cause=16", Reason("Q.850", 16)),
        ("Q.850;cause=abc", Reason("Q.850")),
        ("preemption", Reason("preemption")),
    ],
)
def test_reason_is_read(text: str, value: Reason) -> None:
    assert Reason.parse(text) == value


def test_reason_is_printed_with_its_text_quoted() -> None:
    assert str(Reason("Q.850", 34, 'no "circuit"')) == r'Q.850;cause=34;text="no \"circuit\""'
    assert str(Reason("SIP", 600)) == "SIP;cause=600"
