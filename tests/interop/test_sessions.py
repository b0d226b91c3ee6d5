"""UPDATE in a call (RFC 3311) and session timers in all roles (RFC 4028)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bent import SHORTEST_SESSION
from interop.exchange import Exchange
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
    hangs_up,
    hears,
    is_released,
    is_reoffered,
    refuses,
    reoffers,
    rings,
    says,
    sdp,
    updates,
    waits,
)
from interop.wire import media, once, only, requests, story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.exchange import Desk
    from interop.sipp import Sipp, TracedMessage

pytestmark = scenario(Peer.SIPP, "UDP")

TAKES_UPDATE = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"
TAKES_NO_UPDATE = "Allow: INVITE, ACK, BYE, CANCEL"
KNOWS_TIMER = ("Supported: timer", "Require: timer")

SHORT = 90
"""Seconds: no session may be shorter (RFC 4028 5)."""

BRISK = 9
"""Seconds of the sessions of a bent service."""


def answer_to(phone: Sipp, method: str) -> TracedMessage:
    """The 200 to the phone's own (last) request of that method."""
    return [message for message in once(phone.received("SIP/2.0 200")) if message.method == method][-1]


def test_an_agent_that_holds_by_update_is_heard_of_by_the_customer(desk: Desk) -> None:
    holds = updates(sdp(AGENT_PORT, "sendonly", version=3))
    resumes = updates(sdp(AGENT_PORT, version=4), number=2)
    is_held = is_reoffered(sdp(CUSTOMER_PORT, "recvonly", version=2))
    is_resumed = is_reoffered(sdp(CUSTOMER_PORT, version=3))
    agent, customer, _ = desk.talk(
        agent=(
            *(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), holds, waits(0.2), resumes, waits(0.2)),
            hangs_up(number=3),
        ),
        customer=(CUSTOMER_ANSWERS, is_held, is_resumed, is_released()),
        reason=1,
    )

    taken = [media(each) for each in once(agent.received("SIP/2.0 200")) if each.method == "UPDATE"]
    assert taken == [(CUSTOMER_PORT, "recvonly"), (CUSTOMER_PORT, "sendrecv")]
    assert [media(offer)[1] for offer in requests(customer, "INVITE")] == ["sendrecv", "sendonly", "sendrecv"]


def test_a_customer_that_moves_by_update_is_followed_by_the_agent(desk: Desk) -> None:
    is_told = is_reoffered(sdp(AGENT_PORT, version=3))
    agent, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_told, is_released()),
        customer=(
            CUSTOMER_ANSWERS,
            waits(TALK),
            updates(sdp(CUSTOMER_PORT + 2, version=2)),
            waits(0.2),
            hangs_up(number=2),
        ),
    )

    assert media(requests(agent, "INVITE")[-1]) == (CUSTOMER_PORT + 2, "sendrecv")
    assert media(answer_to(customer, "UPDATE")) == (AGENT_PORT, "sendrecv")


def test_an_update_that_the_other_phone_refuses_changes_nothing(desk: Desk) -> None:
    declines = hears("INVITE") + says(488, "Not Acceptable Here", tag=None, repeated=True) + hears("ACK")
    wants = updates(sdp(CUSTOMER_PORT + 2, version=2), status=488)
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, declines, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), wants, waits(0.2), hangs_up(number=2)) as customer,
    ):
        call = desk.call()
        call.shows(2)
        customer.wait_for("SIP/2.0 488")
        assert call.client.query(call.serial)["state"] == 2
        call.ended(0)
        agent.kept()
        customer.kept()


def test_a_carrier_that_wants_longer_sessions_is_asked_for_them(desk: Desk) -> None:
    too_small = INVITED + refuses(422, "Session Interval Too Small", headers=["Min-SE: 3600"])
    agrees = [*KNOWS_TIMER, "Session-Expires: 3600;refresher=uac"]
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(
            too_small, INVITED, rings(), answers(sdp(CUSTOMER_PORT), headers=agrees), waits(TALK), hangs_up()
        ) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.shows(2)
        call.ended(0)
        agent.kept()
        customer.kept()

    first, second = requests(customer, "INVITE")
    assert (first.header("Session-Expires"), first.header("Min-SE")) == ("1800", "")
    assert (second.header("Session-Expires"), second.header("Min-SE")) == ("3600", "3600")
    assert second.header("CSeq") == "2 INVITE"
    assert second.header("Call-ID") == first.header("Call-ID")
    call.told(customer={"sip_status": 200, "ended_by": "customer"})


def test_a_422_that_asks_for_nothing_longer_has_failed(desk: Desk) -> None:
    with desk.agent(INVITED, refuses(422, "Session Interval Too Small", headers=["Min-SE: 90"])) as agent:
        call = desk.call()
        call.ended(2)
        agent.kept()

    assert story(agent) == ["INVITE", "-> 422", "ACK"]
    call.told(agent={"sip_status": 422, "ended_by": "network"})


