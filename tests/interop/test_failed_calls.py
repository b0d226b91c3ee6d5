"""Calls that do not come about: what a phone answers instead decides the reason, its Q.850 cause is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    INVITED,
    hears,
    is_cancelled,
    is_released,
    redirects,
    refuses,
    rings,
    says,
    waits,
)
from interop.wire import only, requests, story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")

NO_ROUTES = "9000"
"""A number that no trunk takes."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a phone answers, and what it stands for (RFC 3398 8.2.6.1 where the phone does not say it itself)."""

    status: int
    phrase: str
    cause: int
    name: str
    """ITU-T Q.850's."""
    reason: str | None = None
    """The Reason header that comes with it."""

    @property
    def steps(self) -> str:
        """The phone's."""
        return refuses(self.status, self.phrase, headers=[f"Reason: {self.reason}"] if self.reason else [])

    @property
    def header(self) -> str:
        """How the other phone is told."""
        return f'Q.850;cause={self.cause};text="{self.name}"'

    def __str__(self) -> str:
        return f"{self.status}" + (f"-{self.reason}" if self.reason else "")


REFUSALS = [
    Refusal(401, "Unauthorized", 21, "Call rejected"),
    Refusal(403, "Forbidden", 21, "Call rejected"),
    Refusal(404, "Not Found", 1, "Unallocated (unassigned) number"),
    Refusal(408, "Request Timeout", 102, "Recovery on timer expiry"),
    Refusal(480, "Temporarily Unavailable", 18, "No user responding"),
    Refusal(486, "Busy Here", 17, "User busy"),
    Refusal(486, "Busy Here", 20, "Subscriber absent", 'Q.850;cause=20;text="phone is off"'),
    Refusal(488, "Not Acceptable Here", 65, "Bearer capability not implemented"),
    Refusal(500, "Server Internal Error", 41, "Temporary failure"),
    Refusal(503, "Service Unavailable", 34, "No circuit/channel available", 'Q.850;cause=34;text="all lines taken"'),
    Refusal(503, "Service Unavailable", 41, "Temporary failure", 'SIP;cause=503;text="overload"'),
    Refusal(600, "Busy Everywhere", 17, "User busy"),
    Refusal(603, "Decline", 21, "Call rejected"),
    Refusal(604, "Does Not Exist Anywhere", 1, "Unallocated (unassigned) number"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_an_agent_that_cannot_be_reached_ends_the_call_with_2(desk: Desk, refusal: Refusal) -> None:
    with desk.agent(INVITED, refusal.steps) as agent, desk.customer(INVITED) as customer:
        call = desk.call()
        call.ended(2)
        agent.kept()
        assert customer.messages() == []

    assert story(agent) == ["INVITE", f"-> {refusal.status}", "ACK"]
    call.told(
        agent={
            "sip_status": refusal.status,
            "sip_reason": refusal.reason,
            "cause": refusal.cause,
            "ended_by": "network",
            "dialled_at": call.some_time,
            "ringing_at": None,
            "answered_at": None,
            "released_at": call.some_time,
        },
        customer={"dialled_at": None, "sip_status": None, "cause": None, "ended_by": None},
    )


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_a_customer_that_cannot_be_reached_ends_the_call_with_3(desk: Desk, refusal: Refusal) -> None:
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, waits(0.3), refusal.steps) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.ended(3)
        agent.kept()
        customer.kept()

    assert story(customer) == ["INVITE", f"-> {refusal.status}", "ACK"]
    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "BYE", "-> 200"]
    assert only(agent, "BYE").header("Reason") == refusal.header
    call.told(
        agent={"sip_status": 200, "sip_reason": None, "cause": refusal.cause, "ended_by": "service"},
        customer={
            "sip_status": refusal.status,
            "sip_reason": refusal.reason,
            "cause": refusal.cause,
            "ended_by": "network",
            "answered_at": None,
            "released_at": call.some_time,
        },
    )


