"""Packets are lost, in both directions at both phones: every call ends, and with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from interop.exchange import Exchange
from interop.scenario import Peer, scenario
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
from patience import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.exchange import Desk, PlacedCall

pytestmark = scenario(Peer.SIPP, "UDP")

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


def place(desk: Desk, count: int = CALLS) -> list[PlacedCall]:
    """Calls from as many agents to as many customers."""
    agent, customer = desk.agent_line.prefix, desk.customer_line.prefix
    return [desk.call(caller=f"{agent}{n}", called=f"{customer}{n}") for n in range(count)]


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


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """A service that gives everything a few seconds only: long enough for most of what is lost to come again."""
    timers = {"ring_agent": 12, "ring_customer": 12, "max_talk": 6}
    with Exchange.running(tmp_path_factory.mktemp("strict"), pairs=1, timers=timers) as running:
        yield running


HEAVILY: dict[str, Any] = {"calls": 6, "lose_percent": 30, "deadline": 100.0}
REASONS = {0, 1, 2, 3, 4, 5, 1002, 1004}
"""What may come of a call whose phones are hard to reach; not 6, 1003 or 1005: those are the service's own failures."""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_calls_that_lose_three_packets_in_ten_end_with_a_reason_and_leave_nothing(
    strict: Exchange, tmp_path: Path
) -> None:
    talks = INVITED + rings(0.2) + answers(sdp(CUSTOMER_PORT)) + waits(1.0) + hangs_up()
    with (
        strict.desk(tmp_path) as desk,
        desk.agent(AGENT, **HEAVILY) as agent,
        desk.customer(talks, **HEAVILY) as customer,
    ):
        calls = place(desk, 6)
        ends = [call.shows_end(seconds=60) for call in calls]
        assert eventually(lambda: all(is_over(call) for call in calls), seconds=45, every=0.5)

    assert {end["reasonCode"] for end in ends} <= REASONS
    assert any(end["reasonCode"] == 0 for end in ends)
    for phone, reasons in ((agent, REASONS - {2, 4}), (customer, {0})):
        answered = {each.header("Call-ID") for each in phone.messages() if each.word == "-> 200"}
        assert len(answered) >= sum(end["reasonCode"] in reasons for end in ends)


def is_over(call: PlacedCall) -> bool:
    """Whether no leg of it is alive: each was never dialled, or is released."""
    status = call.status()
    return all("dialled_at" not in status[leg] or "released_at" in status[leg] for leg in ("agent", "customer"))
