"""Addresses of trunks: by the resolver, and those that were silent lately."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from twoleg.adapters.sip_engine.targets import LEFT_ALONE, Avoided, ResolvedTargets
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri
from twoleg.sip_transport.dns_records import Found, LookupTrouble
from twoleg.sip_transport.resolver import Resolver

ONE, TWO = Peer("udp", "192.0.2.1", 5060), Peer("udp", "192.0.2.2", 5060)


async def nobody(name: str, _kind: str) -> Found:
    raise LookupTrouble(f"{name}: no name servers are configured")


def targets(now: float = 100.0, **hosts: tuple[str, ...]) -> ResolvedTargets:
    chance = random.Random(1)
    named = {name.replace("_", "."): addresses for name, addresses in hosts.items()}
    return ResolvedTargets(Resolver(now=lambda: now, random=chance, transports=("udp",), ask=nobody, hosts=named))


async def found(of: ResolvedTargets, uri: str) -> tuple[Sequence[Peer], str]:
    told: list[tuple[Sequence[Peer], str]] = []
    of.find(SipUri.parse(uri), lambda peers, why: told.append((peers, why)))
    for _ in range(20):
        await asyncio.sleep(0)
    (answer,) = told
    return answer


@pytest.mark.asyncio
async def test_an_address_is_found_at_once_and_without_a_loop_turn() -> None:
    told: list[Sequence[Peer]] = []
    targets().find(SipUri.parse("sip:192.0.2.1"), lambda peers, _why: told.append(peers))
    assert told == [[ONE]]


@pytest.mark.asyncio
async def test_a_name_is_found_later() -> None:
    peers, _ = await found(targets(carrier_example=("192.0.2.1", "192.0.2.2")), "sip:carrier.example")
    assert peers == [ONE, TWO]


@pytest.mark.asyncio
async def test_a_name_that_leads_nowhere_says_why() -> None:
    peers, why = await found(targets(), "sip:nowhere.example")
    assert (list(peers), "no name servers are configured" in why) == ([], True)


@pytest.mark.asyncio
async def test_a_way_that_we_do_not_have_says_so() -> None:
    peers, why = await found(targets(), "sip:192.0.2.1;transport=tcp")
    assert (list(peers), "tcp" in why) == ([], True)


@pytest.mark.asyncio
async def test_who_wants_to_be_left_alone_is() -> None:
    of = targets()
    of.penalise(ONE, until=160.0)
    assert await found(of, "sip:192.0.2.1") == ([], LEFT_ALONE)


def test_who_was_silent_comes_last_for_half_a_minute() -> None:
    avoided = Avoided()
    avoided.add("a", 100.0)
    assert avoided.last(["a", "b", "c"], 129.0) == ["b", "c", "a"]
    assert avoided.last(["a", "b"], 131.0) == ["a", "b"]


def test_who_answers_again_is_forgiven() -> None:
    avoided = Avoided()
    avoided.add("a", 100.0)
    avoided.remove("a")
    assert avoided.last(["a", "b"], 101.0) == ["a", "b"]


def test_the_memory_of_silence_is_bounded() -> None:
    avoided = Avoided()
    for number in range(5000):
        avoided.add(number, 100.0)
    assert len(avoided._until) <= 1024
    assert avoided.holds(4999, 101.0)
