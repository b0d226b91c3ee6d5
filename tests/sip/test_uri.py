"""SIP URIs: RFC 3261 19.1, with its own examples of what is equivalent and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.sip.errors import SipParseError
from twoleg.sip.uri import SipUri, TelUri, escape_user, parse_uri, scheme_of


@pytest.mark.parametrize(
    "text",
    [
        # RFC 3261 19.1.3
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        # RFC 5118 and the usual
        "sip:[2001:db8::10]",
        "sip:[2001:db8::10]:5070",
        "sip:user@[2001:db8::10]:5070;transport=udp",
        "sip:user@[::ffff:192.0.2.10]:19823",
        "sip:127.0.0.1:5060;lr",
        "sip:a:@example.com",
        "sip:*21#@example.com",  # what phones send for dialled codes, '#' unescaped
    ],
)
def test_uri_prints_as_it_came(text: str) -> None:
    assert str(SipUri.parse(text)) == text


def test_every_part_is_read() -> None:
    uri = SipUri.parse("SIPS:alice:secret@Atlanta.com:5061;Transport=TCP;lr?Subject=x%20y&a=")
    assert uri == SipUri(
        scheme="sips",
        user="alice",
        password="secret",
        host="Atlanta.com",
        port=5061,
        params={"transport": "TCP", "lr": None},
        headers={"Subject": "x%20y", "a": ""},
    )
    assert uri.transport == "tcp"
    assert uri.is_loose_router


def test_ipv6_reference_keeps_its_brackets_apart_from_the_port() -> None:
    uri = SipUri.parse("sip:[2001:db8::10:5070]")
    assert (uri.host, uri.port) == ("[2001:db8::10:5070]", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@example.com",
        "sip:a@b@c",
        "sip:user@",
        "sip:user@host:port",
        "sip:user@host:70000",
        "sip:user@host:-1",
        "sip:user@host:٣",
        "sip:user@ho st",
        "sip:us er@host",
        "sip:user@host;;lr",
        "sip:user@host;a=1;A=2",
        "sip:user@host?x",
        "sip:user%4@host",
        "sip:%zz@host",
        "sip:user@[2001:db8::10",
        "sip:user@[]",
        "sip:user@[::1]x",
        "sip:user@[::1]:",
        "sip:2001:db8::10",
        'sip:us"er@host',
        "sip:us<er@host",
        "sip:üser@host",
        "sip:a:p#@host",
        "sip:user@höst",
        "sip:user@host\r\n",
    ],
)
def test_malformed_uri_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        SipUri.parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # RFC 3261 19.1.4, "the URIs within each of the following sets are equivalent"
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_equivalent_uris_of_the_rfc_are_equivalent(one: str, other: str) -> None:
    assert SipUri.parse(one).equivalent(SipUri.parse(other))
    assert SipUri.parse(other).equivalent(SipUri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # RFC 3261 19.1.4, "the URIs within each of the following sets are not equivalent"
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ("sip:bob:x@biloxi.com", "sip:bob@biloxi.com"),
    ],
)
def test_different_uris_of_the_rfc_are_different(one: str, other: str) -> None:
    assert not SipUri.parse(one).equivalent(SipUri.parse(other))
    assert not SipUri.parse(other).equivalent(SipUri.parse(one))


def test_equivalence_is_not_transitive_just_as_the_rfc_says() -> None:
    plain, on, off = [SipUri.parse(f"sip:carol@chicago.com{tail}") for tail in ("", ";security=on", ";security=off")]
    assert plain.equivalent(on)
    assert plain.equivalent(off)
    assert not on.equivalent(off)


def test_tel_uri_is_kept_whole() -> None:
    uri = parse_uri("tel:+49-30-1234;phone-context=example.com")
    assert uri == TelUri("tel:+49-30-1234;phone-context=example.com")
    assert isinstance(uri, TelUri)
    assert uri.number == "+49-30-1234"
    assert str(uri) == "tel:+49-30-1234;phone-context=example.com"


@pytest.mark.parametrize("text", ["mailto:a@b", "tel:", "http://example.com", "nothing"])
def test_scheme_we_do_not_speak_is_a_416(text: str) -> None:
    with pytest.raises(SipParseError) as caught:
        parse_uri(text)
    assert caught.value.status == 416


def test_scheme_is_lower_case() -> None:
    assert scheme_of("SoAp.Beep://x") == "soap.beep"
    with pytest.raises(SipParseError):
        scheme_of("<sip:a@b>")


@given(st.text(min_size=1, max_size=40))
def test_any_text_can_be_the_user_once_escaped(text: str) -> None:
    user = escape_user(text)
    assert SipUri.parse(f"sip:{user}@example.com").user == user


@given(st.text(alphabet='sip:a@[]1.;=?&%20"<> ,', max_size=60))
def test_parsed_uri_is_a_fixed_point_of_printing(text: str) -> None:
    try:
        uri = SipUri.parse(text)
    except SipParseError:
        return
    assert SipUri.parse(str(uri)) == uri
    assert uri.equivalent(uri)
