"""What phones ask for while people talk: digits, transfers, fax, other codecs, all at once; and how odd phones part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.scenario import Peer, scenario
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    AGENT_PORT,
    CUSTOMER_ANSWERS,
    CUSTOMER_PORT,
    INVITED,
    NORMAL,
    REOFFERED,
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
from interop.wire import heard, media, once, only, requests, story

if TYPE_CHECKING:
    from interop.exchange import Desk

pytestmark = scenario(Peer.SIPP, "UDP")

DIGIT = "Signal=5\nDuration=160\n"
FAX = "\n".join(
    (
        "v=0",
        "o=phone 1 2 IN IP4 [local_ip]",
        "s=-",
        "c=IN IP4 [local_ip]",
        "t=0 0",
        "m=image 43000 udptl t38",
        "a=T38FaxVersion:0",
        "a=T38FaxRateManagement:transferredTCF",
    )
)


def pcmu_only(port: int, *, version: int) -> str:
    """A description that leaves only one of the two codecs."""
    return sdp(port, version=version).replace("AVP 8 0", "AVP 0").replace("a=rtpmap:8 PCMA/8000\n", "")


def test_a_digit_in_an_info_reaches_the_other_phone_from_either_side(desk: Desk) -> None:
    digit = asks("INFO", number=1, body=DIGIT, content="application/dtmf-relay") + told(200)
    takes = hears("INFO") + says(200, "OK", tag=None)
    agent, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, takes, digit, waits(0.2), is_released()),
        customer=(CUSTOMER_ANSWERS, waits(TALK), digit, takes, waits(0.2), hangs_up(number=2)),
    )

    for phone in (agent, customer):
        info = only(phone, "INFO")
        assert info.header("Content-Type") == "application/dtmf-relay"
        assert info.body.split() == DIGIT.split()


@pytest.mark.parametrize(
    ("method", "status"),
    [("REFER", 603), ("MESSAGE", 405), ("SUBSCRIBE", 405), ("NOTIFY", 481), ("OPTIONS", 200), ("FETCH", 501)],
)
def test_a_request_that_has_no_place_in_a_talk_is_answered_and_the_talk_goes_on(
    desk: Desk, method: str, status: int
) -> None:
    """A transfer (REFER) is declined: who talks to whom is ordered over HTTP."""
    wishes = asks(method, number=1, headers=["Refer-To: <sip:elsewhere@[local_ip]:9>", "Event: presence"]) + told(
        status
    )
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(CUSTOMER_ANSWERS, waits(TALK), wishes, waits(0.3), hangs_up(number=2)) as customer,
    ):
        call = desk.call()
        call.shows(2)
        answer = customer.wait_for(f"SIP/2.0 {status}")
        assert call.client.query(call.serial)["state"] == 2
        call.ended(0)
        agent.kept()
        customer.kept()

    assert answer.method == method
    assert heard(agent) == ["INVITE", "ACK", "INVITE", "ACK", "BYE"]


def test_a_fax_is_refused_and_the_talk_goes_on(desk: Desk) -> None:
    with (
        desk.agent(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()) as agent,
        desk.customer(
            CUSTOMER_ANSWERS, waits(TALK), reoffers(FAX, status=488), waits(0.3), hangs_up(number=2)
        ) as customer,
    ):
        call = desk.call()
        call.shows(2)
        customer.wait_for("SIP/2.0 488")
        assert call.client.query(call.serial)["state"] == 2
        call.ended(0)
        agent.kept()
        customer.kept()

    assert len(requests(agent, "INVITE")) == 2


def test_a_phone_that_changes_its_codec_is_answered_by_the_other_one(desk: Desk) -> None:
    change = reoffers(pcmu_only(AGENT_PORT, version=3))
    agrees = is_reoffered(pcmu_only(CUSTOMER_PORT, version=2))
    agent, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), change, waits(0.2), hangs_up(number=2)),
        customer=(CUSTOMER_ANSWERS, agrees, is_released()),
        reason=1,
    )

    offered = requests(customer, "INVITE")[1]
    answered = next(each for each in once(agent.received("SIP/2.0 200")) if each.method == "INVITE")
    for description in (offered, answered):
        assert "RTP/AVP 0\n" in description.body + "\n"
        assert "PCMA" not in description.body


def test_two_offers_that_meet_in_the_middle_are_settled_one_after_the_other(desk: Desk) -> None:
    """491 (RFC 3261 14.2): the agent's hold is on its way to the customer, when the customer wants to move."""
    holds = reoffers(sdp(AGENT_PORT, "sendonly", version=3))
    glare = REOFFERED + reoffers(sdp(CUSTOMER_PORT + 2, version=2), status=491)
    gives_in = says(200, "OK", body=sdp(CUSTOMER_PORT, "recvonly", version=2), of_invite=True, repeated=True) + hears(
        "ACK"
    )
    agent, customer, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, waits(TALK), holds, waits(0.2), hangs_up(number=2)),
        customer=(CUSTOMER_ANSWERS, glare, gives_in, is_released()),
        reason=1,
    )

    assert media(requests(customer, "INVITE")[1]) == (AGENT_PORT, "sendonly")
    assert len(requests(agent, "INVITE")) == 2


