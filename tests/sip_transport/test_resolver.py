"""Where URIs lead: RFC 3263 against a DNS server of our own, over real datagrams on the loopback."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import dns.rdata
import pytest

from sip_transport.name_server import NameServer
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri
from twoleg.sip_transport.dns_records import Found, LookupTrouble, Records, dns_ask, read_hosts
from twoleg.sip_transport.resolver import ResolveError, Resolver, in_srv_order

A = "sip1.example.com. 60 IN A 192.0.2.1"
A2 = "sip2.example.com. 60 IN A 192.0.2.2"
AAAA = "sip1.example.com. 60 IN AAAA 2001:db8::1"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def resolver_of(server: NameServer, **options: Any) -> Resolver:
    given: dict[str, Any] = {"now": Clock(), "random": Random(1), "hosts": {}, "families": (4,)}
    return Resolver(ask=dns_ask(servers=[server.address], patience=2.0), **(given | options))


def peers_of(uri: str, *records: str, **options: Any) -> list[Peer]:
    """What that URI leads to when DNS holds those records."""

    async def story() -> list[Peer]:
        async with NameServer(*records) as server:
            return list(await resolver_of(server, **options).resolve(SipUri.parse(uri)))

    return asyncio.run(story())


def with_server(story: Callable[[NameServer], Coroutine[Any, Any, None]], *records: str) -> None:
    async def run() -> None:
        async with NameServer(*records) as server:
            await story(server)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("uri", "peer"),
    [
        ("sip:192.0.2.7", Peer("udp", "192.0.2.7", 5060)),
        ("sip:192.0.2.7:5080", Peer("udp", "192.0.2.7", 5080)),
        ("sip:192.0.2.7;transport=tcp", Peer("tcp", "192.0.2.7", 5060)),
        ("sip:192.0.2.7;transport=TLS", Peer("tls", "192.0.2.7", 5061)),
        ("sips:192.0.2.7", Peer("tls", "192.0.2.7", 5061)),
        ("sips:192.0.2.7;transport=tcp", Peer("tls", "192.0.2.7", 5061)),
        ("sip:[2001:db8::9]:5062", Peer("udp", "2001:db8::9", 5062)),
        ("sip:example.com;maddr=192.0.2.8", Peer("udp", "192.0.2.8", 5060)),
    ],
)
def test_an_address_is_taken_as_it_is_without_a_question(uri: str, peer: Peer) -> None:
    async def story(server: NameServer) -> None:
        resolver = resolver_of(server, families=(4, 6))
        assert resolver.at_once(SipUri.parse(uri)) == [peer]
        assert await resolver.resolve(SipUri.parse(uri)) == [peer]
        assert not server.asked

    with_server(story)


def test_a_name_with_a_port_is_looked_up_as_an_address_only() -> None:
    async def story(server: NameServer) -> None:
        peers = await resolver_of(server).resolve(SipUri.parse("sip:sip1.example.com:5080"))
        assert peers == [Peer("udp", "192.0.2.1", 5080)]
        assert server.asked == Counter({("sip1.example.com", "A"): 1})

    with_server(story, A)


def test_naptr_order_chooses_the_transport_and_srv_the_servers() -> None:
    assert peers_of(
        "sip:example.com",
        'example.com. 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.example.com.',
        'example.com. 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.example.com.',
        'example.com. 60 IN NAPTR 5 10 "s" "SIP+D2S" "" _sip._sctp.example.com.',
        "_sip._tcp.example.com. 60 IN SRV 0 0 5062 sip1.example.com.",
        "_sip._udp.example.com. 60 IN SRV 0 0 5064 sip2.example.com.",
        A,
        A2,
    ) == [Peer("tcp", "192.0.2.1", 5062), Peer("udp", "192.0.2.2", 5064)]


def test_a_tls_server_must_be_certified_for_the_domain_that_was_asked_for() -> None:
    records = (
        'example.com. 60 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.carrier.example.net.',
        "_sips._tcp.carrier.example.net. 60 IN SRV 0 0 5061 sip1.example.com.",
        A,
    )
    assert peers_of("sip:example.com", *records) == [Peer("tls", "192.0.2.1", 5061, "example.com")]


def test_without_naptr_srv_is_asked_for_each_transport_that_we_have() -> None:
    records = (
        "_sip._tcp.example.com. 60 IN SRV 0 0 5062 sip1.example.com.",
        "_sip._udp.example.com. 60 IN SRV 0 0 5064 sip2.example.com.",
        A,
        A2,
    )
    over_udp, over_tcp = Peer("udp", "192.0.2.2", 5064), Peer("tcp", "192.0.2.1", 5062)
    assert peers_of("sip:example.com", *records) == [over_udp, over_tcp]
    assert peers_of("sip:example.com", *records, transports=("udp",)) == [over_udp]
    assert peers_of("sip:example.com;transport=tcp", *records) == [over_tcp]


def test_without_srv_the_name_itself_has_the_address_at_the_default_port() -> None:
    assert peers_of("sip:sip1.example.com", A) == [Peer("udp", "192.0.2.1", 5060)]
    assert peers_of("sip:sip1.example.com;transport=tcp", A) == [Peer("tcp", "192.0.2.1", 5060)]
    assert peers_of("sips:sip1.example.com", A) == [Peer("tls", "192.0.2.1", 5061, "sip1.example.com")]


def test_a_server_that_does_not_know_naptr_is_asked_for_srv() -> None:
    async def story(server: NameServer) -> None:
        server.unknown = {"NAPTR"}
        assert await resolver_of(server).resolve(SipUri.parse("sip:example.com")) == [Peer("tcp", "192.0.2.1", 5062)]

    with_server(story, "_sip._tcp.example.com. 60 IN SRV 0 0 5062 sip1.example.com.", A)


def test_both_families_are_looked_up_in_the_order_of_our_own_addresses() -> None:
    four, six = Peer("udp", "192.0.2.1", 5060), Peer("udp", "2001:db8::1", 5060)
    assert peers_of("sip:sip1.example.com", A, AAAA, families=(4, 6)) == [four, six]
    assert peers_of("sip:sip1.example.com", A, AAAA, families=(6, 4)) == [six, four]
    assert peers_of("sip:sip1.example.com", A, AAAA, families=(6,)) == [six]


def test_servers_come_by_priority_and_those_without_an_address_are_passed_over() -> None:
    assert peers_of(
        "sip:example.com;transport=udp",
        "_sip._udp.example.com. 60 IN SRV 20 0 5060 sip2.example.com.",
        "_sip._udp.example.com. 60 IN SRV 10 0 5060 sip1.example.com.",
        "_sip._udp.example.com. 60 IN SRV 5 0 5060 gone.example.com.",
        A,
        A2,
    ) == [Peer("udp", "192.0.2.1", 5060), Peer("udp", "192.0.2.2", 5060)]


def test_weights_draw_the_first_in_their_proportion_and_every_server_once() -> None:
    records = [dns.rdata.from_text("IN", "SRV", f"0 {weight} 5060 s{weight}.example.com.") for weight in (0, 10, 90)]
    random = Random(7)
    drawn = [in_srv_order(records, random) for _ in range(2000)]
    assert all(sorted(each.weight for each in order) == [0, 10, 90] for order in drawn)
    firsts = Counter(order[0].weight for order in drawn)
    assert 1700 < firsts[90] < 1900
    assert 100 < firsts[10] < 300
    assert 0 < firsts[0] < 60


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("sip:nowhere.example.com", "no address for nowhere"),
        ("sip:192.0.2.1;transport=sctp", "no sctp address"),
        ("sip:[2001:db8::1]", "IPv6"),
    ],
)
def test_a_uri_that_leads_nowhere_says_why(uri: str, why: str) -> None:
    with pytest.raises(ResolveError, match=why):
        peers_of(uri, A)


def test_answers_are_kept_for_their_ttl_and_then_asked_for_again() -> None:
    async def story(server: NameServer) -> None:
        clock, uri = Clock(), SipUri.parse("sip:sip1.example.com:5060")
        resolver = resolver_of(server, now=clock)
        for clock.now, questions in ((1000, 1), (1059, 1), (1061, 2)):
            assert await resolver.resolve(uri) == [Peer("udp", "192.0.2.1", 5060)]
            assert server.asked["sip1.example.com", "A"] == questions

    with_server(story, A)


def test_that_there_is_nothing_is_remembered_for_as_long_as_the_zone_says() -> None:
    async def story(server: NameServer) -> None:
        clock, uri = Clock(), SipUri.parse("sip:gone.example.com:5060")
        resolver = resolver_of(server, now=clock)
        for clock.now, questions in ((1000, 1), (1025, 1), (1035, 2)):
            with pytest.raises(ResolveError):
                await resolver.resolve(uri)
            assert server.asked["gone.example.com", "A"] == questions

    with_server(story, A)


def test_many_calls_at_once_put_one_question() -> None:
    async def story(server: NameServer) -> None:
        resolver, uri = resolver_of(server), SipUri.parse("sip:sip1.example.com:5060")
        answers = await asyncio.gather(*(resolver.resolve(uri) for _ in range(50)))
        assert answers == [[Peer("udp", "192.0.2.1", 5060)]] * 50
        assert server.asked["sip1.example.com", "A"] == 1

    with_server(story, A)


class Moody:
    """An `ask` that answers or does not, as the test says."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked = 0

    async def __call__(self, name: str, kind: str) -> Found:
        self.asked += 1
        if self.is_down:
            raise LookupTrouble("no answer")
        return Found((f"{kind} of {name}",), 60.0)


