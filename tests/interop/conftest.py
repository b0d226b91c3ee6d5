"""Fixtures of the interop tests: one service for each process of the test run, a desk for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.exchange import Desk


def pytest_configure(config: pytest.Config) -> None:
    """See `interop.scenario`."""
    config.addinivalue_line("markers", "scenario(peer, over, says): a row of docs/interop.md")


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """A service that lets phones ring, and people talk, for as long as anybody likes."""
    timers = {"ring_agent": 60, "ring_customer": 60}
    with Exchange.running(tmp_path_factory.mktemp("exchange"), pairs=150, timers=timers) as running:
        yield running


@pytest.fixture(scope="session")
def hasty_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """A service that lets no phone ring for longer than three seconds."""
    timers = {"ring_agent": 3, "ring_customer": 3}
    with Exchange.running(tmp_path_factory.mktemp("hasty_exchange"), pairs=30, timers=timers) as running:
        yield running


@pytest.fixture
def desk(exchange: Exchange, tmp_path: Path) -> Iterator[Desk]:
    """A pair of lines that nobody used before."""
    with exchange.desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def hasty_desk(hasty_exchange: Exchange, tmp_path: Path) -> Iterator[Desk]:
    """Such a pair on the service without patience."""
    with hasty_exchange.desk(tmp_path) as desk:
        yield desk