def test_an_agent_that_is_not_ready_for_an_offer_yet_is_asked_again(desk: Desk) -> None:
    """RFC 3261 14.2: our re-INVITE overtook our ACK, so the phone says 500 and when it will be ready."""
    overtaken = (
        hears("INVITE")
        + says(500, "Server Internal Error", tag=None, headers=["Retry-After: 1"], repeated=True)
        + hears("ACK")
    )
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, overtaken, AGENT_IS_CONNECTED, is_released()),
        customer=(INVITED, rings(0), answers(sdp(CUSTOMER_PORT)), waits(2.5), hangs_up()),
    )

    _rung, early, again = requests(agent, "INVITE")
    assert media(again) == media(early) == (CUSTOMER_PORT, "sendrecv")
    assert (again.time - early.time).total_seconds() >= 1.0


def test_a_phone_that_answers_and_moves_in_one_breath_is_followed(desk: Desk) -> None:
    """Its re-INVITE does not wait for our ACK, and may cross it."""
    moves_at_once = (
        says(200, "OK", body=sdp(CUSTOMER_PORT))
        + asks("INVITE", number=1, body=sdp(CUSTOMER_PORT + 2, version=2), repeated=False)
        + '\n<recv request="ACK" optional="true"/>'  # sipp may have been about to speak when it came
        + told(200)
        + asks("ACK", number=1, repeated=False)
    )
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, follows_until_released(sdp(AGENT_PORT, version=2))),
        customer=(INVITED, rings(), moves_at_once, waits(TALK), hangs_up(number=2)),
    )

    assert media(requests(agent, "INVITE")[-1]) == (CUSTOMER_PORT + 2, "sendrecv")


def test_both_legs_bear_the_calls_serial_and_one_session_id(desk: Desk) -> None:
    """RFC 7989, and our own correlation header."""
    agent, customer, call = desk.talk()

    first = [requests(phone, "INVITE")[0] for phone in (agent, customer)]
    assert [invite.header("X-Twoleg-Call") for invite in first] == [call.serial] * 2
    said = {
        message.header("Session-ID").partition(";")[0]
        for phone in (agent, customer)
        for method in ("INVITE", "ACK", "BYE")
        for message in requests(phone, method)
    }
    assert len(said) == 1
    assert len(said.pop()) == 32
    assert first[0].header("Call-ID") != first[1].header("Call-ID")
    assert {invite.header("Max-Forwards") for invite in first} == {"70"}


def test_two_phones_that_hang_up_at_once_are_both_gone(desk: Desk) -> None:
    """The agent's BYE crosses ours, and each is answered."""
    released = REOFFERED.replace("INVITE", "BYE")
    obeys = says(200, "OK", of_invite=True).replace("[$cseq] INVITE", "[$cseq] BYE")
    crosses = released + asks("BYE", number=1, repeated=False) + told(200) + obeys
    agent, _, _ = desk.talk(agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, crosses))

    assert story(agent)[-4:] == ["BYE", "-> BYE", "200 BYE", "-> 200"]


@pytest.mark.parametrize(
    ("status", "phrase"), [(481, "Call/Transaction Does Not Exist"), (500, "Server Internal Error")]
)
def test_a_phone_that_refuses_to_be_released_is_gone_all_the_same(desk: Desk, status: int, phrase: str) -> None:
    agent, _, call = desk.talk(agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, hears("BYE"), says(status, phrase, tag=None)))

    assert only(agent, "BYE").header("Reason") == NORMAL
    call.told(agent={"ended_by": "service", "cause": 16, "released_at": call.some_time})


def test_a_phone_that_is_not_heard_to_part_is_told_again(desk: Desk) -> None:
    """The published end does not wait for it; the BYE is repeated (RFC 3261 17.1.2.2)."""
    deaf = hears("BYE") + waits(1.0) + says(200, "OK", tag=None)
    agent, _, _ = desk.talk(agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, deaf))

    first, second = agent.received("BYE")[:2]
    assert first.header("CSeq") == second.header("CSeq")
    assert first.header("Via") == second.header("Via")


def test_a_phone_that_hangs_up_before_it_acknowledges_hung_up(desk: Desk) -> None:
    """Its BYE overtakes the ACK of its own re-INVITE."""
    hasty = asks("INVITE", number=1, body=sdp(CUSTOMER_PORT, "sendonly", version=2)) + told(200) + hangs_up(number=2)
    agent, _, _ = desk.talk(
        agent=(AGENT_ANSWERS, AGENT_IS_CONNECTED, is_reoffered(sdp(AGENT_PORT, "recvonly", version=3)), is_released()),
        customer=(CUSTOMER_ANSWERS, waits(TALK), hasty),
    )

    assert story(agent)[-2:] == ["BYE", "-> 200"]


def test_a_call_that_the_customers_network_takes_back_has_failed(desk: Desk) -> None:
    """A 487 out of the blue, after ringing: nobody here had cancelled."""
    with (
        desk.agent(AGENT_ANSWERS, is_released()) as agent,
        desk.customer(INVITED, rings(RING), refuses(487, "Request Terminated")) as customer,
    ):
        call = desk.call()
        call.shows(1)
        call.ended(3)
        agent.kept()
        customer.kept()

    assert requests(customer, "CANCEL") == []
    call.told(customer={"sip_status": 487, "ended_by": "network", "ringing_at": call.some_time})
