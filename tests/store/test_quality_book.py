"""How well legs were heard, as kept beside their calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

from domain.calls import SERIAL, a_call
from store.files import rows, with_tenant
from twoleg.application.ports import Intent, Placed
from twoleg.domain.call import Role
from twoleg.domain.quality import LegQuality

GOOD = LegQuality(packets=500, lost=0, loss=0.0, jitter=1.5, round_trip=40.25, mos=4.4, was_silent=False)
DEAF = LegQuality(packets=0, lost=None, loss=None, jitter=None, round_trip=None, mos=None, was_silent=True)


def test_what_was_kept_is_read_and_later_facts_replace_earlier_ones(tmp_path: Path) -> None:
    store = with_tenant(tmp_path / "twoleg.db")
    try:
        assert isinstance(asyncio.run(store.intake().place(Intent(a_call()))), Placed)
        book = store.quality_book()
        book.put({SERIAL: {Role.AGENT: DEAF, Role.CUSTOMER: GOOD}})
        assert book.of(SERIAL) == {Role.AGENT: DEAF, Role.CUSTOMER: GOOD}
        book.put({SERIAL: {Role.AGENT: GOOD}})
        assert book.of(SERIAL) == {Role.AGENT: GOOD, Role.CUSTOMER: GOOD}
    finally:
        store.close()


def test_a_call_that_is_not_there_is_passed_over_and_the_others_are_kept(tmp_path: Path) -> None:
    store = with_tenant(tmp_path / "twoleg.db")
    try:
        assert isinstance(asyncio.run(store.intake().place(Intent(a_call()))), Placed)
        store.quality_book().put({1: {Role.AGENT: GOOD}, SERIAL: {Role.AGENT: GOOD}})
        assert rows(tmp_path / "twoleg.db", "SELECT serial, role FROM leg_quality") == [(SERIAL, "agent")]
        assert store.quality_book().of(1) == {}
    finally:
        store.close()
