"""Fixtures of the interop tests: one service for each process of the test run, a desk for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("interop.exchange", "service")  # what they assert shall fail as clearly as a test

from interop.exchange import Exchange  # noqa: E402 - after the line above

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
    """A pair of lines that nobody used before."""
    with exchange.desk(tmp_path) as desk:
        yield desk