@pytest.mark.parametrize("elsewhere", ["mailto:agent@example.com", "sip:{number}@[local_ip]:[local_port]"])
def test_a_phone_that_moved_to_where_no_call_can_go_has_failed(desk: Desk, elsewhere: str) -> None:
    """A letter box, or the very address that said so."""
    with desk.agent(INVITED, redirects(elsewhere.format(number=desk.agent_line.number))) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 302", "ACK"]
    call.told(agent={"sip_status": 302, "cause": 31, "ended_by": "network"})


@pytest.mark.parametrize(("status", "phrase", "cause"), [(480, "Gone", 18), (408, "Request Timeout", 102)])
def test_an_agent_whose_network_gives_up_after_ringing_did_not_answer(
    desk: Desk, status: int, phrase: str, cause: int
) -> None:
    with desk.agent(INVITED, rings(), refuses(status, phrase)) as agent:
        call = desk.call()
        call.shows(1)
        call.ended(4)
        agent.kept()

    call.told(agent={"sip_status": status, "cause": cause, "ended_by": "network", "ringing_at": call.some_time})


@pytest.mark.parametrize(("status", "phrase", "cause"), [(480, "Gone", 18), (408, "Request Timeout", 102)])
def test_a_customer_whose_network_gives_up_after_ringing_did_not_answer(
    desk: Desk, status: int, phrase: str, cause: int
) -> None:
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, rings(), refuses(status, phrase)) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.ended(5)
        agent.kept()
        customer.kept()

    call.told(customer={"sip_status": status, "cause": cause, "ended_by": "network", "ringing_at": call.some_time})


def test_busy_after_ringing_is_a_failure_not_a_missing_answer(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, rings(), refuses(486, "Busy Here")) as customer,
    ):
        call = desk.call()
        call.ended(3)
        agent.kept()
        customer.kept()

    call.told(customer={"sip_status": 486, "cause": 17, "ringing_at": call.some_time})


NO_ANSWER = 'Q.850;cause=19;text="No answer from user (user alerted)"'
CANCELLED = ["INVITE", "-> 180", "CANCEL", "-> 200", "-> 487", "ACK"]


def test_an_agent_who_does_not_answer_is_cancelled(hasty_desk: Desk) -> None:
    with hasty_desk.agent(INVITED, rings(0), is_cancelled()) as agent, hasty_desk.customer(INVITED) as customer:
        call = hasty_desk.call()
        call.shows(1)
        call.ended(4)
        agent.kept()
        assert customer.messages() == []

    assert story(agent) == CANCELLED
    assert only(agent, "CANCEL").header("Reason") == NO_ANSWER
    call.told(
        agent={
            "sip_status": 487,
            "sip_reason": None,
            "cause": 19,
            "ended_by": "service",
            "ringing_at": call.some_time,
            "answered_at": None,
            "released_at": call.some_time,
        },
        customer={"dialled_at": None},
    )


def test_a_customer_who_does_not_answer_is_cancelled_and_the_agent_released(hasty_desk: Desk) -> None:
    with (
        hasty_desk.agent(AGENT_ANSWERS, is_released()) as agent,
        hasty_desk.customer(INVITED, rings(0), is_cancelled()) as customer,
    ):
        call = hasty_desk.call()
        call.shows(1)
        call.ended(5)
        agent.kept()
        customer.kept()

    assert story(customer) == CANCELLED
    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "BYE", "-> 200"]
    assert only(customer, "CANCEL").header("Reason") == NO_ANSWER
    assert only(agent, "BYE").header("Reason") == NO_ANSWER
    call.told(
        agent={"sip_status": 200, "cause": 19, "ended_by": "service"},
        customer={"sip_status": 487, "cause": 19, "ended_by": "service", "ringing_at": call.some_time},
    )