def test_old_answers_serve_while_the_servers_are_silent_and_silence_is_not_asked_about_at_every_call() -> None:
    async def story() -> None:
        ask, clock = Moody(), Clock()
        records = Records(ask, now=clock)
        assert await records.of("A.example.com.", "A") == ("A of a.example.com",)
        ask.is_down, clock.now = True, 2000.0
        for _ in range(3):
            assert await records.of("a.example.com", "A") == ("A of a.example.com",)
        assert ask.asked == 2
        clock.now = 100_000.0
        with pytest.raises(LookupTrouble):
            await records.of("a.example.com", "A")
        ask.is_down, clock.now = False, 100_010.0
        assert await records.of("a.example.com", "A") == ("A of a.example.com",)

    asyncio.run(story())


def test_no_more_questions_are_remembered_than_allowed() -> None:
    async def story() -> None:
        ask = Moody()
        records = Records(ask, now=Clock(), limit=10)
        for number in range(50):
            await records.of(f"n{number}.example.com", "A")
        assert len(records) == 10

    asyncio.run(story())


def test_servers_that_do_not_answer_end_the_look_up_in_bounded_time() -> None:
    async def story(server: NameServer) -> None:
        server.silent = True
        resolver = Resolver(
            now=Clock(), random=Random(1), families=(4,), hosts={}, ask=dns_ask(servers=[server.address], patience=0.3)
        )
        with pytest.raises(ResolveError, match=r"A of sip1\.example\.com"):
            await asyncio.wait_for(resolver.resolve(SipUri.parse("sip:sip1.example.com:5060")), 5)

    with_server(story)


