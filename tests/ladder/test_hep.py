"""What a HOMER collector gets: packets laid out as HEP3 has it, without secrets, at nobody's cost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fakes.log import NotedLog
from ladder.collector import Collector
from ladder.drawn import AGENT, BEGAN, CUSTOMER, SERIAL, local_for, request, response, seen
from ladder.hep_packet import chunks, number
from patience import eventually
from sip.secret_messages import SECRET, Sent, messages
from twoleg.adapters.hep import HepSender, packet
from twoleg.domain.call import Role


@pytest.fixture
def collector() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(10)
        yield bound


def sender_to(collector: socket.socket, key: str | None = None) -> HepSender:
    return HepSender(collector=collector.getsockname(), agent=2001, key=key, local_for=local_for, log=NotedLog())


def test_each_chunk_of_a_packet_over_ipv4() -> None:
    message = seen(1020.123, Role.AGENT, request("BYE"), out=True)
    found = chunks(packet(message, serial=SERIAL, agent=4_294_967_295, key=None))
    assert found == {
        "family": bytes([2]),
        "protocol": bytes([17]),
        "source4": socket.inet_aton("192.0.2.10"),
        "target4": socket.inet_aton("192.0.2.21"),
        "source_port": (5060).to_bytes(2, "big"),
        "target_port": (5060).to_bytes(2, "big"),
        "seconds": (BEGAN // 1000 + 1).to_bytes(4, "big"),
        "microseconds": (20_123).to_bytes(4, "big"),
        "kind": bytes([1]),
        "agent": (4_294_967_295).to_bytes(4, "big"),
        "correlation": str(SERIAL).encode(),
        "payload": message.data,
    }


def test_each_chunk_that_differs_over_ipv6_and_tcp() -> None:
    message = seen(1, Role.CUSTOMER, response("200 OK"), out=False)
    found = chunks(packet(message, serial=SERIAL, agent=1, key="myhep"))
    assert found["family"] == bytes([10])
    assert found["protocol"] == bytes([6])
    assert found["source6"] == socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    assert found["target6"] == socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    assert (number(found["source_port"]), number(found["target_port"])) == (5070, 5060)
    assert found["key"] == b"myhep"
    assert "source4" not in found


def test_a_collector_of_the_protocols_authors_reads_each_chunk(tmp_path: Path) -> None:
    """Kamailio's sipcapture takes the place of HOMER: what it stores is what it found in which chunk."""
    fields = (
        "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa",
        "From: <sip:a@example.com>;tag=1",
        "To: <sip:b@example.com>",
    )
    called, answered = request("INVITE", *fields), response("200 OK", *fields)
    with Collector.start(tmp_path / "collector") as collector, socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", collector.port))
        over_udp = seen(20.123, Role.AGENT, called, out=True)
        sender.send(packet(over_udp, serial=SERIAL, agent=2001, key="myhep"))
        over_tcp = seen(1020, Role.CUSTOMER, answered, out=False)
        sender.send(packet(over_tcp, serial=SERIAL, agent=4_294_967_295, key=None))
        first, second = collector.stored(2)

    assert (int(first["date"]), int(second["date"])) == (BEGAN // 1000, BEGAN // 1000 + 1)
    assert int(first["micro_ts"]) % 2**32 == (BEGAN * 1000 + 20_123) % 2**32, "its text file holds 32 bits of it"
    told = ("family", "proto", "source_ip", "source_port", "destination_ip", "destination_port", "node")
    assert [first[name] for name in told] == ["2", "1", "192.0.2.10", "5060", "192.0.2.21", "5060", "node:2001"]
    assert [second[name] for name in told] == [
        "10", "2", "2001:db8::7", "5070", "2001:db8::1", "5060", "node:4294967295"
    ]  # fmt: skip
    assert [each["correlation_id"] for each in (first, second)] == [str(SERIAL)] * 2
    assert [each["msg"] for each in (first, second)] == [called.decode(), answered.decode()]


def test_both_legs_of_a_call_arrive_under_its_serial(collector: socket.socket) -> None:
    with closing(sender_to(collector)) as sender:
        sender.tell(SERIAL, (BEGAN * 1000, Role.AGENT, True, AGENT, request("INVITE")))
        sender.tell(SERIAL, (BEGAN * 1000 + 1, Role.CUSTOMER, False, CUSTOMER, response("200 OK", call_id="b1")))
        found = [chunks(collector.recv(65_535)) for _ in range(2)]
    assert [each["correlation"] for each in found] == [str(SERIAL).encode()] * 2
    assert [each["payload"].split(b" ")[0] for each in found] == [b"INVITE", b"SIP/2.0"]
    assert sender.sent == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(messages())
def test_no_secret_reaches_a_collector(collector: socket.socket, sent: Sent) -> None:
    with closing(sender_to(collector)) as sender:
        sender.tell(SERIAL, (BEGAN * 1000, Role.AGENT, False, AGENT, sent.data))
        told = collector.recv(65_535)
    assert chunks(told)["payload"].startswith((b"INVITE", b"SIP/2.0", b"[redacted]"))
    assert SECRET.encode() not in told


def test_a_collector_that_is_not_there_costs_nothing(collector: socket.socket) -> None:
    sender = sender_to(collector)
    collector.close()
    for _ in range(50):
        sender.tell(SERIAL, (BEGAN * 1000, Role.AGENT, True, AGENT, request("INVITE")))
    assert eventually(lambda: sender.sent + sender.unsent == 50, seconds=10)
    sender.close()


def test_more_than_can_be_sent_is_counted_not_kept(collector: socket.socket) -> None:
    sender = sender_to(collector)
    large = request("INFO", body=b"x" * 60_000)
    for _ in range(6_000):
        sender.tell(SERIAL, (BEGAN * 1000, Role.AGENT, True, AGENT, large))
    sender.close()
    assert sender.refused > 0
    assert sender.sent + sender.refused + sender.unsent == 6_000


def test_a_message_too_large_for_a_datagram_is_counted_and_harms_nothing(collector: socket.socket) -> None:
    with closing(sender_to(collector)) as sender:
        oversize = request("INFO", "X: " + "y" * 70_000)
        sender.tell(SERIAL, (BEGAN * 1000, Role.AGENT, True, AGENT, oversize))
        sender.tell(SERIAL, (BEGAN * 1000, Role.AGENT, True, AGENT, request("BYE")))
        assert chunks(collector.recv(65_535))["payload"].startswith(b"BYE")
    assert (sender.sent, sender.unsent) == (1, 1)


def test_closing_twice_is_harmless(collector: socket.socket) -> None:
    sender = sender_to(collector)
    sender.close()
    sender.close()
