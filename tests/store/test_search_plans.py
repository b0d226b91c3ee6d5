"""How SQLite answers the native face: each serial by its key, each page along one index, never a table or a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from store.test_plans import plan
from twoleg.adapters.store.sqlite.call_search import _parameters
from twoleg.application.call_search import NEWEST, CallFilter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("scan_calls", "call_by_tenant"),
        ("scan_unended_calls", "call_unended"),
        ("scan_calls_by_caller", "call_by_caller"),
        ("scan_calls_by_called", "call_by_called"),
    ],
)
def test_a_page_goes_along_one_index_without_a_sort(tmp_path: Path, name: str, index: str) -> None:
    parameters: Any = _parameters(CallFilter(tenant_id="t1", caller="1", called="2"), NEWEST)

    (only,) = plan(tmp_path / "twoleg.db", name, parameters)

    assert only.startswith(f"SEARCH call USING INDEX {index} (tenant_id=?")


@pytest.mark.parametrize(("name", "parameters"), [("states_by_serial", ("[1]", "t1")), ("calls_by_serial", ("[1]",))])
def test_calls_of_a_batch_are_found_by_their_keys(tmp_path: Path, name: str, parameters: tuple[str, ...]) -> None:
    first, second, *_ = plan(tmp_path / "twoleg.db", name, parameters)

    assert first.startswith("SCAN wanted VIRTUAL TABLE")
    assert second == "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)"


@pytest.mark.parametrize(
    ("name", "parameters", "found"),
    [
        ("events_after", (0, 1), "SEARCH e USING INTEGER PRIMARY KEY (rowid>?)"),
        ("events_of_tenant", ("t1", 0, 1), "SEARCH e USING INDEX event_by_tenant (tenant_id=? AND rowid>?)"),
        ("events_of_call", (1, 0, 1), "SEARCH e USING INDEX sqlite_autoindex_event_1 (serial=? AND seq>?)"),
    ],
)
def test_events_are_read_along_their_cursor(
    tmp_path: Path, name: str, parameters: tuple[object, ...], found: str
) -> None:
    steps = plan(tmp_path / "twoleg.db", name, parameters)

    assert found in steps
    assert not [step for step in steps if "TEMP B-TREE" in step]
