"""The checker finds each broken promise, and none in a run that kept them: evidence of one sound call, doctored."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chaos.upkeep import Standstill
from chaos.verdict import Broken, Evidence, Placement, judge
from chaos.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

SERIAL, AGENT, CUSTOMER, KEY = "100", "110000001", "220000001", "chaos-1"


def line(at: float, way: str, call_id: str, method: str, start: str) -> str:
    return f"2026-11-22\t10:00:00.000000\t{at:.6f}\t{way}\t{call_id}\tCSeq:1 {method}\t{start}"


def invite(at: float, call_id: str, number: str) -> str:
    return line(at, "R", call_id, "INVITE", f"INVITE sip:{number}@127.0.0.1:5070 SIP/2.0")


SEEN = [
    invite(1.0, "a", AGENT),
    line(1.1, "S", "a", "INVITE", "SIP/2.0 180 Ringing"),
    line(1.2, "S", "a", "INVITE", "SIP/2.0 200 OK"),
    line(1.3, "R", "a", "ACK", "ACK sip:phone@127.0.0.1 SIP/2.0"),
    invite(1.4, "c", CUSTOMER),
    line(1.5, "S", "c", "INVITE", "SIP/2.0 180 Ringing"),
    line(1.6, "S", "c", "INVITE", "SIP/2.0 200 OK"),
    line(1.7, "R", "c", "ACK", "ACK sip:phone@127.0.0.1 SIP/2.0"),
    line(2.7, "S", "c", "BYE", "BYE sip:127.0.0.1:5060 SIP/2.0"),
    line(2.8, "R", "c", "BYE", "SIP/2.0 200 OK"),
    line(2.9, "R", "a", "BYE", "BYE sip:phone@127.0.0.1 SIP/2.0"),
    line(3.0, "S", "a", "BYE", "SIP/2.0 200 OK"),
]
"""The customer hung up."""


def event(seq: int, kind: str) -> dict[str, Any]:
    return {"type": f"twoleg.{kind}", "data": {"seq": seq, **({"reason": 0} if kind == "call.ended" else {})}}


def sound(seen: list[str]) -> Evidence:
    wire = Wire([])
    for each in seen:
        wire.take(each)
    call = {
        "serial": SERIAL,
        "state": "ended",
        "phase": "ended",
        "caller": AGENT,
        "called": CUSTOMER,
        "dialled": "yes",
        "createdAt": 900,
        "endedAt": 3000,
        "mustEndBy": 90_000,
        "talkingAt": 1600,
        "reason": 0,
        "agent": {"number": AGENT, "ringingAt": 1100, "answeredAt": 1200},
        "customer": {"number": CUSTOMER, "ringingAt": 1500, "answeredAt": 1600},
    }
    return Evidence(
        placements=[Placement(AGENT, CUSTOMER, KEY, serials=[SERIAL])],
        legs=wire.by_number(),
        calls={SERIAL: call},
        states={SERIAL: {"state": 3, "reasonCode": 0}},
        records=[{"serial": SERIAL, "reason": "0"}],
        events={SERIAL: [event(1, "call.queued"), event(2, "agent.dialled"), event(3, "call.ended")]},
        delivered=Counter({SERIAL: 1}),
        released=Counter({SERIAL: 2}),
        keys={KEY: [SERIAL]},
        standstills=[],
    )


def found(evidence: Evidence) -> set[Broken]:
    return {finding.broken for finding in judge(evidence).findings}


def without(*words: str) -> list[str]:
    return [each for each in SEEN if not any(word in each for word in words)]


def test_a_sound_run_is_acknowledged_and_nothing_else() -> None:
    verdict = judge(sound(SEEN))

    assert verdict.acknowledged == 1
    assert verdict.findings == []


@pytest.mark.parametrize("number", [AGENT, CUSTOMER])
def test_a_second_invite_of_another_call_is_rung_twice(number: str) -> None:
    again = [invite(5.0, "again", number), line(5.1, "S", "again", "INVITE", "SIP/2.0 486 Busy Here")]

    assert found(sound([*SEEN, *again])) == {Broken.RUNG_TWICE}


def test_a_repeated_invite_and_a_re_invite_are_not() -> None:
    assert found(sound([*SEEN[:5], invite(1.45, "c", CUSTOMER), *SEEN[5:]])) == set()


def drop_record(evidence: Evidence) -> None:
    evidence.records = []


def double_record(evidence: Evidence) -> None:
    evidence.records = [*evidence.records, *evidence.records]


def forget(evidence: Evidence) -> None:
    evidence.states = {SERIAL: None}


def tear_a_gap(evidence: Evidence) -> None:
    evidence.events = {SERIAL: [event(1, "call.queued"), event(3, "call.ended")]}


def swap(evidence: Evidence) -> None:
    evidence.events = {SERIAL: [event(2, "agent.dialled"), event(1, "call.queued"), event(3, "call.ended")]}


def tell_no_end(evidence: Evidence) -> None:
    evidence.events = {SERIAL: [event(1, "call.queued"), event(2, "agent.dialled")]}


def end_twice(evidence: Evidence) -> None:
    evidence.events = {SERIAL: [event(1, "call.queued"), event(2, "call.ended"), event(3, "call.ended")]}


def tell_nothing(evidence: Evidence) -> None:
    evidence.events = {}


def deliver_nothing(evidence: Evidence) -> None:
    evidence.delivered = Counter()


def release_nothing(evidence: Evidence) -> None:
    evidence.released = Counter()


def answer_with_two(evidence: Evidence) -> None:
    evidence.placements = [Placement(AGENT, CUSTOMER, serials=[SERIAL, "101"])]


def forget_the_key(evidence: Evidence) -> None:
    evidence.keys = {KEY: []}


def ring_a_stranger(evidence: Evidence) -> None:
    wire = Wire([])
    for each in [invite(5.0, "x", "119999999"), line(5.1, "S", "x", "INVITE", "SIP/2.0 486 Busy Here")]:
        wire.take(each)
    evidence.legs = {**evidence.legs, **wire.by_number()}


@pytest.mark.parametrize(
    "doctor",
    [
        drop_record,
        double_record,
        forget,
        tear_a_gap,
        swap,
        tell_no_end,
        end_twice,
        tell_nothing,
        deliver_nothing,
        release_nothing,
        answer_with_two,
        forget_the_key,
        ring_a_stranger,
    ],
)
def test_what_is_missing_is_lost(doctor: Callable[[Evidence], None]) -> None:
    evidence = sound(SEEN)
    doctor(evidence)

    assert Broken.LOST in found(evidence)


def test_an_unacknowledged_call_has_to_leave_its_record_as_well() -> None:
    evidence = sound(SEEN)
    evidence.placements, evidence.states, evidence.records = [Placement(AGENT, CUSTOMER)], {}, []

    assert judge(evidence).acknowledged == 0
    assert found(evidence) == {Broken.LOST}


@pytest.mark.parametrize(
    "change",
    [{"state": "talking", "phase": "talking", "endedAt": None}, {"endedAt": 90_001}, {"mustEndBy": None}],
    ids=["talks on", "ended late", "without a deadline"],
)
def test_a_call_without_its_end_in_time_is_stuck(change: dict[str, Any]) -> None:
    evidence = sound(SEEN)
    evidence.calls = {SERIAL: {**evidence.calls[SERIAL], **change}}

    assert found(evidence) == {Broken.STUCK}


def test_a_suspended_machine_is_not_a_service_that_is_late() -> None:
    evidence = sound(SEEN)
    evidence.calls = {SERIAL: {**evidence.calls[SERIAL], "endedAt": 150_000}}
    evidence.standstills = [Standstill(50_000, 111_000)]

    assert found(evidence) == set()
    evidence.standstills = [Standstill(50_000, 109_000)]
    assert found(evidence) == {Broken.STUCK}


def test_a_call_that_lives_on_in_one_face_only_is_stuck() -> None:
    evidence = sound(SEEN)
    evidence.states = {SERIAL: {"state": 2, "reasonCode": 0}}

    assert found(evidence) == {Broken.STUCK}


@pytest.mark.parametrize(
    "seen",
    [
        without("\tBYE sip:phone"),
        [*without("\ta\t"), invite(1.0, "a", AGENT), line(1.1, "S", "a", "INVITE", "SIP/2.0 180 Ringing")],
        [each for each in SEEN if "\tc\t" not in each or "ACK" not in each],
    ],
    ids=["talks to nobody", "rings for ever", "never acknowledged, and gave up itself"],
)
def test_a_phone_that_nobody_says_goodbye_to_is_orphaned(seen: list[str]) -> None:
    assert Broken.ORPHANED in found(sound(seen))


@pytest.mark.parametrize(
    ("goodbye", "answer"), [("CANCEL", "487 Request Terminated"), ("", "486 Busy Here")], ids=["cancelled", "busy"]
)
def test_a_phone_that_never_answered_needs_no_bye(goodbye: str, answer: str) -> None:
    last = [line(1.2, "R", "a", "CANCEL", "CANCEL sip:x SIP/2.0")] if goodbye else []
    evidence = sound([invite(1.0, "a", AGENT), *last, line(1.3, "S", "a", "INVITE", f"SIP/2.0 {answer}")])

    assert Broken.ORPHANED not in found(evidence)


def test_an_answer_that_crossed_the_cancel_needs_a_bye() -> None:
    crossed = [
        invite(1.0, "a", AGENT),
        line(1.1, "R", "a", "CANCEL", "CANCEL sip:x SIP/2.0"),
        line(1.2, "S", "a", "INVITE", "SIP/2.0 200 OK"),
    ]

    assert Broken.ORPHANED in found(sound(crossed))


@pytest.mark.parametrize(
    "seen",
    [without("\ta\t"), without("200 OK"), without("\tBYE sip:127")],
    ids=["no phone rang", "nobody answered", "nobody hung up"],
)
def test_a_record_that_says_more_than_the_phones_saw_is_contradicted(seen: list[str]) -> None:
    assert Broken.CONTRADICTED in found(sound(seen))


@pytest.mark.parametrize("change", [{"dialled": "no"}, {"reason": 1003}], ids=["rang nobody", "two reasons"])
def test_a_record_that_is_not_what_was_seen_or_told_is_contradicted(change: dict[str, Any]) -> None:
    evidence = sound(SEEN)
    evidence.calls = {SERIAL: {**evidence.calls[SERIAL], **change}}

    assert found(evidence) == {Broken.CONTRADICTED}
