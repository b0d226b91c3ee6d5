"""Four sources on one axis: cause before effect, whatever the clocks' grain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ladder.drawn import BEGAN, deliveries, ended_call, messages, request, response, seen, step, steps
from twoleg.application.ladder.merging import entries_of
from twoleg.application.ladder.values import Delivery, Kind, Lane
from twoleg.domain.call import Role
from twoleg.domain.events import EventType


def labels(**sources: object) -> list[str]:
    whole = {"steps": (), "messages": (), "deliveries": ()} | sources
    return [each.label for each in entries_of(ended_call(), **whole)]  # type: ignore[arg-type]


def test_a_step_follows_the_message_that_caused_it_in_the_same_millisecond() -> None:
    ringing = step(3, 512, EventType.AGENT_RINGING, Role.AGENT)
    heard = seen(512.9, Role.AGENT, response("180 Ringing"), out=False)
    assert labels(steps=[ringing], messages=[heard]) == ["180 Ringing (INVITE)", "3 agent.ringing"]


def test_a_step_comes_before_what_it_made_us_send_in_the_same_millisecond() -> None:
    dialled = step(2, 10, EventType.AGENT_DIALLED, Role.AGENT)
    sent = seen(10.9, Role.AGENT, request("INVITE"), out=True)
    assert labels(steps=[dialled], messages=[sent]) == ["2 agent.dialled", "INVITE"]


def test_what_the_other_leg_heard_causes_no_step_of_this_one() -> None:
    ringing = step(3, 10, EventType.CUSTOMER_RINGING, Role.CUSTOMER)
    heard = seen(10.2, Role.AGENT, response("200 OK"), out=False)
    assert labels(steps=[ringing], messages=[heard]) == ["3 customer.ringing", "200 OK (INVITE)"]


def test_a_step_is_never_shown_earlier_than_its_cause() -> None:
    heard = seen(512.9, Role.AGENT, response("180 Ringing"), out=False)
    entries = entries_of(
        ended_call(), steps=[step(3, 512, EventType.AGENT_RINGING, Role.AGENT)], messages=[heard], deliveries=()
    )
    assert entries[1].at == entries[0].at == heard.at


def test_a_clock_set_back_changes_no_order() -> None:
    late = seen(900, Role.AGENT, request("INVITE"), out=True)
    early = seen(100, Role.AGENT, response("180 Ringing"), out=False)
    assert labels(messages=[late, early]) == ["INVITE", "180 Ringing (INVITE)"]


def test_the_request_comes_first_and_webhooks_where_they_belong() -> None:
    told = labels(steps=steps(), messages=messages(), deliveries=deliveries())
    assert told == [
        "call placed",
        "1 call.queued",
        "2 agent.dialled",
        "INVITE (SDP)",
        "INVITE (SDP)",
        "180 Ringing (INVITE)",
        "3 agent.ringing",
        "200 OK (INVITE, SDP)",
        "4 agent.answered",
        "5 customer.dialled",
        "ACK",
        "INVITE (credentials)",
        "486 Busy <Here> (INVITE)",
        "6 call.ended",
        "BYE",
        "call.ended",
        "200 OK (BYE)",
    ]


def test_a_message_sent_again_is_marked() -> None:
    entries = entries_of(ended_call(), steps=(), messages=messages(), deliveries=())
    assert [each.is_repeat for each in entries] == [False, True] + [False] * 7


def test_both_legs_point_the_right_way() -> None:
    entries = entries_of(ended_call(), steps=(), messages=messages(), deliveries=())
    ways = [(each.source, each.target) for each in entries if each.kind is Kind.SIP]
    assert ways[0] == (Lane.TWOLEG, Lane.AGENT)
    assert ways[2] == (Lane.AGENT, Lane.TWOLEG)
    assert ways[5] == (Lane.TWOLEG, Lane.CUSTOMER)
    assert ways[6] == (Lane.CUSTOMER, Lane.TWOLEG)


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.booleans(), st.sampled_from(Role)), max_size=20),
    st.lists(st.integers(0, 5), max_size=10),
    st.lists(st.integers(0, 5), max_size=5),
)
def test_every_source_keeps_its_own_order(
    wire: list[tuple[int, bool, Role]], machine: list[int], hooks: list[int]
) -> None:
    told = [
        seen(at / 1000, role, request("INFO", f"X: {number}"), out=out) for number, (at, out, role) in enumerate(wire)
    ]
    events = [step(seq, at, EventType.CALL_TALKING) for seq, at in enumerate(sorted(machine), start=2)]
    tries = [Delivery(at=BEGAN + at, receiver="h", event=str(number), outcome="") for number, at in enumerate(hooks)]
    entries = entries_of(ended_call(), steps=events, messages=told, deliveries=tries)
    assert [each.message for each in entries if each.message is not None] == told
    assert [each.label for each in entries if each.kind is Kind.STEP] == [f"{each.seq} call.talking" for each in events]
    assert [each.label for each in entries if each.kind is Kind.WEBHOOK] == [each.event for each in tries]
