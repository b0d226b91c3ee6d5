"""What every archive of ladders does: the file beside the store, and the one that stands in for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from fakes.ladders import MemoryLadders
from ladder.drawn import BEGAN, SERIAL, messages
from twoleg.adapters.store.sqlite.ladder_file import LadderFile, SqliteLadderArchive
from twoleg.application.ladder.ports import LadderArchive
from twoleg.application.ladder.values import Capture

CAPTURE = Capture(serial=SERIAL, tenant_id="t1", ended_at=BEGAN, messages=messages(), omitted=3)


class Writer(Protocol):
    def put(self, captures: Iterable[Capture]) -> None: ...


@pytest.fixture(params=["sqlite", "memory"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Writer, LadderArchive]]:
    if request.param == "memory":
        memory = MemoryLadders()
        yield memory, memory
        return
    with closing(LadderFile(tmp_path / "calls.ladder.db")) as file:
        yield file, SqliteLadderArchive(tmp_path / "calls.ladder.db")


def test_a_capture_is_found_as_it_was_put(archive: tuple[Writer, LadderArchive]) -> None:
    writer, reader = archive
    writer.put([CAPTURE, Capture(serial=SERIAL + 1, tenant_id="t2", ended_at=BEGAN, is_dropped=True)])
    assert reader.find(SERIAL) == CAPTURE
    found = reader.find(SERIAL + 1)
    assert found is not None
    assert found.is_dropped


def test_nothing_is_found_of_other_calls(archive: tuple[Writer, LadderArchive]) -> None:
    writer, reader = archive
    assert reader.find(SERIAL) is None
    writer.put([CAPTURE])
    assert reader.find(SERIAL + 1) is None


def test_the_newer_of_two_captures_of_a_call_stays(archive: tuple[Writer, LadderArchive]) -> None:
    writer, reader = archive
    newer = Capture(serial=SERIAL, tenant_id="t1", ended_at=BEGAN + 1)
    writer.put([CAPTURE])
    writer.put([newer])
    assert reader.find(SERIAL) == newer
