"""Where requests go: recorded routes, strict and loose, odd Contacts, redirections, headers in every spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_PORT,
    INVITED,
    TALK,
    answers,
    hangs_up,
    hears,
    is_released,
    redirects,
    refuses,
    rings,
    says,
    sdp,
    waits,
)
from interop.wire import only, requests, story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")

HERE = "[local_ip]:[local_port]"


def test_a_strict_router_finds_itself_in_the_request_uri(desk: Desk) -> None:
    """RFC 3261 12.2.1.1: without ;lr the router becomes the Request-URI, and the phone the last Route."""
    recorded = [f"Record-Route: <sip:old-router@{HERE}>"]
    _, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up()),
        customer=(INVITED, rings(), answers(sdp(CUSTOMER_PORT), headers=recorded), is_released()),
        reason=1,
    )

    for method in ("ACK", "BYE"):
        request = only(customer, method)
        assert request.start_line == f"{method} sip:old-router@{customer.host}:{customer.port} SIP/2.0"
        assert request.header("Route") == f"<sip:phone@{customer.host}:{customer.port}>"


def test_recorded_routes_are_walked_backwards_by_every_request(desk: Desk) -> None:
    """RFC 3261 12.1.2: the proxy nearest to us stands last in Record-Route, and first in our Route."""
    recorded = [f"Record-Route: <sip:far@{HERE};lr>", f"Record-Route: <sip:near@{HERE};lr>"]
    agent, _, _ = desk.talk(
        agent=(
            INVITED,
            rings(),
            answers(sdp(AGENT_PORT, "inactive"), headers=recorded),
            AGENT_IS_CONNECTED,
            is_released(),
        )
    )

    at = f"{agent.host}:{agent.port}"
    within = [*requests(agent, "ACK"), requests(agent, "INVITE")[1], only(agent, "BYE")]
    for request in within:
        assert request.header("Route") == f"<sip:near@{at};lr>"
        assert f"Route: <sip:far@{at};lr>" in request.text
        assert request.start_line.split()[1] == f"sip:phone@{at}"


def test_a_contact_that_shouts_its_transport_is_understood(desk: Desk) -> None:
    """RFC 3261 7.3.1 and 19.1.4: `transport=UDP` is no other transport than `udp`."""
    shouts = says(200, "OK", body=sdp(CUSTOMER_PORT), contact=f"sip:phone@{HERE};transport=UDP", repeated=True)
    _, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up()),
        customer=(INVITED, rings(), shouts, hears("ACK"), is_released()),
        reason=1,
    )

    assert story(customer)[-2:] == ["BYE", "-> 200"]


def test_a_phone_behind_nat_is_called_where_it_was_reached(desk: Desk) -> None:
    """Its Contact names an address that only its own network knows; rport and received say where we are seen."""
    hidden = "sip:phone@10.11.12.13:5060"
    _, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up()),
        customer=(
            INVITED,
            rings(),
            says(200, "OK", body=sdp(CUSTOMER_PORT), contact=hidden, repeated=True),
            hears("ACK"),
            is_released(),
        ),
        reason=1,
    )

    assert only(customer, "BYE").start_line == f"BYE {hidden} SIP/2.0"
    assert all(";rport" in only(customer, method).header("Via") for method in ("INVITE", "ACK", "BYE"))


def short(status: int, phrase: str, *, body: str = "") -> str:
    """A response in the compact spelling of RFC 3261 7.3.3, in odd letters, with odd room around the colons."""
    lines = (
        f"SIP/2.0 {status} {phrase}",
        "v:   [$via]",
        "F: [$caller]",
        "t : [$callee];tag=[pid]-[call_number]",
        "i: [call_id]",
        "cSeQ: [$cseq]  INVITE",
        f'M: "Short, & <odd>" <sip:phone@{HERE}>;q=0.5;X-y="z;"',
        "k: timer,, 100rel",
        "X-Never-Heard-Of: [$cseq]",
    )
    ending = ("c: application/sdp", "l: [len]", "", body) if body else ("L: 0", "", "")
    repeated = ' retrans="500"' if status >= 200 else ""
    return f"\n<send{repeated}><![CDATA[\n" + "\n".join([*lines, *ending]) + "\n]]></send>"


def test_headers_in_every_spelling_are_understood(desk: Desk) -> None:
    _, customer, call = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), hangs_up()),
        customer=(
            INVITED,
            short(180, "Ringing"),
            waits(0.3),
            short(200, "OK", body=sdp(CUSTOMER_PORT)),
            hears("ACK"),
            is_released(),
        ),
        reason=1,
    )

    assert only(customer, "BYE").start_line == f"BYE sip:phone@{customer.host}:{customer.port} SIP/2.0"
    call.told(customer={"sip_status": 200, "ringing_at": call.some_time, "ended_by": "service"})


def test_a_call_is_sent_on_five_times_at_most(desk: Desk) -> None:
    hops = "".join(INVITED + redirects(f"sip:hop{number}@{HERE}") for number in range(1, 7))
    with desk.agent(hops) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    asked = [request.start_line.split()[1] for request in requests(agent, "INVITE")]
    assert [uri.partition("@")[0] for uri in asked[1:]] == [f"sip:hop{number}" for number in range(1, 6)]
    call.told(agent={"sip_status": 302, "ended_by": "network"})


def test_of_several_places_the_preferred_one_is_asked_first(desk: Desk) -> None:
    """RFC 3261 8.1.3.4: by q; one that cannot be reached is not the last word, one that is busy is."""
    places = redirects(
        f"sip:second@{HERE}>;q=0.5,<sip:first@{HERE}",
        headers=[f"Contact: <sip:third@{HERE}>;q=0.1"],
        status=300,
        phrase="Multiple Choices",
    )
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(
            *(INVITED, places, INVITED, refuses(480, "Temporarily Unavailable"), INVITED, refuses(486, "Busy Here"))
        ) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.ended(3)
        agent.kept()
        customer.kept()

    asked = [request.start_line.split()[1].partition("@")[0] for request in requests(customer, "INVITE")]
    assert asked[1:] == ["sip:first", "sip:second"]
    call.told(customer={"sip_status": 486, "cause": 17})
