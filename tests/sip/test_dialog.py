"""Dialogs: RFC 3261 12."""

from __future__ import annotations

import random

import pytest

from sip.bench import CONTACT, PEER, US, call_in, reply
from twoleg.sip.dialog import Dialog, dialog_key
from twoleg.sip.errors import SipParseError
from twoleg.sip.identity import Identity
from twoleg.sip.message import Request, Response
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer

IDENTITY = Identity(local=US, product="twoleg", random=random.Random(1))


def incoming(*lines: str, method: str = "INVITE") -> Request:
    request = parse_datagram(call_in(method, *lines))
    assert isinstance(request, Request)
    return request


def called(*lines: str) -> Dialog:
    return Dialog.as_callee(incoming(*lines), tag="ours", peer=PEER, identity=IDENTITY)


def caller(*lines: str) -> Dialog:
    invite = incoming()
    response = parse_datagram(reply(invite, "200 OK", *lines))
    assert isinstance(response, Response)
    return Dialog.as_caller(response, target="sip:target@192.0.2.50", peer=PEER, identity=IDENTITY)


def test_the_callee_learns_the_dialog_from_the_invite() -> None:
    dialog = called()

    assert dialog.key == ("in1@192.0.2.20", "ours", "peer")
    assert (dialog.remote_cseq, dialog.target) == (1, "sip:peer@192.0.2.20:5060")


def test_the_caller_learns_the_dialog_from_the_response() -> None:
    dialog = caller(CONTACT)

    assert dialog.key == ("in1@192.0.2.20", "peer", "peer")
    assert (dialog.local_cseq, dialog.target) == (1, "sip:peer@192.0.2.20:5060")


def test_a_response_without_contact_leaves_the_target() -> None:
    assert caller().target == "sip:target@192.0.2.50"


def test_an_invite_without_contact_makes_no_dialog() -> None:
    with pytest.raises(SipParseError):
        called("Contact: *")


def test_requests_of_the_callee_swap_from_and_to() -> None:
    request, peer = called().request("BYE")

    assert (request.from_.tag, request.to.tag) == ("ours", "peer")
    assert (request.uri, peer) == ("sip:peer@192.0.2.20:5060", PEER)
    assert (request.cseq.number, request.headers.get("Max-Forwards")) == (1, "70")


def test_requests_of_the_caller_keep_from_and_to_and_count_up() -> None:
    dialog = caller(CONTACT)

    numbers = [dialog.request("INFO")[0].cseq.number for _ in range(3)]
    request, _ = dialog.request("BYE")

    assert numbers == [2, 3, 4]
    assert (request.cseq.number, request.from_.tag, request.to.tag) == (5, "peer", "peer")


def test_an_ack_has_the_number_of_its_invite() -> None:
    dialog = caller(CONTACT)
    dialog.request("INVITE")

    request, _ = dialog.ack(2, proofs=[])

    assert (request.method, request.cseq.number, request.cseq.method) == ("ACK", 2, "ACK")
    assert dialog.local_cseq == 2


def test_the_caller_takes_the_record_route_backwards() -> None:
    dialog = caller(CONTACT, "Record-Route: <sip:192.0.2.2;lr>, <sip:192.0.2.1:5080;lr>")

    request, peer = dialog.request("BYE")

    assert request.headers.get_all("Route") == ["<sip:192.0.2.1:5080;lr>", "<sip:192.0.2.2;lr>"]
    assert (request.uri, peer) == ("sip:peer@192.0.2.20:5060", Peer("udp", "192.0.2.1", 5080))


def test_the_callee_takes_the_record_route_as_it_is() -> None:
    dialog = called("Record-Route: <sip:192.0.2.2;lr>", "Record-Route: <sip:192.0.2.1;lr>")

    request, peer = dialog.request("BYE")

    assert request.headers.get_all("Route") == ["<sip:192.0.2.2;lr>", "<sip:192.0.2.1;lr>"]
    assert peer == Peer("udp", "192.0.2.2", 5060)


def test_a_strict_router_gets_the_request_uri_and_the_target_goes_last() -> None:
    dialog = called("Record-Route: <sip:192.0.2.2;method=INVITE;x=1>, <sip:192.0.2.1;lr>")

    request, peer = dialog.request("BYE")

    assert request.uri == "sip:192.0.2.2;x=1"
    assert request.headers.get_all("Route") == ["<sip:192.0.2.1;lr>", "<sip:peer@192.0.2.20:5060>"]
    assert peer == Peer("udp", "192.0.2.2", 5060)


def test_route_parameters_outside_the_uri_survive() -> None:
    request, _ = called("Record-Route: <sip:192.0.2.2;lr>;did=5").request("BYE")

    assert request.headers.get("Route") == "<sip:192.0.2.2;lr>;did=5"


