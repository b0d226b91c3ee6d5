"""Re-INVITEs: those of the phones go through to the other phone, and a refused one of ours ends the call with 1004."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_ANSWERS,
    CUSTOMER_PORT,
    INVITED,
    RING,
    TALK,
    answers,
    asks,
    follows_until_released,
    hangs_up,
    hears,
    is_released,
    is_reoffered,
    refuses,
    reoffers,
    rings,
    says,
    sdp,
    told,
    waits,
)
from interop.wire import media, once, only, requests, sdp_version, story

if TYPE_CHECKING:
    from interop.exchange import Desk, PlacedCall
    from interop.sipp import Sipp, TracedMessage

pytestmark = scenario(Peer.SIPP, "UDP")


def answer_to_own(phone: Sipp) -> TracedMessage:
    """The 200 to the phone's own (last) INVITE."""
    return [message for message in once(phone.received("SIP/2.0 200")) if message.method == "INVITE"][-1]


def holds_told(call: PlacedCall) -> list[tuple[str, str]]:
    """The events of holding, each with its leg."""
    events = call.client.connection.get(f"/v1/calls/{call.serial}/events").json()["events"]
    return [(each["type"], each["data"]["leg"]) for each in events if each["type"].startswith("twoleg.leg.")]


def test_an_agent_that_holds_is_heard_of_by_the_customer(desk: Desk) -> None:
    holds = reoffers(sdp(AGENT_PORT, "sendonly", version=3), number=1)
    resumes = reoffers(sdp(AGENT_PORT, "sendrecv", version=4), number=2)
    is_held = is_reoffered(sdp(CUSTOMER_PORT, "recvonly", version=2))
    is_resumed = is_reoffered(sdp(CUSTOMER_PORT, "sendrecv", version=3))
    agent, customer, call = desk.talk(
        agent=(
            AGENT_ANSWERS,
            AGENT_IS_CONNECTED,
            waits(TALK),
            holds,
            waits(TALK),
            resumes,
            waits(TALK),
            hangs_up(number=3),
        ),
        customer=(CUSTOMER_ANSWERS, is_held, is_resumed, is_released()),
        reason=1,
    )

    assert holds_told(call) == [("twoleg.leg.held", "agent"), ("twoleg.leg.resumed", "agent")]
    first, held, resumed = requests(customer, "INVITE")
    assert [media(offer) for offer in (first, held, resumed)] == [
        (AGENT_PORT, "sendrecv"),
        (AGENT_PORT, "sendonly"),
        (AGENT_PORT, "sendrecv"),
    ]
    assert sdp_version(first) < sdp_version(held) < sdp_version(resumed)
    answers_heard = [message for message in once(agent.received("SIP/2.0 200")) if message.method == "INVITE"]
    assert [media(answer) for answer in answers_heard] == [(CUSTOMER_PORT, "recvonly"), (CUSTOMER_PORT, "sendrecv")]


def test_a_customer_that_holds_is_heard_of_by_the_agent(desk: Desk) -> None:
    holds = reoffers(sdp(CUSTOMER_PORT, "sendonly", version=2))
    is_held = is_reoffered(sdp(AGENT_PORT, "recvonly", version=3))
    agent, customer, call = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_held, is_released()),
        customer=(CUSTOMER_ANSWERS, waits(TALK), holds, waits(TALK), hangs_up(number=2)),
    )

    assert holds_told(call) == [("twoleg.leg.held", "customer")]
    assert media(requests(agent, "INVITE")[-1]) == (CUSTOMER_PORT, "sendonly")
    assert media(answer_to_own(customer)) == (AGENT_PORT, "recvonly")


def test_a_change_that_the_other_phone_refuses_changes_nothing(desk: Desk) -> None:
    wants_more = (
        asks("INVITE", number=1, body=sdp(CUSTOMER_PORT + 2, version=2))
        + told(488)
        + asks("ACK", number=1, repeated=False)
    )
    declines = hears("INVITE") + says(488, "Not Acceptable Here", tag=None, repeated=True) + hears("ACK")
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, declines, is_released()),
        customer=(CUSTOMER_ANSWERS, waits(TALK), wants_more, waits(TALK), hangs_up(number=2)),
    )

    assert media(requests(agent, "INVITE")[-1]) == (CUSTOMER_PORT + 2, "sendrecv")


def test_a_phone_that_asks_for_an_offer_gets_the_other_ones(desk: Desk) -> None:
    """A re-INVITE without a description (RFC 3261 14.1): the offer comes in the 200, the answer in the ACK."""
    asks_for_one = (
        asks("INVITE", number=1) + told(200) + asks("ACK", number=1, body=sdp(CUSTOMER_PORT, version=2), repeated=False)
    )
    is_asked = says(200, "OK", tag=None, body=sdp(AGENT_PORT, version=3), repeated=True) + hears("ACK")
    agent, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, hears("INVITE"), is_asked, is_released()),
        customer=(CUSTOMER_ANSWERS, waits(TALK), asks_for_one, waits(TALK), hangs_up(number=2)),
    )

    assert media(answer_to_own(customer)) == (AGENT_PORT, "sendrecv")
    assert requests(agent, "INVITE")[-1].body.strip() == ""
    assert media(requests(agent, "ACK")[-1]) == (CUSTOMER_PORT, "sendrecv")


