"""Fixtures of the interop tests: one service for each process of the test run, a desk for each test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from interop.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.exchange import Desk


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Rings for three seconds, talks for as long as anybody likes."""
    timers = {"ring_agent": 3, "ring_customer": 3}
    with Exchange.running(tmp_path_factory.mktemp("exchange"), pairs=120, timers=timers) as running:
        yield running


@pytest.fixture
def desk(exchange: Exchange, tmp_path: Path) -> Iterator[Desk]:
    """A pair of lines that nobody used before; whatever the phones do, the service has no fault to confess."""
    assert exchange.service.process.poll() is None, f"the service is gone: {exchange.service.log()[-3:]}"
    before = len(exchange.service.faults())
    taken = exchange.desk(tmp_path)
    yield taken
    sys.stdout.write(taken.report())  # shown when the test failed
    assert exchange.service.faults()[before:] == []
