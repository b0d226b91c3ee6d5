"""Addresses: what can be bound, advertised, sent to; names only at start."""

from __future__ import annotations

import socket

import pytest

from twoleg.sip.peers import Peer
from twoleg.sip_transport.quiet import Quiet
from twoleg.sip_transport.sockets import AddressError, bind_udp, is_sendable, local_peer, resolve_once, widen_buffers

HERE = Peer("udp", "127.0.0.1", 5060)
THERE = Peer("udp", "127.0.0.2", 5060)


def test_a_socket_bound_to_port_0_tells_its_port() -> None:
    with bind_udp("127.0.0.1", 0) as bound:
        peer = local_peer(bound)
        assert peer.host == "127.0.0.1"
        assert peer.port == bound.getsockname()[1] > 0


def test_the_advertised_host_stands_in_for_the_bound_one() -> None:
    with bind_udp("0.0.0.0", 0) as bound:
        assert local_peer(bound, advertised="192.0.2.7").host == "192.0.2.7"
        assert local_peer(bound, advertised="[2001:db8::7]").host == "2001:db8::7"


def test_a_socket_bound_to_every_address_needs_an_advertised_one() -> None:
    with bind_udp("0.0.0.0", 0) as bound, pytest.raises(AddressError, match="every address"):
        local_peer(bound)


@pytest.mark.parametrize("name", ["sip.example.com", "", "127.0.0.1:5060"])
def test_only_addresses_are_bound_or_advertised(name: str) -> None:
    with pytest.raises(AddressError, match="not an IP address"):
        bind_udp(name, 0)
    with bind_udp("127.0.0.1", 0) as bound, pytest.raises(AddressError, match="not an IP address"):
        local_peer(bound, advertised=name)


def test_an_address_in_use_is_an_error_of_the_kernel() -> None:
    with bind_udp("127.0.0.1", 0) as bound, pytest.raises(OSError, match="in use"):
        bind_udp("127.0.0.1", local_peer(bound).port)


def test_a_name_is_resolved_to_an_address_at_start() -> None:
    assert resolve_once("localhost", 5070).host in ("127.0.0.1", "::1")
    assert resolve_once("[::1]", 5070) == Peer("udp", "::1", 5070)
    assert resolve_once("127.0.0.1", 5070, transport="tcp") == Peer("tcp", "127.0.0.1", 5070)


def test_a_name_without_an_address_is_one_clear_line() -> None:
    with pytest.raises(AddressError, match=r"no address for 'a\.\.b'"):
        resolve_once("a..b", 5070)
    with pytest.raises(AddressError, match="port 0"):
        resolve_once("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("host", "port", "family", "is_possible"),
    [
        ("127.0.0.1", 5060, socket.AF_INET, True),
        ("::1", 5060, socket.AF_INET6, True),
        ("::1", 5060, socket.AF_INET, False),
        ("127.0.0.1", 5060, socket.AF_INET6, False),
        ("127.0.0.1", 0, socket.AF_INET, False),
        ("127.0.0.1", 65536, socket.AF_INET, False),
        ("localhost", 5060, socket.AF_INET, False),
    ],
)
def test_only_addresses_of_the_sockets_family_are_sent_to(
    host: str,
    port: int,
    family: int,
    is_possible: bool,  # noqa: FBT001
) -> None:
    assert is_sendable(Peer("udp", host, port), family) is is_possible


def test_larger_buffers_are_asked_for() -> None:
    with bind_udp("127.0.0.1", 0) as bound:
        before = bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert widen_buffers(bound) * 2 == bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= before


def test_the_log_hears_the_same_trouble_once_in_a_while() -> None:
    quiet = Quiet(every=30, remembered=1)
    assert [quiet.may_tell(HERE, now) for now in (0, 29, 30, 31, 60)] == [True, False, True, False, True]
    assert not quiet.may_tell(THERE, 61)
    assert quiet.may_tell(THERE, 90)
    assert not quiet.may_tell(HERE, 91)
