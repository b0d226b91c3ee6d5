"""A small part of `make chaos`: load, and kill -9 of whatever runs, judged by the phones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from chaos.page import evidence_of, table
from chaos.run import Orders, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

KILLS = 10


def test_whatever_dies_no_call_is_lost_and_nobody_is_rung_twice(tmp_path: Path) -> None:
    outcome = asyncio.run(run(tmp_path, Orders(kills=KILLS, every=0.4, rate=8.0, seed=6)))

    assert outcome.is_kept, "\n".join([table(outcome), *evidence_of(outcome)])
    assert outcome.verdict.acknowledged > KILLS
    assert len(outcome.kills) == KILLS