def test_an_agent_that_refuses_the_customers_media_ends_the_call_with_1004(desk: Desk) -> None:
    declines = hears("INVITE") + says(488, "Not Acceptable Here", tag=None, repeated=True) + hears("ACK")
    with (
        desk.agent(AGENT_ANSWERS, declines, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, is_released()) as customer,
    ):
        call = desk.call()
        call.ended(1004)
        agent.kept()
        customer.kept()

    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "INVITE", "-> 488", "ACK", "BYE", "-> 200"]
    reason = 'Q.850;cause=65;text="Bearer capability not implemented"'
    assert only(agent, "BYE").header("Reason") == reason
    assert only(customer, "BYE").header("Reason") == reason
    call.told(
        agent={"sip_status": 200, "cause": 65, "ended_by": "service"},
        customer={"sip_status": 200, "cause": 65, "ended_by": "service"},
    )


MOVES_AT_ONCE = CUSTOMER_ANSWERS + asks("INVITE", number=1, body=sdp(CUSTOMER_PORT + 2, version=2))
"""The customer's phone wants another port while the agent's is still being told the first one, or even before."""


def test_a_customer_that_moves_while_it_is_being_connected_is_followed(desk: Desk) -> None:
    takes_its_time = (
        hears("INVITE")
        + waits(0.3)
        + says(200, "OK", tag=None, body=sdp(AGENT_PORT, version=2), repeated=True)
        + hears("ACK")
    )
    is_moved = told(200) + asks("ACK", number=1, repeated=False)
    agent, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, takes_its_time, follows_until_released(sdp(AGENT_PORT, version=3))),
        customer=(MOVES_AT_ONCE, is_moved, waits(TALK), hangs_up(number=2)),
    )

    assert media(requests(agent, "INVITE")[-1]) == (CUSTOMER_PORT + 2, "sendrecv")
    assert media(answer_to_own(customer)) == (AGENT_PORT, "sendrecv")


def test_a_customer_that_moves_does_not_hide_that_the_agent_refuses(desk: Desk) -> None:
    declines = hears("INVITE") + waits(0.3) + says(488, "Not Acceptable Here", tag=None, repeated=True) + hears("ACK")
    with (
        desk.agent(AGENT_ANSWERS, declines, is_released()) as agent,
        desk.customer(MOVES_AT_ONCE, is_released()) as customer,
    ):
        desk.call().ended(1004)
        agent.kept()
        customer.kept()


def test_an_agent_that_has_an_offer_of_its_own_pending_is_asked_again(desk: Desk) -> None:
    """491 (RFC 3261 14.1): we own the Call-ID, so the next try comes 2.1 to 4 s later."""
    pending = hears("INVITE") + says(491, "Request Pending", tag=None, repeated=True) + hears("ACK")
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, pending, AGENT_IS_CONNECTED, waits(TALK), hangs_up()),
        customer=(CUSTOMER_ANSWERS, is_released()),
        reason=1,
    )

    _rung, refused, again = requests(agent, "INVITE")
    assert media(again) == media(refused) == (CUSTOMER_PORT, "sendrecv")
    assert (again.time - refused.time).total_seconds() >= 2.1


def test_an_agent_that_holds_before_the_customer_answers_is_kept_waiting(desk: Desk) -> None:
    """Nobody to ask yet: its line is held with inactive media."""
    holds = reoffers(sdp(AGENT_PORT, "inactive", version=2), number=1)
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, holds, AGENT_IS_CONNECTED, is_released()),
        customer=(INVITED, rings(3 * RING), answers(sdp(CUSTOMER_PORT)), waits(TALK), hangs_up()),
    )

    assert media(answer_to_own(agent))[1] == "inactive"


def test_a_customer_without_a_description_cannot_be_connected(desk: Desk) -> None:
    """Neither early nor in its 200: the agent could never hear it."""
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, rings(), answers(""), is_released()) as customer,
    ):
        call = desk.call()
        call.ended(1004)
        agent.kept()
        customer.kept()

    call.told(customer={"sip_status": 200, "cause": 127, "ended_by": "service"})


def test_an_agent_whose_refusal_comes_with_the_hang_up_hung_up(desk: Desk) -> None:
    """The agent is gone when the customer's media is offered to it: 481 ends its leg (RFC 3261 12.2.1.2)."""
    gone = hears("INVITE") + says(481, "Call/Transaction Does Not Exist", tag=None, repeated=True) + hears("ACK")
    with (
        desk.agent(AGENT_ANSWERS, gone) as agent,
        desk.customer(CUSTOMER_ANSWERS, is_released()) as customer,
    ):
        call = desk.call()
        call.ended(1)
        agent.kept()
        customer.kept()

    call.told(agent={"ended_by": "agent", "cause": 41})


def test_refusing_needs_no_description(desk: Desk) -> None:
    """A customer that is busy although early media played."""
    plays = says(183, "Session Progress", body=sdp(CUSTOMER_PORT)) + waits(RING)
    with (
        desk.agent(AGENT_ANSWERS, is_reoffered(sdp(AGENT_PORT, version=2)), is_released()) as agent,
        desk.customer(INVITED, plays, refuses(486, "Busy Here")) as customer,
    ):
        call = desk.call()
        call.ended(3)
        agent.kept()
        customer.kept()

    call.told(customer={"early_media_at": call.some_time, "sip_status": 486, "cause": 17})
