"""Which offers put the other phone on hold, and when that is told."""

from __future__ import annotations

import pytest

from twoleg.adapters.sip_engine.holds import Holds
from twoleg.domain.call import Role
from twoleg.domain.signals import LegHeld, LegResumed

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER


def offer(direction: str | None) -> bytes:
    line = "" if direction is None else f"a={direction}\r\n"
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio 20000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n{line}"
    ).encode()


def connected() -> Holds:
    holds = Holds()
    assert list(holds.connected()) == []
    return holds


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_phone_that_receives_no_more_holds_once_its_offer_is_taken(direction: str) -> None:
    holds = connected()
    holds.offered(CUSTOMER, offer(direction))

    assert holds.accepted(CUSTOMER) == LegHeld(CUSTOMER)
    assert holds.accepted(CUSTOMER) is None
    holds.offered(CUSTOMER, offer(direction))
    assert holds.accepted(CUSTOMER) is None, "a refresh is no news"
    holds.offered(CUSTOMER, offer(None))
    assert holds.accepted(CUSTOMER) == LegResumed(CUSTOMER)


@pytest.mark.parametrize("body", [None, b"", b"nonsense", offer("sendrecv"), offer("recvonly"), offer(None)])
def test_other_offers_of_a_phone_that_does_not_hold_tell_nothing(body: bytes | None) -> None:
    holds = connected()
    holds.offered(AGENT, body)

    assert holds.accepted(AGENT) is None


def test_an_offer_that_was_refused_changes_nothing_and_each_phone_holds_for_itself() -> None:
    holds = connected()
    holds.offered(AGENT, offer("sendonly"))
    holds.offered(AGENT, offer("sendrecv"))
    assert holds.accepted(AGENT) is None
    holds.offered(AGENT, offer("sendonly"))
    holds.offered(CUSTOMER, offer("sendonly"))

    assert (holds.accepted(AGENT), holds.accepted(CUSTOMER)) == (LegHeld(AGENT), LegHeld(CUSTOMER))


def test_who_holds_before_the_two_are_connected_is_told_of_when_they_are_and_once() -> None:
    holds = Holds()
    holds.offered(AGENT, offer("sendonly"))
    assert holds.accepted(AGENT) is None

    assert list(holds.connected()) == [LegHeld(AGENT)]
    assert list(holds.connected()) == []
    holds.offered(AGENT, offer("sendrecv"))
    assert holds.accepted(AGENT) == LegResumed(AGENT)


def test_who_came_back_before_that_never_held() -> None:
    holds = Holds()
    for direction in ("sendonly", "sendrecv"):
        holds.offered(AGENT, offer(direction))
        assert holds.accepted(AGENT) is None

    assert list(holds.connected()) == []


def test_a_phone_that_takes_part_in_an_offer_of_ours_holds_no_more() -> None:
    """One that was offered nothing offers nothing when it refreshes, and takes what it is offered in the end."""
    early, late = Holds(), connected()
    for holds in (early, late):
        holds.offered(AGENT, offer("inactive"))
        holds.accepted(AGENT)
    for still in (offer("inactive"), offer("sendonly"), None, b"nonsense"):
        assert late.answered(AGENT, still) is None

    assert (early.answered(AGENT, offer("sendrecv")), list(early.connected())) == (None, [])
    assert late.answered(AGENT, offer("recvonly")) == LegResumed(AGENT)
    assert late.answered(CUSTOMER, offer("sendonly")) is None
