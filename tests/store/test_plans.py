"""How SQLite answers the lists of calls: by index, never by passing over a table, be there a million calls."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from store.files import with_tenant
from twoleg.adapters.store.sqlite.queries import query

if TYPE_CHECKING:
    from pathlib import Path


def plan(path: Path, name: str, parameters: tuple[object, ...]) -> list[str]:
    with_tenant(path).close()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {query(name)}", parameters).fetchall()
    return [detail for *_, detail in rows]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("count_records", ("t1", 0, 1, None, None)),
        ("find_records", ("t1", 0, 1, None, None, 100, 0)),
        ("read_details", (0, 1, None, None, 100)),
    ],
)
def test_no_list_of_calls_scans_a_table(tmp_path: Path, name: str, parameters: tuple[object, ...]) -> None:
    steps = plan(tmp_path / "twoleg.db", name, parameters)

    assert [step for step in steps if re.match(r"SCAN (?!page\b)", step)] == []
    assert [step for step in steps if step.startswith("SEARCH")]


def test_a_page_is_ordered_by_the_index_and_only_then_looked_up(tmp_path: Path) -> None:
    steps = plan(tmp_path / "twoleg.db", "find_records", ("t1", 0, 1, None, None, 100, 0))

    assert steps[1].startswith("SEARCH call USING INDEX call_by_beginning (tenant_id=? AND begun_at>? AND begun_at<?)")
    assert not any("TEMP B-TREE" in step for step in steps[: steps.index("SCAN page")])