def test_a_peer_that_asked_to_be_left_alone_is_left_out_until_then() -> None:
    async def story(server: NameServer) -> None:
        clock = Clock()
        resolver = resolver_of(server, now=clock)
        uri, literal = SipUri.parse("sip:sip1.example.com:5060"), SipUri.parse("sip:192.0.2.1")
        (peer,) = await resolver.resolve(uri)
        resolver.penalise(peer, until=1030.0)
        assert await resolver.resolve(uri) == await resolver.resolve(literal) == []
        clock.now = 1030.0
        assert await resolver.resolve(uri) == [peer]
        resolver.penalise(peer, until=1060.0)
        resolver.forgive(peer)
        assert await resolver.resolve(uri) == [peer]

    with_server(story, A)


def test_names_of_the_hosts_file_come_before_dns(tmp_path: Any) -> None:
    file = tmp_path / "hosts"
    file.write_text("192.0.2.9  pbx PBX.local # ours\n\nfe80::1%lo0 odd\n")
    hosts = read_hosts(file)
    assert peers_of("sip:pbx", hosts=hosts) == [Peer("udp", "192.0.2.9", 5060)]
    assert peers_of("sip:localhost:5070", hosts=hosts) == [Peer("udp", "127.0.0.1", 5070)]
    assert read_hosts(tmp_path / "none")["localhost"] == ("127.0.0.1", "::1")
