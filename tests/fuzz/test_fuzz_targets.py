"""Every seed is survived, and a few seconds of coverage-guided fuzzing find nothing; `make fuzz` looks for longer."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.corpus import FOUND, seeds
from fuzz.targets import TARGETS

RUNS = {"message": 2500, "stream": 800, "sdp": 5000, "digest": 6000, "uri": 6000, "header": 6000, "agent": 250}
"""Inputs for each target in a test run: seconds in all, on any machine the same."""

TESTS = Path(__file__).parent.parent
NO_ATHERIS = "atheris has wheels for Linux on x86-64 only"


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_survived(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


def test_what_was_found_is_kept_for_a_target_that_there_is() -> None:
    assert {folder.name for folder in FOUND.iterdir() if folder.is_dir()} <= TARGETS.keys()
    assert RUNS.keys() == TARGETS.keys()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason=NO_ATHERIS)
@pytest.mark.parametrize("name", TARGETS)
def test_a_short_coverage_guided_run_finds_nothing(name: str, tmp_path: Path) -> None:
    options = [f"-runs={RUNS[name]}", "-seed=1", "-max_len=2048", f"-artifact_prefix={tmp_path}/"]
    fuzzer = subprocess.run(
        [sys.executable, "-m", "fuzz", name, *options],
        cwd=TESTS,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        timeout=100,
        check=False,
    )
    crashes = [path.read_bytes() for path in tmp_path.iterdir()]
    assert fuzzer.returncode == 0, (crashes, fuzzer.stdout[-3000:], fuzzer.stderr[-3000:].decode(errors="replace"))
    assert f"Done {RUNS[name]} runs".encode() in fuzzer.stderr
