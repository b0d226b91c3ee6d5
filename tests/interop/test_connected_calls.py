"""Calls that come about: the agent first, then the customer, each shown the right number; then one of them hangs up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_ANSWERS,
    CUSTOMER_PORT,
    EARLY_PORT,
    INVITED,
    NORMAL,
    RING,
    TALK,
    answers,
    asks,
    early,
    hangs_up,
    hears,
    is_released,
    is_reoffered,
    redirects,
    rings,
    says,
    sdp,
    told,
    waits,
)
from interop.wire import media, media_host, only, requests, sdp_version, story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")


def test_the_customer_hangs_up(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call(callData="order 7")
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "INVITE", "-> 200", "ACK", "BYE", "-> 200"]
    assert story(customer) == ["INVITE", "-> 180", "-> 200", "ACK", "-> BYE", "200 BYE"]
    assert only(agent, "BYE").header("Reason") == NORMAL
    answered = {"sip_status": 200, "ringing_at": call.some_time, "answered_at": call.some_time}
    ended = {"sip_reason": None, "cause": 16, "released_at": call.some_time}
    call.told(
        agent={**answered, **ended, "ended_by": "service"},
        customer={**answered, **ended, "ended_by": "customer"},
    )


def test_the_agent_hangs_up(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up()) as agent,
        desk.customer(CUSTOMER_ANSWERS, is_released()) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(1)
        agent.kept()
        customer.kept()

    assert story(agent) == ["INVITE", "-> 180", "-> 200", "ACK", "INVITE", "-> 200", "ACK", "-> BYE", "200 BYE"]
    assert story(customer) == ["INVITE", "-> 180", "-> 200", "ACK", "BYE", "-> 200"]
    assert only(customer, "BYE").header("Reason") == NORMAL
    call.told(
        agent={"sip_status": 200, "cause": 16, "ended_by": "agent"},
        customer={"sip_status": 200, "cause": 16, "ended_by": "service"},
    )


def test_the_customer_is_called_only_after_the_agent_answered(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call()
        agent.wait_for("INVITE")
        call.shows(1)
        assert customer.messages() == []
        call.ended(0)
        agent.kept()
        customer.kept()

    (rung,), (called,) = agent.received(f"INVITE sip:{desk.agent_line.number}@"), customer.received("INVITE")
    assert (called.time - rung.time).total_seconds() >= 0.9 * RING
    status = call.status()
    assert status["agent"]["answered_at"] <= status["customer"]["dialled_at"]
    assert status["started_at"] <= status["agent"]["answered_at"] <= status["talking_at"] <= status["ended_at"]


def test_each_phone_is_dialled_by_its_number_and_shown_the_right_one(desk: Desk) -> None:
    agent, customer, _ = desk.talk(callerPresent="640060", agentPresent="640003")

    host, port = desk.service.sip
    for phone, line, clip in ((agent, desk.agent_line, "640003"), (customer, desk.customer_line, "640060")):
        first = requests(phone, "INVITE")[0]
        dialled = f"sip:{line.number}@{phone.host}:{phone.port}"
        assert first.start_line == f"INVITE {dialled} SIP/2.0"
        assert first.header("To") == f"<{dialled}>"
        assert first.header("From").startswith(f"<sip:{clip}@{host}:{port}>;tag=")
        assert first.header("P-Asserted-Identity") == f"<sip:{clip}@{host}:{port}>"


def test_each_phone_learns_where_the_other_one_listens(desk: Desk) -> None:
    agent, customer, _ = desk.talk()

    rung, connected = requests(agent, "INVITE")
    assert media(rung)[1] == "inactive"
    assert media(connected) == (CUSTOMER_PORT, "sendrecv")
    assert media_host(connected) == customer.host
    assert sdp_version(connected) == sdp_version(rung) + 1
    assert media(only(customer, "INVITE")) == (AGENT_PORT, "sendrecv")
    assert media_host(only(customer, "INVITE")) == agent.host


def test_a_phone_that_never_rings_may_answer(desk: Desk) -> None:
    _, _, call = desk.talk(
        agent=(INVITED, answers(sdp(AGENT_PORT, "inactive")), AGENT_IS_CONNECTED, is_released()),
        customer=(INVITED, answers(sdp(CUSTOMER_PORT)), waits(TALK), hangs_up()),
    )

    unrung = {"ringing_at": None, "answered_at": call.some_time}
    call.told(agent=unrung, customer=unrung)


def test_a_customer_who_hangs_up_at_once_hung_up(desk: Desk) -> None:
    """The agent's re-INVITE may still be under way: its BYE waits for that, or overtakes it."""
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, hangs_up()) as customer,
    ):
        call = desk.call()
        call.ended(0)
        customer.kept()
        assert agent.wait_for("BYE").header("Reason") == NORMAL


