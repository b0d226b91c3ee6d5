"""docs/interop.md and the interop tests say the same: no scenario without a row, no row without a scenario."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from interop.page import scenarios_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What pytest finds in tests/interop, without running it."""
    found = tmp_path_factory.mktemp("collected") / "list.json"
    options = ("-p", "interop.page", "-p", "no:cacheprovider", "--collect-only", "-q", "--interop-list", str(found))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/interop"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    listed: dict[str, Any] = json.loads(found.read_text())
    return listed


def test_the_page_lists_exactly_the_scenarios_that_there_are(collected: dict[str, Any]) -> None:
    """If this fails: `make interop-table`."""
    listed = scenarios_of((ROOT / "docs" / "interop.md").read_text())
    there_are = [(row["peer"], row["over"], row["says"]) for row in collected["scenarios"]]

    assert sorted(listed) == sorted(there_are)


def test_no_two_scenarios_have_the_same_sentence(collected: dict[str, Any]) -> None:
    sentences = [(row["peer"], row["over"], row["says"]) for row in collected["scenarios"]]

    assert len(sentences) == len(set(sentences))


def test_there_are_forty_different_scenarios_of_sipp_and_more(collected: dict[str, Any]) -> None:
    """A test counts once, however many cases it has."""
    assert collected["sipp"] >= 40
