"""The OpenAPI document and the service it describes: a fuzzer reads one and tries the other, over a real store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.served import served
from api.world import World
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from twoleg.adapters.store.sqlite import open_store
from twoleg.application import lockout

SETTINGS = """
# What a cursor or a number means is more than a schema can say: of these, some that fit it are refused with 400 or 422.
[[operations]]
include-operation-id = [
    "placeCall", "listCalls", "getCall", "getCallEvents", "getEvents",
    "createWebhook", "replayWebhook", "listDeliveries",
    "startRecording", "pauseRecording", "resumeRecording", "stopRecording",
]
checks.positive_data_acceptance.enabled = false
"""
CASES = 40
"""For each operation and phase; the same ones in every run."""
PATIENCE = 100


@pytest.mark.slow
def test_service_does_what_its_document_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fuzzer guesses secrets, and wants 401 each time: how long a guesser has to wait is another test's business.
    monkeypatch.setattr(lockout, "FREE_TRIES", 10**6)
    store = open_store(f"sqlite:///{tmp_path}/twoleg.db", clock=DrivenClock(), logger=NotedLog(), sealer=OpenSealer())
    with World(store) as world, served(world.app) as (host, port):
        client = world.client()
        (tmp_path / "schemathesis.toml").write_text(SETTINGS)
        fuzzed = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                f"http://{host}:{port}/openapi.json",
                f"--header=Authorization: Bearer {client.token}",
                "--phases=examples,coverage,fuzzing",
                f"--max-examples={CASES}",
                "--generation-deterministic",
                "--no-color",
            ],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )

        assert fuzzed.returncode == 0, fuzzed.stdout.decode()
        assert world.log.lines == []
        assert world.nudges >= 2, "the fuzzer's requests were never in order, not even the document's own examples"
