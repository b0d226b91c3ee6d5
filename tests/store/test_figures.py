"""Figures for operators are what stands in the file, and cost no look at what ended long ago."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from contract.worlds import Told, numbered
from domain.calls import T0
from store.files import with_tenant
from twoleg.adapters.store.sqlite.queries import query
from twoleg.application.figures import RECENT_MS
from twoleg.application.ports import Intent
from twoleg.domain import signals as s
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.serials import make_serial
from twoleg.domain.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from twoleg.domain.call import Call


def placed_at(moment: int, number: int) -> Call:
    serial = make_serial(now_ms=moment, node_id=1, chance=number)
    call = replace(numbered(number, created_at=moment), serial=serial)
    return replace(call, agent=replace(call.agent, number=f"1{number}"))


@pytest.mark.asyncio
async def test_figures_are_what_stands_in_the_file(tmp_path: Path) -> None:
    store = with_tenant(tmp_path / "twoleg.db")
    waits, rings, fails = (placed_at(T0 + number, number) for number in range(3))
    old = placed_at(T0 - RECENT_MS - 1, 3)
    intake, journal = store.intake(), store.journal(asyncio.get_running_loop())
    for call in (waits, rings, fails, old):
        await intake.place(Intent(call))
    Told(journal, rings).tell(s.Start())
    for call in (fails, old):
        Told(journal, call).tell(s.Start(), s.Faulted("a test"))
    await journal.drained()

    figures = store.figure_book().read(now=T0)

    assert figures.living == {Phase.QUEUED: 1, Phase.CALLING_AGENT: 1}
    assert figures.oldest_queued_at == T0
    assert figures.recently_ended == {Reason.ENGINE_LOST: 1}, "the old one is not counted"
    assert (figures.overdue, figures.open_deliveries, figures.oldest_due_at, figures.disabled_endpoints) == (
        0,
        0,
        None,
        0,
    )
    store.close()


@pytest.mark.parametrize("name", ["count_by_phase", "oldest_queued", "count_ended_since", "count_open_deliveries"])
def test_no_figure_passes_over_what_has_ended(tmp_path: Path, name: str) -> None:
    with_tenant(tmp_path / "twoleg.db").close()
    with closing(sqlite3.connect(tmp_path / "twoleg.db")) as connection:
        given = (0,) if "?" in query(name) else ()
        steps = [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {query(name)}", given)]

    whole = [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
    assert whole == [], steps
