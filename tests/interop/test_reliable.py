"""Provisionals that want to be acknowledged, and changes before the answer: 100rel, PRACK, UPDATE (RFC 3262, 3311)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.challenges import Challenge
from interop.exchange import PASSWORD, USERNAME
from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_PORT,
    EARLY_PORT,
    INVITED,
    TALK,
    answers,
    follows_until_released,
    hangs_up,
    hears,
    is_cancelled,
    is_pracked,
    is_released,
    reliably,
    rings,
    says,
    sdp,
    updates,
    waits,
)
from interop.wire import media, once, only, requests, story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")


def test_each_reliable_provisional_is_acknowledged_in_its_order(desk: Desk) -> None:
    rings_twice = (
        reliably(7)
        + is_pracked()
        + reliably(8, 181, "Call Is Being Forwarded")
        + is_pracked()
        + reliably(9)
        + is_pracked()
    )
    agent, _, call = desk.talk(
        agent=(
            INVITED,
            rings_twice,
            answers(sdp(AGENT_PORT, "inactive"), of_invite=True),
            AGENT_IS_CONNECTED,
            is_released(),
        )
    )

    pracks = requests(agent, "PRACK")
    assert [prack.header("RAck") for prack in pracks] == ["7 1 INVITE", "8 1 INVITE", "9 1 INVITE"]
    assert [prack.header("CSeq") for prack in pracks] == ["2 PRACK", "3 PRACK", "4 PRACK"]
    rung, connected = requests(agent, "INVITE")
    assert "100rel" in rung.header("Supported")
    assert rung.header("Require") == ""
    assert connected.header("CSeq") == "5 INVITE"
    call.told(agent={"sip_status": 200, "ringing_at": call.some_time, "answered_at": call.some_time})


def test_a_provisional_that_only_could_be_reliable_is_not_acknowledged(desk: Desk) -> None:
    """RFC 3262 4: `Supported` tells what a phone can do, `Require` what it does."""
    could = rings(headers=["Supported: 100rel", "RSeq: 1"])
    agent, _, _ = desk.talk(
        agent=(INVITED, could, answers(sdp(AGENT_PORT, "inactive")), AGENT_IS_CONNECTED, is_released())
    )

    assert story(agent)[:4] == ["INVITE", "-> 180", "-> 200", "ACK"]


def test_a_reliable_provisional_that_comes_twice_is_acknowledged_once(desk: Desk) -> None:
    agent, _, _ = desk.talk(
        agent=(
            *(INVITED, reliably(1), reliably(1), is_pracked(), reliably(1), waits(0.3)),
            *(answers(sdp(AGENT_PORT, "inactive"), of_invite=True), AGENT_IS_CONNECTED, is_released()),
        )
    )

    assert len(agent.sent("SIP/2.0 180")) == 3
    assert only(agent, "PRACK").header("RAck") == "1 1 INVITE"


def test_a_challenged_prack_is_repeated_with_credentials(desk: Desk) -> None:
    challenge = Challenge(407)
    asks_back = hears("PRACK") + says(407, challenge.phrase, tag=None, headers=[challenge.header])
    agent, _, _ = desk.talk(
        agent=(
            *(INVITED, reliably(1), asks_back, is_pracked()),
            *(answers(sdp(AGENT_PORT, "inactive"), of_invite=True), AGENT_IS_CONNECTED, is_released()),
        )
    )

    naked, dressed = requests(agent, "PRACK")
    assert challenge.credentials(naked) == {}
    assert challenge.is_met(dressed, username=USERNAME, password=PASSWORD)
    assert dressed.header("RAck") == naked.header("RAck") == "1 1 INVITE"


def test_reliable_early_media_reaches_the_agent_and_stays_when_the_answer_repeats_nothing(desk: Desk) -> None:
    plays = reliably(1, 183, "Session Progress", body=sdp(CUSTOMER_PORT)) + is_pracked() + waits(0.4)
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(INVITED, plays, answers("", of_invite=True), waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    assert story(customer)[:6] == ["INVITE", "-> 183", "PRACK", "-> 200", "-> 200", "ACK"]
    _rung, played = requests(agent, "INVITE")
    assert media(played) == (CUSTOMER_PORT, "sendrecv")
    call.told(customer={"early_media_at": call.some_time, "sip_status": 200, "ended_by": "customer"})


def test_each_fork_that_rings_reliably_is_acknowledged_in_its_own_dialog(desk: Desk) -> None:
    """RFC 3262 4: every early dialog has its own order of RSeq numbers."""
    forks = "".join(
        reliably(number, tag=tag) + is_pracked() + waits(0.1) for number, tag in ((1, "a"), (5, "b"), (2, "a"))
    )
    leaves = hangs_up().replace("tag=[pid]-[call_number]", "tag=[pid]-[call_number]b")
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(
            INVITED, forks, answers(sdp(CUSTOMER_PORT), tag="b", of_invite=True), waits(TALK), leaves
        ) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    pracks = [(each.header("RAck"), each.header("To")[-1]) for each in requests(customer, "PRACK")]
    assert pracks == [("1 1 INVITE", "a"), ("5 1 INVITE", "b"), ("2 1 INVITE", "a")]
    assert only(customer, "ACK").header("To").endswith("b")


def test_a_customer_that_moves_before_it_answers_is_followed(desk: Desk) -> None:
    """RFC 3311 5.1: an UPDATE in the early dialog; the agent hears early media from the new place."""
    plays = reliably(1, 183, "Session Progress", body=sdp(EARLY_PORT)) + is_pracked() + waits(0.3)
    moves = updates(sdp(EARLY_PORT + 2, version=2)) + waits(0.3)
    with (
        desk.agent(AGENT_ANSWERS, follows_until_released(sdp(AGENT_PORT, version=2))) as agent,
        desk.customer(
            *(INVITED, plays, moves, answers(sdp(CUSTOMER_PORT, version=3), of_invite=True)),
            *(waits(TALK), hangs_up(number=2)),
        ) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    rung, *told = [media(invite) for invite in requests(agent, "INVITE")]
    assert rung[1] == "inactive"
    assert told == [(EARLY_PORT, "sendrecv"), (EARLY_PORT + 2, "sendrecv"), (CUSTOMER_PORT, "sendrecv")]
    (taken,) = [each for each in once(customer.received("SIP/2.0 200")) if each.method == "UPDATE"]
    assert media(taken)[0] == AGENT_PORT


def test_an_update_of_a_ringing_phone_that_changes_nothing_is_taken(desk: Desk) -> None:
    agent, _, _ = desk.talk(
        customer=(
            *(INVITED, reliably(1), is_pracked(), updates(), answers(sdp(CUSTOMER_PORT), of_invite=True)),
            *(waits(TALK), hangs_up(number=2)),
        )
    )

    assert len(requests(agent, "INVITE")) == 2


def test_a_phone_that_rang_reliably_is_cancelled_like_any_other(desk: Desk) -> None:
    with desk.agent(INVITED, reliably(1), is_pracked(), is_cancelled()) as agent:
        call = desk.call()
        agent.wait_for("PRACK")
        call.shows(1)
        call.hang_up()
        call.ended(1001)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 180", "PRACK", "-> 200", "CANCEL", "-> 200", "-> 487", "ACK"]
    assert only(agent, "CANCEL").header("CSeq") == "1 CANCEL"
    call.told(agent={"sip_status": 487, "cause": 16, "ended_by": "request", "ringing_at": call.some_time})
