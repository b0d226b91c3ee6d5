"""Ends that come in the midst of things: by request, by a limit, by an agent who gives up, by two phones at once."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from interop.exchange import Exchange
from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_ANSWERS,
    CUSTOMER_PORT,
    INVITED,
    NORMAL,
    RING,
    TALK,
    answers,
    hangs_up,
    hears,
    is_cancelled,
    is_released,
    rings,
    says,
    sdp,
    waits,
)
from interop.wire import only, story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")

ANSWERS_THE_CANCEL = (
    INVITED
    + rings(0)
    + hears("CANCEL")
    + says(200, "OK")
    + says(200, "OK", body=sdp(AGENT_PORT), of_invite=True, repeated=True)
    + hears("ACK")
    + is_released()
)
"""A phone that is picked up in the very moment in which the CANCEL reaches it."""


def test_an_agent_who_gives_up_while_the_customer_rings_hung_up(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, waits(2 * RING), hangs_up()) as agent,
        desk.customer(INVITED, rings(0), is_cancelled()) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.ended(1)
        agent.kept()
        customer.kept()

    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "-> BYE", "200 BYE"]
    assert story(customer) == ["INVITE", "-> 180", "CANCEL", "-> 200", "-> 487", "ACK"]
    assert only(customer, "CANCEL").header("Reason") == NORMAL
    call.told(
        agent={"sip_status": 200, "cause": 16, "ended_by": "agent"},
        customer={"sip_status": 487, "cause": 16, "ended_by": "service", "answered_at": None},
    )


def test_a_request_ends_a_call_whose_agent_rings(desk: Desk) -> None:
    with desk.agent(INVITED, rings(0), is_cancelled()) as agent, desk.customer(INVITED) as customer:
        call = desk.call()
        agent.wait_for("INVITE")
        call.shows(1)
        call.hang_up()
        call.ended(1001)
        agent.kept()
        assert customer.messages() == []

    assert story(agent) == ["INVITE", "-> 180", "CANCEL", "-> 200", "-> 487", "ACK"]
    assert only(agent, "CANCEL").header("Reason") == NORMAL
    call.told(agent={"sip_status": 487, "cause": 16, "ended_by": "request"}, customer={"dialled_at": None})


def test_a_request_ends_a_call_whose_customer_rings(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, rings(0), is_cancelled()) as customer,
    ):
        call = desk.call()
        customer.wait_for("INVITE")
        call.shows(1)
        call.hang_up()
        call.ended(1001)
        agent.kept()
        customer.kept()

    assert story(customer) == ["INVITE", "-> 180", "CANCEL", "-> 200", "-> 487", "ACK"]
    assert only(agent, "BYE").header("Reason") == NORMAL
    call.told(
        agent={"sip_status": 200, "cause": 16, "ended_by": "request"},
        customer={"sip_status": 487, "cause": 16, "ended_by": "request"},
    )


def test_a_request_ends_a_call_in_which_both_talk(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, is_released()) as customer,
    ):
        call = desk.call()
        call.shows(2)
        call.hang_up()
        call.ended(1001)
        agent.kept()
        customer.kept()

    assert [only(phone, "BYE").header("Reason") for phone in (agent, customer)] == [NORMAL, NORMAL]
    call.told(agent={"ended_by": "request", "cause": 16}, customer={"ended_by": "request", "cause": 16})


def test_a_request_ends_a_call_that_still_waits(desk: Desk) -> None:
    """The engine stands still, so the call stays in state 0 until the request is there as well: nobody is rung."""
    engine = desk.service.child("engine")
    with desk.agent(INVITED) as agent, desk.customer(INVITED) as customer:
        os.kill(engine, signal.SIGSTOP)
        try:
            call = desk.call()
            call.shows(0)
            call.hang_up()
            call.shows(0)
        finally:
            os.kill(engine, signal.SIGCONT)
        call.ended(1001)
        call.told(agent={"sip_status": None}, customer={"dialled_at": None})
        assert agent.messages() == []
        assert customer.messages() == []


def test_hanging_up_a_call_that_is_over_changes_nothing(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), hangs_up()),
    ):
        call = desk.call()
        ended = call.ended(0)
        agent.kept()
        call.hang_up()

    assert call.client.query(call.serial) == ended


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_released(hasty_desk: Desk) -> None:
    """The agent's ring timer is over, the CANCEL under way, and now it answers: too late, but it must not hang."""
    with hasty_desk.agent(ANSWERS_THE_CANCEL) as agent, hasty_desk.customer(INVITED) as customer:
        call = hasty_desk.call()
        call.shows(1)
        call.ended(4)
        agent.kept()
        assert customer.messages() == []

    assert story(agent) == ["INVITE", "-> 180", "CANCEL", "-> 200", "-> 200", "ACK", "BYE", "-> 200"]
    assert only(agent, "BYE").header("Reason") == 'Q.850;cause=19;text="No answer from user (user alerted)"'
    assert call.client.query(call.serial)["reasonCode"] == 4


def test_a_customer_who_answers_across_the_cancel_is_released_too(hasty_desk: Desk) -> None:
    with (
        hasty_desk.agent(AGENT_ANSWERS, is_released()) as agent,
        hasty_desk.customer(ANSWERS_THE_CANCEL) as customer,
    ):
        call = hasty_desk.call()
        call.ended(5)
        agent.kept()
        customer.kept()

    assert story(customer) == ["INVITE", "-> 180", "CANCEL", "-> 200", "-> 200", "ACK", "BYE", "-> 200"]


def test_a_phone_that_never_says_487_is_forgotten_all_the_same(hasty_desk: Desk) -> None:
    """It takes the CANCEL and says nothing more: the published end does not wait for it."""
    with hasty_desk.agent(INVITED, rings(0), hears("CANCEL"), says(200, "OK")) as agent:
        call = hasty_desk.call()
        call.ended(4)
        agent.kept()

    call.told(agent={"sip_status": None, "cause": 19, "ended_by": "service", "released_at": call.some_time})


@pytest.fixture(scope="module")
def short_talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """A service that lets nobody talk for longer than a second."""
    with Exchange.running(tmp_path_factory.mktemp("short_talk"), pairs=2, timers={"max_talk": 1}) as running:
        yield running


def test_the_longest_talk_is_ended_by_the_service(short_talk: Exchange, tmp_path: Path) -> None:
    with (
        short_talk.desk(tmp_path) as desk,
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(INVITED, rings(), answers(sdp(CUSTOMER_PORT)), is_released()) as customer,
    ):
        call = desk.call()
        call.shows(2)
        answer = call.ended(1002)
        agent.kept()
        customer.kept()

    status = call.status()
    assert 1000 <= answer["endTime"] - status["talking_at"] < 2500
    assert {status[leg]["ended_by"] for leg in ("agent", "customer")} == {"service"}
    assert only(agent, "BYE").header("Reason") == 'Q.850;cause=31;text="Normal, unspecified"'
    assert only(customer, "BYE").header("Reason") == 'Q.850;cause=31;text="Normal, unspecified"'