REFRESHING = [*KNOWS_TIMER[:1], "Session-Expires: 1800;refresher=uac"]


def test_a_phone_that_refreshes_the_session_itself_is_agreed_with(desk: Desk) -> None:
    """RFC 4028 9: by an UPDATE without a body, then by the same offer again; the other phone hears nothing of it."""
    theirs = [*KNOWS_TIMER, "Session-Expires: 1800;refresher=uas"]
    again = reoffers(sdp(CUSTOMER_PORT), number=2, headers=REFRESHING)
    agent, customer, _ = desk.talk(
        customer=(
            *(INVITED, rings(), answers(sdp(CUSTOMER_PORT), headers=theirs), waits(TALK)),
            *(updates(headers=REFRESHING), again, waits(0.2), hangs_up(number=3)),
        )
    )

    for method in ("UPDATE", "INVITE"):
        agreed = answer_to(customer, method)
        assert agreed.header("Session-Expires") == "1800;refresher=uac"
        assert agreed.header("Require") == "timer"
    assert len(requests(agent, "INVITE")) == 2


def test_a_phone_that_wants_too_short_a_session_is_told_the_shortest(desk: Desk) -> None:
    hasty = updates(headers=["Supported: timer", "Session-Expires: 60;refresher=uac"], status=422)
    _, customer, _ = desk.talk(customer=(CUSTOMER_ANSWERS, waits(TALK), hasty, waits(0.2), hangs_up(number=2)))

    assert customer.wait_for("SIP/2.0 422").header("Min-SE") == str(SHORT)


@pytest.fixture
def brisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """A service that takes sessions of `BRISK` seconds."""
    folder = tmp_path / "brisk"
    folder.mkdir()
    monkeypatch.setenv(SHORTEST_SESSION, str(BRISK))
    with Exchange.running(folder, pairs=2, timers={}) as running:
        yield running


@pytest.mark.slow
def test_a_session_is_refreshed_by_us_at_half_time_and_ended_when_the_phone_does_not(
    brisk: Exchange, tmp_path: Path
) -> None:
    """In one call a phone takes UPDATE, the other only INVITE; in another call the phone should do it, and does not.

    What 90 s and more are like is told by `sip/test_expiry.py` on a driven clock.
    """

    def agrees(refresher: str, allow: str) -> list[str]:
        return [*KNOWS_TIMER, f"Session-Expires: {BRISK};refresher={refresher}", allow]

    def still(refresher: str) -> list[str]:
        return [*KNOWS_TIMER, f"Session-Expires: {BRISK};refresher={refresher}"]

    answers_late = answers(sdp(AGENT_PORT, "inactive"), headers=agrees("uac", TAKES_NO_UPDATE))
    connected = (
        hears("INVITE")
        + says(200, "OK", tag=None, body=sdp(AGENT_PORT, version=2), headers=still("uac"), repeated=True)
        + hears("ACK")
    )
    updated = hears("UPDATE") + says(200, "OK", tag=None, headers=still("uac"))
    rooms = [tmp_path / "refreshed", tmp_path / "silent"]
    for room in rooms:
        room.mkdir()
    with (
        brisk.desk(rooms[0]) as desk,
        brisk.desk(rooms[1]) as other,
        desk.agent(INVITED, rings(0.1), answers_late, connected, connected, is_released()) as agent,
        desk.customer(
            *(INVITED, rings(RING), answers(sdp(CUSTOMER_PORT), headers=agrees("uac", TAKES_UPDATE))),
            *(updated, waits(1.5), hangs_up()),
        ) as customer,
        other.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as other_agent,
        other.customer(
            INVITED, rings(), answers(sdp(CUSTOMER_PORT), headers=agrees("uas", TAKES_UPDATE)), is_released()
        ) as silent,
    ):
        kept_alive, forgotten = desk.call(), other.call()
        kept_alive.shows(2)
        forgotten.shows(2)
        customer.wait_for("UPDATE")
        assert forgotten.client.query(forgotten.serial)["state"] == 2
        kept_alive.ended(0)
        forgotten.ended(0)
        for phone in (agent, customer, other_agent, silent):
            phone.kept()

    ours = only(customer, "UPDATE")
    assert ours.header("Session-Expires") == f"{BRISK};refresher=uac"
    assert ours.body == ""
    _rung, first, refreshed = requests(agent, "INVITE")
    assert media(refreshed) == media(first) == (CUSTOMER_PORT, "sendrecv")
    assert 0.4 * BRISK < (refreshed.time - first.time).total_seconds() < BRISK
    assert only(silent, "BYE").header("Reason") == 'Q.850;cause=102;text="session timer expired"'
    assert (only(silent, "BYE").time - only(silent, "ACK").time).total_seconds() > 0.6 * BRISK
    forgotten.told(customer={"cause": 102})
