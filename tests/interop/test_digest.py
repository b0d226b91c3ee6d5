"""Trunks that ask who we are: digest on INVITE and on what follows in the dialog, and a password that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.challenges import Challenge
from interop.exchange import PASSWORD, USERNAME
from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    CUSTOMER_ANSWERS,
    CUSTOMER_PORT,
    INVITED,
    TALK,
    answers,
    hangs_up,
    hears,
    is_released,
    refuses,
    rings,
    says,
    sdp,
    waits,
)
from interop.wire import heard, requests, story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")

CHALLENGES = [
    Challenge(401, "MD5"),
    Challenge(407, "MD5"),
    Challenge(401, "SHA-256"),
    Challenge(407, "SHA-256"),
    Challenge(407, "MD5", qop=None),
    Challenge(401, "MD5", qop="auth-int"),
    Challenge(407, "SHA-256", qop="auth-int"),
]


def is_challenged(challenge: Challenge) -> str:
    """An INVITE comes and is sent back for credentials."""
    return INVITED + refuses(challenge.status, challenge.phrase, headers=[challenge.header])


@pytest.mark.parametrize("challenge", CHALLENGES, ids=lambda each: f"{each.status}-{each.algorithm}-{each.qop}")
def test_a_challenged_call_is_repeated_with_credentials(desk: Desk, challenge: Challenge) -> None:
    with (
        desk.agent(is_challenged(challenge), AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(is_challenged(challenge), CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    for phone in (agent, customer):
        naked, dressed = requests(phone, "INVITE")[:2]
        assert challenge.credentials(naked) == {}
        assert challenge.is_met(dressed, username=USERNAME, password=PASSWORD)
        assert int(dressed.header("CSeq").split()[0]) == int(naked.header("CSeq").split()[0]) + 1
        assert dressed.header("Call-ID") == naked.header("Call-ID")
        assert dressed.header("From") == naked.header("From")
        assert dressed.header("To") == naked.header("To")
    call.told(agent={"sip_status": 200, "cause": 16}, customer={"sip_status": 200, "cause": 16})


def test_a_nonce_is_counted_through_the_whole_call(desk: Desk) -> None:
    """RFC 7616 3.4: each use of a nonce has the next count; who was challenged once is not made to ask again."""
    challenge = Challenge(407)
    agent, _, _ = desk.talk(agent=(is_challenged(challenge), AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()))

    proven = [*requests(agent, "INVITE")[1:], *requests(agent, "BYE")]
    assert [challenge.credentials(each)["nc"] for each in proven] == ["00000001", "00000002", "00000003"]
    assert all(challenge.is_met(each, username=USERNAME, password=PASSWORD) for each in proven)
    assert len({challenge.credentials(each)["cnonce"] for each in proven}) == 3


def test_a_proxy_and_the_phone_behind_it_may_both_ask(desk: Desk) -> None:
    """RFC 3261 22.3: two realms, and the second INVITE that is let in carries credentials for both."""
    proxy, own = Challenge(407, realm="proxy"), Challenge(401, "SHA-256", realm="phone", nonce="other")
    with desk.agent(is_challenged(proxy), is_challenged(own), INVITED, refuses(486, "Busy Here")) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    last = requests(agent, "INVITE")[2]
    assert proxy.is_met(last, username=USERNAME, password=PASSWORD)
    assert own.is_met(last, username=USERNAME, password=PASSWORD)
    call.told(agent={"sip_status": 486, "cause": 17})


def test_a_phone_that_does_not_believe_us_has_failed(desk: Desk) -> None:
    """The same challenge again: the password is wrong, and asking once more would not make it right."""
    challenge = Challenge(407)
    with desk.agent(is_challenged(challenge) * 2) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 407", "ACK"] * 2
    call.told(agent={"sip_status": 407, "cause": 21, "ended_by": "network"})


def test_a_customer_that_does_not_believe_us_has_failed(desk: Desk) -> None:
    challenge = Challenge(401)
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(is_challenged(challenge) * 2) as customer,
    ):
        call = desk.call()
        call.ended(3)
        agent.kept()
        customer.kept()

    call.told(customer={"sip_status": 401, "cause": 21, "ended_by": "network"})


def test_a_stale_nonce_is_no_wrong_password(desk: Desk) -> None:
    """RFC 7616 3.3: `stale` asks for the same credentials over a new nonce."""
    old, new = Challenge(407, nonce="old"), Challenge(407, nonce="new", more=", stale=true")
    with desk.agent(is_challenged(old), is_challenged(new), INVITED, refuses(486, "Busy Here")) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    first, second, third = requests(agent, "INVITE")
    assert old.credentials(first) == {}
    assert old.is_met(second, username=USERNAME, password=PASSWORD)
    assert new.is_met(third, username=USERNAME, password=PASSWORD)
    call.told(agent={"sip_status": 486, "cause": 17})


def test_an_unknown_algorithm_is_left_to_those_who_know_it(desk: Desk) -> None:
    """RFC 8760 2.4: of several challenges the first one that we can answer."""
    alien, ours = Challenge(407, "SHA3-1024"), Challenge(407, "SHA-256")
    offered = says(407, "Proxy Authentication Required", headers=[alien.header, ours.header], repeated=True)
    with desk.agent(INVITED, offered, hears("ACK"), INVITED, refuses(486, "Busy Here")) as agent:
        desk.call().ended(2)
        agent.kept()

    assert ours.is_met(requests(agent, "INVITE")[1], username=USERNAME, password=PASSWORD)


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenged_bye_is_repeated_with_credentials(desk: Desk, status: int) -> None:
    challenge = Challenge(status)
    asked_back = hears("BYE") + says(challenge.status, challenge.phrase, tag=None, headers=[challenge.header])
    agent, _, _ = desk.talk(agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, asked_back, is_released()))

    naked, dressed = requests(agent, "BYE")
    assert challenge.credentials(naked) == {}
    assert challenge.is_met(dressed, username=USERNAME, password=PASSWORD)
    assert dressed.header("Reason") == naked.header("Reason") != ""


def test_a_challenged_reinvite_is_repeated_with_credentials(desk: Desk) -> None:
    challenge = Challenge(407)
    asked_back = (
        hears("INVITE")
        + says(challenge.status, challenge.phrase, tag=None, headers=[challenge.header], repeated=True)
        + hears("ACK")
    )
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, asked_back, AGENT_IS_CONNECTED, is_released()),
        customer=(INVITED, rings(), answers(sdp(CUSTOMER_PORT)), waits(TALK), hangs_up()),
    )

    assert heard(agent) == ["INVITE", "ACK", "INVITE", "ACK", "INVITE", "ACK", "BYE"]
    assert challenge.is_met(requests(agent, "INVITE")[2], username=USERNAME, password=PASSWORD)
    assert f"m=audio {CUSTOMER_PORT} " in requests(agent, "INVITE")[2].body
