"""An engine that hangs in the middle of a talk: the call is closed in time without it, and it opens nothing again."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from e2e.places import ANSWERS, SANDBOX, stop_engine_in_its_tracks
from e2e.test_restart import ENGINE_LOST, goodbyes
from patience import eventually, wall_clock_ms
from service import Service, write_config
from store.files import rows
from twoleg.application.sweep_overdue import CLOSED, TOLD

if TYPE_CHECKING:
    from pathlib import Path

    from service import Client

pytestmark = pytest.mark.slow
TOKEN = "what-the-tests-show-to-read-figures"
LEFT_MS = 12_500
"""What is left of the call when the engine stops: the engine is told of it, then the record is closed."""


def overdue(client: Client) -> str:
    """The metric, as Prometheus reads it."""
    answer = client.connection.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return next(line for line in answer.text.splitlines() if line.startswith("twoleg_overdue_calls "))


def let_its_life_pass(store: Path) -> int:
    """The talk is as old as its timers allow: nobody waits for that here. Answers the new deadline (ms)."""
    deadline = wall_clock_ms() + LEFT_MS
    with closing(sqlite3.connect(store, timeout=30)) as file, file:
        file.execute("UPDATE call SET must_end_by = ?", (deadline,))
    return deadline


def test_a_call_whose_engine_hangs_ends_with_1003_by_its_deadline_and_its_phones_are_freed_later(
    tmp_path: Path,
) -> None:
    config = write_config(tmp_path, more=SANDBOX)
    config.write_text(config.read_text().replace("[http]\n", f'[http]\nmetrics_token = "{TOKEN}"\n'))
    store = tmp_path / "twoleg.db"
    service = Service.serve(config)  # no `with`: its end would complain about the very line that is wanted here
    try:
        with service.client() as client:
            serial = client.create_call(ANSWERS, "6655500200")
            client.until(serial, state=2)
            assert overdue(client) == "twoleg_overdue_calls 0"
            engine = stop_engine_in_its_tracks(service)
            deadline = let_its_life_pass(store)

            closed = client.until(serial, state=3, seconds=30)
            assert (closed["reasonCode"], closed["endTime"] <= deadline) == (ENGINE_LOST, True)
            assert overdue(client) == "twoleg_overdue_calls 1"
            assert goodbyes(client, serial) == [], "the phones know nothing yet"

            os.kill(engine, signal.SIGCONT)
            assert eventually(lambda: goodbyes(client, serial).count("BYE") == 2), goodbyes(client, serial)
            assert eventually(lambda: goodbyes(client, serial)[-2:].count("200") >= 1), "and are answered"
            assert client.query(serial) == closed, "nothing of it falls back"
            assert rows(store, "SELECT reason FROM cdr") == [(ENGINE_LOST,)]
            assert rows(store, "SELECT count(*) FROM event WHERE type = 'call.ended'") == [(1,)]
            assert eventually(lambda: rows(store, "SELECT count(*) FROM leg_on_wire") == [(0,)])
            assert [line["event"] for line in service.overdue()] == [TOLD, CLOSED]
        assert service.stop() == 0
    finally:
        service.kill()