def test_what_the_phone_says_of_its_hanging_up_is_kept_and_passed_on(desk: Desk) -> None:
    agent, _, call = desk.talk(
        customer=(CUSTOMER_ANSWERS, waits(TALK), hangs_up(headers=['Reason: Q.850;cause=31;text="battery"']))
    )

    assert only(agent, "BYE").header("Reason") == 'Q.850;cause=31;text="Normal, unspecified"'
    call.told(
        agent={"sip_reason": None, "cause": 31},
        customer={"sip_reason": 'Q.850;cause=31;text="battery"', "cause": 31},
    )


def test_several_forks_may_ring_before_one_answers(desk: Desk) -> None:
    forks = rings(0.2, tag="a") + rings(0.2, tag="b") + rings(0.2, tag="a")
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(
            INVITED, forks, answers(sdp(CUSTOMER_PORT), tag="b"), waits(TALK), _fork_hangs_up("b")
        ) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    assert only(customer, "ACK").header("To").endswith("b")
    call.told(customer={"ringing_at": call.some_time, "sip_status": 200, "cause": 16, "ended_by": "customer"})


def _fork_hangs_up(tag: str) -> str:
    return hangs_up().replace(
        "From: [$callee];tag=[pid]-[call_number]", f"From: [$callee];tag=[pid]-[call_number]{tag}"
    )


def test_of_two_forks_that_answer_the_second_is_released(desk: Desk) -> None:
    """RFC 3261 13.2.2.4: both are ACKed, the one we do not want gets a BYE."""
    two = (
        says(200, "OK", tag="a", body=sdp(CUSTOMER_PORT))
        + hears("ACK")
        + says(200, "OK", tag="b", body=sdp(EARLY_PORT), of_invite=True)
        + hears("ACK")
        + is_released()
    )
    agent, customer, _ = desk.talk(customer=(INVITED, rings(), two, waits(TALK), _fork_hangs_up("a")))

    assert [ack.header("To")[-1] for ack in requests(customer, "ACK")] == ["a", "b"]
    assert only(customer, "BYE").header("To").endswith("b")
    assert media(requests(agent, "INVITE")[1]) == (CUSTOMER_PORT, "sendrecv")


def test_early_media_reaches_the_agent_before_the_answer(desk: Desk) -> None:
    hears_it = is_reoffered(sdp(AGENT_PORT, version=2))
    with (
        desk.agent(AGENT_ANSWERS, hears_it, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(
            INVITED, early(sdp(EARLY_PORT)), answers(sdp(CUSTOMER_PORT)), waits(TALK), hangs_up()
        ) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    rung, played, connected = requests(agent, "INVITE")
    assert media(rung)[1] == "inactive"
    assert media(played) == (EARLY_PORT, "sendrecv")
    assert media(connected) == (CUSTOMER_PORT, "sendrecv")
    call.told(customer={"early_media_at": call.some_time, "ringing_at": None, "answered_at": call.some_time})


def test_an_answer_may_leave_the_early_media_as_it_is(desk: Desk) -> None:
    """RFC 3261 13.2.1: the description in the first reliable answer counts; a 200 without one changes nothing."""
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(INVITED, early(sdp(CUSTOMER_PORT)), answers(""), waits(TALK), hangs_up()) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    _rung, played = requests(agent, "INVITE")
    assert media(played) == (CUSTOMER_PORT, "sendrecv")


def test_the_way_that_the_proxies_recorded_is_kept(desk: Desk) -> None:
    """RFC 3261 12.2.1.1: the route set of the 200 goes into every request of the dialog."""
    route = "<sip:[local_ip]:[local_port];lr>"
    _, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up()),
        customer=(INVITED, rings(), answers(sdp(CUSTOMER_PORT), headers=[f"Record-Route: {route}"]), is_released()),
        reason=1,
    )

    passed = f"<sip:{customer.host}:{customer.port};lr>"
    assert [only(customer, method).header("Route") for method in ("INVITE", "ACK", "BYE")] == ["", passed, passed]
    assert only(customer, "BYE").start_line == f"BYE sip:phone@{customer.host}:{customer.port} SIP/2.0"


def test_a_phone_that_moved_is_called_where_it_is(desk: Desk) -> None:
    """RFC 3261 8.1.3.4: the Contact of a 302 is the next place to ask."""
    with desk.another(CUSTOMER_ANSWERS, waits(TALK), hangs_up()) as moved:
        forwards = redirects(f"sip:mobile@{moved.host}:{moved.port}")
        with (
            desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
            desk.customer(INVITED, forwards) as customer,
        ):
            call = desk.call()
            call.shows(1)
            call.shows(2)
            call.ended(0)
            for phone in (agent, customer, moved):
                phone.kept()

    assert story(customer) == ["INVITE", "-> 302", "ACK"]
    assert only(moved, "INVITE").start_line == f"INVITE sip:mobile@{moved.host}:{moved.port} SIP/2.0"
    assert only(moved, "INVITE").header("To") == only(customer, "INVITE").header("To")
    call.told(customer={"sip_status": 200, "cause": 16, "ended_by": "customer"})


def test_an_info_of_a_phone_disturbs_nobody(desk: Desk) -> None:
    digit = asks("INFO", number=1) + told(200)
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, digit, waits(TALK), hangs_up(number=2)) as customer,
    ):
        call = desk.call()
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()
