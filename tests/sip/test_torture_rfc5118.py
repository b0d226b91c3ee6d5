"""The IPv6 torture messages of RFC 5118, and what that RFC says a parser makes of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from twoleg.sip.errors import SipParseError
from twoleg.sip.headers import NameAddr, Via
from twoleg.sip.message import Request
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer
from twoleg.sip.routing import next_hop
from twoleg.sip.sdp import SessionDescription
from twoleg.sip.uri import SipUri

TORTURE = Path(__file__).parent / "torture" / "rfc5118"

WELL_FORMED = {
    "ipv6-good": "4.1",
    "port-ambiguous": "4.3",
    "port-unambiguous": "4.4",
    "via-received-param-with-delim": "4.5",
    "via-received-param-no-delim": "4.5",
    "ipv6-in-sdp": "4.6",
    "mult-ip-in-header": "4.7",
    "mult-ip-in-sdp": "4.8",
    "ipv4-mapped-ipv6": "4.9",
    "ipv6-bug-abnf-3-colons": "4.10",
    "ipv6-correct-abnf-2-colons": "4.10",
}
REFUSED = {"ipv6-bad": "4.2"}


def request(name: str) -> Request:
    message = parse_datagram((TORTURE / f"{name}.dat").read_bytes())
    assert isinstance(message, Request)
    return message


def host_and_port(uri: str) -> tuple[str, int | None]:
    parsed = SipUri.parse(uri)
    return parsed.host, parsed.port


def test_every_message_of_the_rfc_has_a_verdict() -> None:
    files = {path.stem for path in TORTURE.glob("*.dat")}
    assert files == WELL_FORMED.keys() | REFUSED.keys()
    assert len(files) == 12


@pytest.mark.parametrize("name", WELL_FORMED)
def test_well_formed_message_is_read_and_survives_being_sent_on(name: str) -> None:
    message = request(name)
    again = parse_datagram(message.encode())
    assert again.start_line == message.start_line
    assert again.headers == message.headers
    assert again.body == message.body


def test_ipv6_good_references_are_hosts_with_their_brackets() -> None:
    message = request("ipv6-good")
    assert host_and_port(message.uri) == ("[2001:db8::10]", None)
    assert message.vias == [Via("UDP", "[2001:db8::9:1]", None, {"branch": "z9hG4bKas3-111"})]
    assert message.contacts == [NameAddr("Caller", "sip:caller@[2001:db8::1]")]


def test_ipv6_bad_address_without_brackets_is_refused_with_400() -> None:
    with pytest.raises(SipParseError) as caught:
        request("ipv6-bad")
    assert caught.value.status == 400


def test_port_ambiguous_what_stands_in_the_brackets_is_the_address() -> None:
    assert host_and_port(request("port-ambiguous").uri) == ("[2001:db8::10:5070]", None)


def test_port_unambiguous_what_stands_behind_the_brackets_is_the_port() -> None:
    assert host_and_port(request("port-unambiguous").uri) == ("[2001:db8::10]", 5070)


def test_received_is_read_with_and_without_brackets() -> None:
    assert request("via-received-param-with-delim").via.received == "[2001:db8::9:255]"
    assert request("via-received-param-no-delim").via.received == "2001:db8::9:255"


def test_ipv6_in_sdp_addresses_stand_there_without_brackets() -> None:
    description = SessionDescription.parse(request("ipv6-in-sdp").body)
    assert description.origin.address == "2001:db8::20"
    assert description.audio_address == "2001:db8::20"


def test_mult_ip_in_header_both_families_stand_in_one_list_of_vias() -> None:
    assert request("mult-ip-in-header").vias == [
        Via("UDP", "[2001:db8::9:1]", 6050, {"branch": "z9hG4bKas3-111"}),
        Via("UDP", "192.0.2.1", None, {"branch": "z9hG4bKjhja8781hjuaij65144"}),
        Via("TCP", "[2001:db8::9:255]", None, {"branch": "z9hG4bK451jj", "received": "192.0.2.200"}),
    ]


def test_mult_ip_in_sdp_each_stream_has_its_own_address() -> None:
    description = SessionDescription.parse(request("mult-ip-in-sdp").body)
    assert [media.address for media in description.media] == ["192.0.2.1", "2001:db8::1"]
    assert description.audio_address == "192.0.2.1"


def test_ipv4_mapped_addresses_are_ipv6_references() -> None:
    message = request("ipv4-mapped-ipv6")
    assert [(via.host, via.port) for via in message.vias] == [
        ("[::ffff:192.0.2.10]", 19823),
        ("[::ffff:192.0.2.2]", None),
    ]
    assert host_and_port(message.contacts[0].uri) == ("[::ffff:192.0.2.2]", None)
    assert SessionDescription.parse(message.body).audio_address == "::ffff:192.0.2.2"


@pytest.mark.parametrize("name", ["ipv6-bug-abnf-3-colons", "ipv6-correct-abnf-2-colons"])
def test_abnf_bug_the_third_colon_is_read_as_if_it_were_not_there(name: str) -> None:
    """It is kept in what is printed, and left out where a request is sent to."""
    hop = next_hop(request(name).uri, Peer("udp", "192.0.2.1", 5060))
    assert hop == Peer("udp", "2001:db8::192.0.2.1", 5060)


@pytest.mark.parametrize(
    "host",
    ["[2001:db8:::1]", "[1::2::3]", "[1:2]", "[::1", "::1]", "[192.0.2.1]", "[]", "[:]", "[::1%eth0]", "[12345::]"],
)
def test_what_is_no_address_between_brackets_is_refused(host: str) -> None:
    with pytest.raises(SipParseError):
        SipUri.parse(f"sip:a@{host}")
    with pytest.raises(SipParseError):
        Via.parse(f"SIP/2.0/UDP {host};branch=z9hG4bK1")
