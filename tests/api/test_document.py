"""The OpenAPI document: what it shows; and a fuzzer reads it and tries the service, over a real store."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from api.served import served
from api.world import World
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from twoleg.adapters.store.sqlite import open_store
from twoleg.api.openapi import make_document
from twoleg.api.operations import all_operations, all_samples
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


DOCUMENT: Any = json.loads(make_document(all_operations(), all_samples()))
ANSWERS = [
    pytest.param(response, id=f"{operation['operationId']}-{status}")
    for path in DOCUMENT["paths"].values()
    for operation in path.values()
    for status, response in operation["responses"].items()
]


@pytest.mark.parametrize("response", ANSWERS)
def test_each_answer_has_an_example_that_fits_its_schema(response: Any) -> None:
    for media, content in response.get("content", {}).items():
        if not media.endswith("json"):
            continue
        schema = content["schema"] | {"components": DOCUMENT["components"]}
        faults = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
        unknown = content["example"].keys() - DOCUMENT["components"]["schemas"][_named(schema)]["properties"].keys()
        assert (faults, unknown) == ([], set())


def _named(schema: Any) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def test_each_parameter_and_header_says_what_it_is() -> None:
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            assert all(parameter["description"] for parameter in operation["parameters"])
            for status, response in operation["responses"].items():
                assert all(header["description"] for header in response.get("headers", {}).values())
                if status in ("405", "429"):
                    assert len(response["headers"]) == 1


def test_a_refusal_of_the_native_face_is_shown_as_it_comes() -> None:
    shown = DOCUMENT["paths"]["/v1/calls"]["get"]["responses"]["429"]["content"]["application/problem+json"]["example"]

    assert (shown["type"], shown["status"], shown["instance"]) == ("/problems/too-many-requests", 429, "/v1/calls")
