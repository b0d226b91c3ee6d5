"""What the engine leaves of its trunks' state, and what operators read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.files import locked, opened
from twoleg.adapters.store.sqlite import writes
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import TrunkState

UP = TrunkState(name="carrier", is_up=True, why="registered for 600 s", changed_at=5)
DOWN = TrunkState(name="carrier", is_up=False, why="not registered: 403 Forbidden", changed_at=9)
OTHER = TrunkState(name="a", is_up=True, why="answers OPTIONS with 200", changed_at=7)


def test_the_newest_state_of_each_trunk_is_read_by_another_process(tmp_path: Path) -> None:
    ours, theirs = opened(tmp_path / "twoleg.db"), opened(tmp_path / "twoleg.db")
    for state in (UP, OTHER, DOWN):
        ours.trunk_board().put(state)
    assert list(theirs.trunk_board().states()) == [OTHER, DOWN]
    ours.close()
    theirs.close()


def test_a_starting_engine_knows_of_no_trunk(tmp_path: Path) -> None:
    store = opened(tmp_path / "twoleg.db")
    store.trunk_board().put(UP)
    store.trunk_board().clear()
    assert list(store.trunk_board().states()) == []
    store.close()


def test_a_store_in_trouble_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "PATIENCE", 0.05)
    store = opened(tmp_path / "twoleg.db")
    with locked(tmp_path / "twoleg.db"), pytest.raises(StoreUnavailable):
        store.trunk_board().put(UP)
    store.close()
