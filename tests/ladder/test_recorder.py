"""What the engine notes of living calls: whose each message is, what is kept at the end, and how much at most."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladder.drawn import AGENT, CUSTOMER, ended_call, request, response
from twoleg.adapters.wire_recorder import Notes, RecorderLimits, WireRecorder
from twoleg.application.ladder.keeping import Keeping
from twoleg.domain.call import Call, Role
from twoleg.domain.reasons import Reason


@dataclass
class Desk:
    """A recorder with a clock of its own, and what it gave away."""

    keeping: Keeping = field(default_factory=Keeping)
    limits: RecorderLimits = field(default_factory=RecorderLimits)
    kept: list[tuple[Call, Notes]] = field(default_factory=list)
    exported: list[tuple[int, bytes]] = field(default_factory=list)
    now: int = 0
    exports: bool = False

    def __post_init__(self) -> None:
        self.recorder = WireRecorder(
            limits=self.limits,
            keeping=self.keeping,
            now=self.tick,
            keep=lambda call, notes: self.kept.append((call, notes)),
            export=self if self.exports else None,
        )

    def tick(self) -> int:
        self.now += 1
        return self.now

    def tell(self, serial: int, message: tuple[int, Role, bool, object, bytes]) -> None:
        self.exported.append((serial, message[4]))

    def call(self, serial: int) -> None:
        """A call whose legs have the Call-IDs a<serial> and b<serial>."""
        self.recorder.leg(serial, Role.AGENT, f"a{serial}")
        self.recorder.leg(serial, Role.CUSTOMER, f"b{serial}")

    def exchange(self, serial: int, times: int = 1) -> None:
        for _ in range(times):
            self.recorder.sent(request("INVITE", call_id=f"a{serial}"), AGENT)
            self.recorder.heard(response("200 OK", call_id=f"b{serial}"), CUSTOMER)


def test_messages_find_their_leg_by_call_id() -> None:
    desk = Desk()
    desk.call(1)
    desk.call(2)
    invite, ok = request("INVITE", call_id="a1"), response("200 OK", call_id="b1")
    desk.recorder.sent(invite, AGENT)
    desk.recorder.heard(ok, CUSTOMER)
    desk.recorder.heard(response("200 OK", call_id="strange"), CUSTOMER)
    desk.recorder.over(ended_call(serial=1))
    ((call, notes),) = desk.kept
    assert call.serial == 1
    assert notes.messages == [(1, Role.AGENT, True, AGENT, invite), (2, Role.CUSTOMER, False, CUSTOMER, ok)]


@pytest.mark.parametrize("spelling", ["Call-ID: a1", "Call-ID:a1 ", "CALL-ID : a1", "call-id:\ta1", "i: a1", "I:a1"])
def test_a_call_id_is_found_however_it_is_spelled(spelling: str) -> None:
    desk = Desk()
    desk.call(1)
    desk.recorder.heard(response("200 OK").replace(b"Call-ID: a1", spelling.encode()), AGENT)
    desk.recorder.over(ended_call(serial=1))
    assert len(desk.kept[0][1].messages) == 1


def test_every_attempt_at_a_leg_belongs_to_it() -> None:
    desk = Desk()
    desk.call(1)
    desk.recorder.leg(1, Role.AGENT, "second")
    desk.recorder.sent(request("INVITE", call_id="a1"), AGENT)
    desk.recorder.sent(request("INVITE", call_id="second"), CUSTOMER)
    desk.recorder.over(ended_call(serial=1))
    assert [each[1] for each in desk.kept[0][1].messages] == [Role.AGENT, Role.AGENT]


def test_after_its_end_nothing_is_left_of_a_call() -> None:
    desk = Desk()
    desk.call(1)
    desk.exchange(1)
    desk.recorder.over(ended_call(serial=1))
    desk.exchange(1)
    desk.recorder.over(ended_call(serial=1))
    assert len(desk.kept) == 1
    assert (desk.recorder.size, desk.recorder.calls) == (0, 0)


def test_what_is_packed_comes_back_whole_and_in_order() -> None:
    loose, packing = Desk(), Desk(limits=RecorderLimits(max_loose=3000))
    for desk in (loose, packing):
        for serial in (1, 2, 3):
            desk.call(serial)
        for serial in (1, 2, 3, 1, 2, 3, 1):
            desk.exchange(serial, times=2)
    assert packing.recorder.size < loose.recorder.size / 2
    for desk in (loose, packing):
        for serial in (1, 2, 3):
            desk.recorder.over(ended_call(serial=serial))
    assert [notes.messages for _, notes in packing.kept] == [notes.messages for _, notes in loose.kept]
    assert (packing.recorder.size, packing.recorder.calls) == (0, 0)


def test_packed_or_not_no_call_holds_more_messages_than_it_may() -> None:
    desk = Desk(limits=RecorderLimits(max_messages=10, max_loose=1000))
    desk.call(1)
    desk.exchange(1, times=40)
    desk.recorder.over(ended_call(serial=1))
    ((_, notes),) = desk.kept
    assert (len(notes.messages), notes.omitted) == (10, 70)
    assert [each[0] for each in notes.messages] == sorted(each[0] for each in notes.messages)
    assert notes.messages[0][0] == 1
    assert desk.recorder.size == 0


def test_failed_calls_are_kept_and_good_ones_by_their_share() -> None:
    desk = Desk(Keeping(keep_good=0.1, keep_failed=1.0))
    for serial in range(1, 2001):
        good = serial % 2 == 0
        desk.call(serial)
        desk.exchange(serial)
        reason = Reason.CUSTOMER_HUNG_UP if good else Reason.CUSTOMER_FAILED
        desk.recorder.over(ended_call(reason, serial=serial, talked=good))
    failed = [call for call, _ in desk.kept if call.talking_at is None]
    assert len(failed) == 1000
    assert 70 <= len(desk.kept) - 1000 <= 130
    assert desk.recorder.counters.let_go == 2000 - len(desk.kept)


def test_the_choice_is_the_same_for_everybody_who_asks() -> None:
    keeping = Keeping(keep_good=0.5)
    calls = [ended_call(Reason.AGENT_HUNG_UP, serial=serial, talked=True) for serial in range(1, 100)]
    assert [keeping.keeps(each) for each in calls] == [keeping.keeps(each) for each in calls]
    assert {keeping.keeps(each) for each in calls} == {True, False}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_is_none_and_all_is_all(share: float) -> None:
    keeping = Keeping(keep_good=share, keep_failed=share)
    calls = [ended_call(serial=serial, talked=bool(serial % 2)) for serial in (*range(1, 500), 2**62 - 1)]
    assert {keeping.keeps(each) for each in calls} == {bool(share)}


def test_an_agent_who_gave_up_before_the_customer_answered_is_no_good_call() -> None:
    assert Keeping(keep_good=0).keeps(ended_call(Reason.AGENT_HUNG_UP, talked=False))
    assert not Keeping(keep_good=0).keeps(ended_call(Reason.AGENT_HUNG_UP, talked=True))
    assert not Keeping(keep_good=0).keeps(ended_call(Reason.HANGUP_REQUESTED, talked=True))


def test_a_long_call_keeps_its_beginning_and_its_end() -> None:
    desk = Desk(limits=RecorderLimits(max_messages=10))
    desk.call(1)
    desk.exchange(1, 50)
    desk.recorder.over(ended_call(serial=1))
    notes = desk.kept[0][1]
    assert [each[0] for each in notes.messages] == [1, 2, 3, 4, 5, 96, 97, 98, 99, 100]
    assert notes.omitted == desk.recorder.counters.omitted == 90


def test_large_messages_cost_others_of_their_call_their_place() -> None:
    desk = Desk(limits=RecorderLimits(max_bytes=10_000))
    desk.call(1)
    for size in (100, 9000, 9000, 20_000, 100):
        desk.recorder.sent(request("INFO", call_id="a1", body=b"x" * size), AGENT)
    desk.recorder.over(ended_call(serial=1))
    notes = desk.kept[0][1]
    assert notes.size <= 10_000
    assert notes.omitted == 5 - len(notes.messages)
    assert notes.messages[-1][0] == 5


def test_without_room_for_all_the_oldest_calls_lose_what_was_noted() -> None:
    desk = Desk(limits=RecorderLimits(max_memory=20_000))
    for serial in range(1, 101):
        desk.call(serial)
        desk.exchange(serial)
        assert desk.recorder.size <= 20_000
    dropped = desk.recorder.counters.dropped
    desk.exchange(1)
    for serial in range(1, 101):
        desk.recorder.over(ended_call(serial=serial))
    fates = [notes.is_dropped for _, notes in desk.kept]
    assert fates == [True] * dropped + [False] * (100 - dropped)
    assert dropped > 50
    assert all(not notes.messages for _, notes in desk.kept[:dropped])
    assert desk.recorder.size == 0


def test_the_memory_of_many_long_calls_is_what_was_allowed() -> None:
    """Measured at the objects themselves: 2,000 calls of 40 messages would take 30 MB."""
    allowed = 4 * 1024 * 1024
    desk = Desk(limits=RecorderLimits(max_memory=allowed))
    for serial in range(1, 2001):
        desk.call(serial)
        desk.exchange(serial, 20)
    gc.collect()
    held = [each for notes in desk.recorder._notes.values() for each in notes.messages]
    octets = sum(sys.getsizeof(each) + sys.getsizeof(each[4]) + sys.getsizeof(each[0]) for each in held)
    assert octets <= allowed * 1.1
    assert desk.recorder.size <= allowed


def test_everything_is_exported_kept_or_not() -> None:
    desk = Desk(Keeping(keep_good=0, keep_failed=0), exports=True)
    desk.call(1)
    desk.exchange(1, 3)
    assert [serial for serial, _ in desk.exported] == [1] * 6
    assert desk.recorder.size == 0
    desk.recorder.over(ended_call(serial=1))
    assert not desk.kept


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("noe"), st.integers(0, 3000)), max_size=60))
def test_the_books_balance_whatever_happens(story: list[tuple[int, str, int]]) -> None:
    desk = Desk(limits=RecorderLimits(max_messages=5, max_bytes=6000, max_memory=12_000))
    for serial, what, size in story:
        match what:
            case "n":
                desk.call(serial)
            case "o":
                desk.recorder.sent(request("INFO", call_id=f"a{serial}", body=b"x" * size), AGENT)
            case _:
                desk.recorder.over(ended_call(serial=serial))
        assert desk.recorder.size == sum(notes.size for notes in desk.recorder._notes.values())
        assert desk.recorder.size <= 12_000
        assert all(len(notes.messages) <= 5 for notes in desk.recorder._notes.values())
    for serial in range(1, 5):
        desk.recorder.over(ended_call(serial=serial))
    assert (desk.recorder.size, desk.recorder.calls, desk.recorder._owners) == (0, 0, {})
