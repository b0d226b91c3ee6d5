"""Tenants of profile `ita` are told the Q.850 cause of the end, and get no call data back (decisions 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    CUSTOMER_ANSWERS,
    INVITED,
    TALK,
    hangs_up,
    is_cancelled,
    is_released,
    refuses,
    rings,
    waits,
)
from interop.wire import story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")

NORMAL, BUSY, NO_ANSWER, REJECTED = 16, 17, 19, 21


RELEASED = ["INVITE", "-> 180", "-> 200", "ACK", "BYE", "-> 200"]


def test_a_normal_end(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call(profile="ita", callData="order 7")
        call.shows(1)
        call.shows(2)
        call.ended(NORMAL)
        agent.kept()
        customer.kept()

    assert story(customer) == ["INVITE", "-> 180", "-> 200", "ACK", "-> BYE", "200 BYE"]
    assert story(agent) == [*RELEASED[:4], "INVITE", "-> 200", "ACK", *RELEASED[4:]]


@pytest.mark.parametrize(
    ("status", "phrase", "cause"), [(486, "Busy Here", BUSY), (603, "Decline", REJECTED)], ids=["busy", "rejected"]
)
def test_a_customer_that_refuses(desk: Desk, status: int, phrase: str, cause: int) -> None:
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, rings(), refuses(status, phrase)) as customer,
    ):
        call = desk.call(profile="ita")
        call.shows(1)
        call.ended(cause)
        agent.kept()
        customer.kept()

    assert story(customer) == ["INVITE", "-> 180", f"-> {status}", "ACK"]
    assert story(agent) == RELEASED


@pytest.mark.parametrize(
    ("status", "phrase", "cause"), [(486, "Busy Here", BUSY), (603, "Decline", REJECTED)], ids=["busy", "rejected"]
)
def test_an_agent_that_refuses(desk: Desk, status: int, phrase: str, cause: int) -> None:
    with desk.agent(INVITED, rings(), refuses(status, phrase)) as agent:
        call = desk.call(profile="ita")
        call.shows(1)
        call.ended(cause)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 180", f"-> {status}", "ACK"]


def test_a_customer_that_does_not_answer(hasty_desk: Desk) -> None:
    with (
        hasty_desk.agent(AGENT_ANSWERS, is_released()) as agent,
        hasty_desk.customer(INVITED, rings(0), is_cancelled()) as customer,
    ):
        call = hasty_desk.call(profile="ita")
        call.shows(1)
        call.ended(NO_ANSWER)
        agent.kept()
        customer.kept()

    assert "CANCEL" in story(customer)
    assert story(agent) == RELEASED


def test_the_cause_that_the_phone_gives_goes_before_ours(desk: Desk) -> None:
    away = refuses(480, "Temporarily Unavailable", headers=["Reason: Q.850;cause=20"])
    with desk.agent(INVITED, away) as agent:
        desk.call(profile="ita").ended(20)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 480", "ACK"]