def test_a_refresh_moves_the_target_but_not_the_route() -> None:
    dialog = called("Record-Route: <sip:192.0.2.2;lr>")
    dialog.request("INFO")

    dialog.refresh_target(incoming("Contact: <sip:moved@192.0.2.77>", "Record-Route: <sip:192.0.2.9;lr>"))

    request, _ = dialog.request("BYE")
    assert request.uri == "sip:moved@192.0.2.77"
    assert request.headers.get_all("Route") == ["<sip:192.0.2.2;lr>"]


def test_a_refresh_without_contact_changes_nothing() -> None:
    dialog = called()

    dialog.refresh_target(incoming(method="INFO"))

    assert dialog.target == "sip:peer@192.0.2.20:5060"


@pytest.mark.parametrize(
    ("contact", "goes_to"),
    [
        ("sip:peer@192.0.2.44:5090", Peer("udp", "192.0.2.44", 5090)),
        ("sip:192.0.2.44", Peer("udp", "192.0.2.44", 5060)),
        ("sips:192.0.2.44", Peer("udp", "192.0.2.44", 5061)),
        ("sip:peer@[2001:db8::9]:5090", Peer("udp", "2001:db8::9", 5090)),
        ("sip:peer@host.example;maddr=192.0.2.45", Peer("udp", "192.0.2.45", 5060)),
        ("sip:peer@host.example", PEER),
        ("sip:peer@192.0.2.20;transport=UDP", PEER),
        ("tel:+4930123456", PEER),
    ],
)
def test_requests_go_to_the_address_in_the_target_or_else_to_the_peer(contact: str, goes_to: Peer) -> None:
    _, peer = called(f"Contact: <{contact}>").request("BYE")

    assert peer == goes_to


@pytest.mark.parametrize(
    ("contact", "reached", "goes_to"),
    [
        ("sip:a@10.11.12.13:5060", PEER, PEER),
        ("sip:a@192.168.1.7", PEER, PEER),
        ("sip:a@172.31.0.1", PEER, PEER),
        ("sip:a@172.32.0.1", PEER, Peer("udp", "172.32.0.1", 5060)),
        ("sip:a@100.64.0.1", Peer("udp", "127.0.0.1", 5070), Peer("udp", "127.0.0.1", 5070)),
        ("sip:a@[fd00::1]", Peer("udp", "2001:db8::2", 5060), Peer("udp", "2001:db8::2", 5060)),
        ("sip:a@10.11.12.13", Peer("udp", "10.0.0.1", 5060), Peer("udp", "10.11.12.13", 5060)),
        ("sip:a@10.11.12.13", Peer("udp", "192.168.0.1", 5060), Peer("udp", "10.11.12.13", 5060)),
        ("sip:a@192.0.2.21", Peer("udp", "10.0.0.1", 5060), Peer("udp", "192.0.2.21", 5060)),
    ],
)
def test_a_phone_behind_nat_is_asked_where_it_was_reached(contact: str, reached: Peer, goes_to: Peer) -> None:
    """RFC 3581 1: its Contact names an address of its own network; where we are in that network, too, it is right."""
    identity = Identity(local=[US, Peer("udp", "2001:db8::1", 5060)], product="twoleg", random=random.Random(1))
    dialog = Dialog.as_callee(incoming(f"Contact: <{contact}>"), tag="ours", peer=reached, identity=identity)

    request, peer = dialog.request("BYE")

    assert (request.uri, peer) == (contact, goes_to)


def test_a_recorded_route_is_kept_wherever_it_leads() -> None:
    dialog = caller("Contact: <sip:a@10.11.12.13>", "Record-Route: <sip:10.0.0.9;lr>")

    _, peer = dialog.request("BYE")

    assert peer == Peer("udp", "10.0.0.9", 5060)


def test_headers_in_a_contact_do_not_reach_the_request_uri() -> None:
    request, _ = called("Contact: <sip:peer@192.0.2.20?Subject=x>").request("BYE")

    assert request.uri == "sip:peer@192.0.2.20"


@pytest.mark.parametrize(("number", "is_taken"), [(0, False), (1, False), (2, True), (9, True)])
def test_a_number_that_is_not_higher_is_out_of_order(number: int, is_taken: bool) -> None:  # noqa: FBT001
    assert called().takes(number) is is_taken


def test_the_caller_takes_any_first_number() -> None:
    dialog = caller(CONTACT)

    assert dialog.takes(0)
    assert not dialog.takes(0)


def test_a_request_names_its_dialog_from_the_other_end() -> None:
    request = parse_datagram(call_in("BYE", to_tag="ours"))
    assert isinstance(request, Request)

    assert dialog_key(request) == called().key


def test_a_peer_without_a_tag_has_the_empty_one() -> None:
    response = parse_datagram(reply(incoming(), "200 OK", CONTACT, to_tag=None))
    assert isinstance(response, Response)

    dialog = Dialog.as_caller(response, target="sip:x@192.0.2.50", peer=PEER, identity=IDENTITY)

    assert dialog.key[2] == ""