def test_a_phone_is_cancelled_only_after_it_said_something(hasty_desk: Desk) -> None:
    """RFC 3261 9.1: it is silent until our ring timer is over, then it rings: only now the CANCEL may go out."""
    with hasty_desk.agent(INVITED, waits(5), rings(0), is_cancelled()) as agent:
        call = hasty_desk.call()
        call.ended(4)
        assert requests(agent, "CANCEL") == []
        agent.kept()

    assert story(agent) == CANCELLED
    call.told(agent={"sip_status": 487, "cause": 18, "ended_by": "service", "ringing_at": None})


def test_a_phone_that_fails_after_our_timer_needs_no_cancel(hasty_desk: Desk) -> None:
    with hasty_desk.agent(INVITED, waits(5), refuses(486, "Busy Here")) as agent:
        call = hasty_desk.call()
        call.ended(4)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 486", "ACK"]
    call.told(agent={"cause": 18, "ended_by": "service"})
    assert call.client.query(call.serial)["reasonCode"] == 4


def test_a_black_hole_ends_within_the_timers(hasty_desk: Desk) -> None:
    """Nothing ever comes back, not even a 100."""
    with hasty_desk.agent(INVITED, hears("NOTHING")) as agent:
        call = hasty_desk.call()
        call.shows(1)
        call.ended(4)

    assert story(agent) == ["INVITE"]
    call.told(agent={"sip_status": None, "cause": 18, "ended_by": "service", "released_at": call.some_time})


def test_a_black_hole_behind_the_customer_ends_within_the_timers(hasty_desk: Desk) -> None:
    with (
        hasty_desk.agent(AGENT_ANSWERS, is_released()) as agent,
        hasty_desk.customer(INVITED, hears("NOTHING")) as customer,
    ):
        call = hasty_desk.call()
        call.ended(5)
        agent.kept()

    assert story(customer) == ["INVITE"]
    call.told(customer={"sip_status": None, "cause": 18, "ended_by": "service"})


def test_an_agent_trunk_that_is_down_ends_the_call_at_once(desk: Desk) -> None:
    """Nobody has that port: the kernel says so (ICMP)."""
    call = desk.call()
    call.ended(2)

    call.told(
        agent={"sip_status": None, "cause": 41, "ended_by": "network", "released_at": call.some_time},
        customer={"dialled_at": None},
    )


def test_a_customer_trunk_that_is_down_ends_the_call_at_once(desk: Desk) -> None:
    with desk.agent(AGENT_ANSWERS, is_released()) as agent:
        call = desk.call()
        call.ended(3)
        agent.kept()

    assert only(agent, "BYE").header("Reason") == 'Q.850;cause=41;text="Temporary failure"'
    call.told(customer={"sip_status": None, "cause": 41, "ended_by": "network"})


@pytest.mark.parametrize("member", ["caller", "called"])
def test_a_number_without_a_trunk_rings_nobody(desk: Desk, member: str) -> None:
    with desk.agent(INVITED) as agent, desk.customer(INVITED) as customer:
        call = desk.call(**{member: NO_ROUTES})
        call.ended(6)
        assert agent.messages() == []
        assert customer.messages() == []

    refused = {"dialled_at": None, "sip_status": None, "cause": 3, "ended_by": "service"}
    untouched = {"dialled_at": None, "cause": None, "ended_by": None}
    call.told(
        agent=refused if member == "caller" else untouched,
        customer=refused if member == "called" else untouched,
    )


def test_a_long_list_of_provisionals_is_not_an_answer(desk: Desk) -> None:
    """100, 181, 182, 183 without a description: nothing rings, nothing plays, then busy."""
    talk = [(100, "Trying"), (181, "Call Is Being Forwarded"), (182, "Queued"), (183, "Session Progress")]
    words = "".join(says(status, phrase) + waits(0.05) for status, phrase in talk)
    with desk.agent(INVITED, words, refuses(486, "Busy Here")) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    call.told(agent={"ringing_at": None, "early_media_at": None, "sip_status": 486})
