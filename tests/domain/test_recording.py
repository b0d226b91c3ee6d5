"""Recordings: every command in every status is decided, and the pieces follow from the marks."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.domain.recording import (
    COMMANDS,
    REFUSED,
    AudioFormat,
    Command,
    CommandRefused,
    Mark,
    Piece,
    Recording,
    RecordingPolicy,
    RecordingStatus,
    after,
    file_of,
    is_wanted,
    may_record,
    pieces,
    purge_due_at,
    storage_key,
)

BEGAN, PAUSED, RESUMED, STOPPED = Mark


def test_every_command_is_decided_in_every_status_and_only_once() -> None:
    cells = set(product([None, *RecordingStatus], Command))

    assert set(COMMANDS) | set(REFUSED) == cells
    assert not set(COMMANDS) & set(REFUSED)


@pytest.mark.parametrize(("cell", "reached"), COMMANDS.items())
def test_a_repeated_command_changes_nothing(
    cell: tuple[RecordingStatus | None, Command], reached: RecordingStatus
) -> None:
    assert after(cell[0], cell[1]) == reached
    assert after(reached, cell[1]) == reached


@pytest.mark.parametrize("status", [each for each in RecordingStatus if each.is_over])
@pytest.mark.parametrize("command", Command)
def test_nothing_can_be_asked_of_a_recording_that_is_over(status: RecordingStatus, command: Command) -> None:
    refused = after(status, command)

    assert isinstance(refused, CommandRefused)
    assert status.value in refused.why


def test_a_tenant_without_recording_is_not_recorded_whoever_asks() -> None:
    assert not may_record(RecordingPolicy.OFF)
    assert not is_wanted(RecordingPolicy.OFF, asked=True)


def test_a_tenant_that_records_always_need_not_ask() -> None:
    assert is_wanted(RecordingPolicy.ALWAYS, asked=False)


def test_on_demand_only_what_is_asked_for_is_recorded() -> None:
    assert [is_wanted(RecordingPolicy.ON_DEMAND, asked=asked) for asked in (False, True)] == [False, True]


def test_a_recording_that_never_began_has_no_pieces() -> None:
    assert pieces([]) == ()
    assert pieces([(STOPPED, 5)]) == ()


def test_a_pause_is_between_two_pieces() -> None:
    assert pieces([(BEGAN, 10), (PAUSED, 20), (RESUMED, 30), (STOPPED, 40)]) == (Piece(10, 20), Piece(30, 40))


def test_a_recording_that_nobody_stopped_is_open_ended() -> None:
    assert pieces([(BEGAN, 10), (PAUSED, 20), (RESUMED, 30)]) == (Piece(10, 20), Piece(30, None))


def test_a_pause_that_nobody_ended_hides_the_rest() -> None:
    assert pieces([(BEGAN, 10), (PAUSED, 20)]) == (Piece(10, 20),)


def test_a_stopped_recording_may_begin_again() -> None:
    assert pieces([(BEGAN, 10), (STOPPED, 20), (BEGAN, 50)]) == (Piece(10, 20), Piece(50, None))


@given(
    st.lists(st.tuples(st.sampled_from(Mark), st.integers(0, 10**6))).map(
        lambda given: sorted(given, key=lambda m: m[1])
    )
)
def test_pieces_never_overlap_and_never_contain_a_pause(marks: list[tuple[Mark, int]]) -> None:
    found = pieces(marks)

    for piece in found:
        assert piece.ends is None or piece.begins <= piece.ends
    for earlier, later in pairwise(found):
        assert earlier.ends is not None
        assert earlier.ends <= later.begins
    if marks and marks[-1][0] in (PAUSED, STOPPED):
        assert all(piece.ends is not None for piece in found)


def test_a_recording_is_kept_for_whole_days() -> None:
    assert purge_due_at(ended_at=1000, days=2) == 1000 + 2 * 86_400_000


def test_recordings_of_two_tenants_lie_apart() -> None:
    assert storage_key(tenant_id="t1", serial=7, call_ended_at=1769903999999) == "t1/2026/01/31/7.wav"


@pytest.mark.parametrize(
    ("status", "began_at", "key", "told"),
    [
        (RecordingStatus.WANTED, None, None, None),
        (RecordingStatus.RECORDING, 5, None, "t1/2026/01/31/7.wav"),
        (RecordingStatus.PAUSED, 5, None, "t1/2026/01/31/7.wav"),
        (RecordingStatus.STOPPED, 5, None, "t1/2026/01/31/7.wav"),
        (RecordingStatus.STOPPED, None, None, None),
        (RecordingStatus.WANTED, 5, None, "t1/2026/01/31/7.wav"),
        (RecordingStatus.READY, 5, "t1/elsewhere.wav", "t1/elsewhere.wav"),
        (RecordingStatus.FAILED, 5, None, None),
        (RecordingStatus.PURGED, 5, "t1/elsewhere.wav", None),
    ],
)
def test_a_recording_that_began_has_a_file_until_it_fails_or_is_purged(
    status: RecordingStatus, began_at: int | None, key: str | None, told: str | None
) -> None:
    recording = Recording(
        serial=7,
        tenant_id="t1",
        status=status,
        audio_format=AudioFormat.PCM,
        wanted_at=1,
        began_at=began_at,
        key=key,
    )

    assert file_of(recording, call_ended_at=1769903999999) == told
