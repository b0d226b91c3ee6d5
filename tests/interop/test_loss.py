"""One packet in ten is lost, in both directions at both phones: every call ends, and with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from interop.scripts import (
    AGENT_PORT,
    CUSTOMER_PORT,
    INVITED,
    answers,
    hangs_up,
    is_released,
    is_reoffered,
    refuses,
    rings,
    sdp,
    waits,
)

if TYPE_CHECKING:
    from interop.exchange import Desk, PlacedCall

LOST = 10
"""Percent."""

CALLS = 8
LOSES: dict[str, Any] = {"calls": CALLS, "lose_percent": LOST, "deadline": 90.0}
PATIENT = 4.0
"""Seconds a phone remembers a call that is over: a BYE whose answer was lost comes again after 0.5, 1.5 and 3.5 s."""


AGENT = (
    INVITED
    + rings(0.2)
    + answers(sdp(AGENT_PORT, "inactive"))
    + is_reoffered(sdp(AGENT_PORT, version=2))
    + is_released(lingering=PATIENT)
)


def place(desk: Desk) -> list[PlacedCall]:
    """Calls from as many agents to as many customers."""
    agent, customer = desk.agent_line.prefix, desk.customer_line.prefix
    return [desk.call(caller=f"{agent}{n}", called=f"{customer}{n}") for n in range(CALLS)]


@pytest.mark.timeout(180)
def test_calls_that_lose_packets_come_about_and_end_as_they_did(desk: Desk) -> None:
    talks = INVITED + rings(0.2) + answers(sdp(CUSTOMER_PORT)) + waits(1.0) + hangs_up()
    with desk.agent(AGENT, **LOSES) as agent, desk.customer(talks, **LOSES) as customer:
        calls = place(desk)
        for call in calls:
            call.ended(0, seconds=60)
        agent.kept(60)
        customer.kept(60)

    for call in calls:
        call.told(
            agent={"sip_status": 200, "ended_by": "service"}, customer={"sip_status": 200, "ended_by": "customer"}
        )


@pytest.mark.timeout(180)
def test_refusals_that_lose_packets_arrive(desk: Desk) -> None:
    busy = INVITED + rings(0.2) + refuses(486, "Busy Here")
    rung = INVITED + rings(0.2) + answers(sdp(AGENT_PORT, "inactive")) + is_released(lingering=PATIENT)
    with desk.agent(rung, **LOSES) as agent, desk.customer(busy, **LOSES) as customer:
        calls = place(desk)
        for call in calls:
            call.ended(3, seconds=60)
        agent.kept(60)
        customer.kept(60)
