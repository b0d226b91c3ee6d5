"""The page of the native face says of every path and problem what there is."""

from __future__ import annotations

from pathlib import Path

from twoleg.api.native import face
from twoleg.api.native.problems import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "native-api.md").read_text()
PATHS = (
    face.CALLS_PATH,
    face.STATES_PATH,
    face.CALL_PATH,
    face.HANGUP_PATH,
    face.CALL_EVENTS_PATH,
    face.EVENTS_PATH,
)


def test_every_path_of_calls_and_events_has_its_curl() -> None:
    asked = [line.partition("  #")[0] for line in PAGE.splitlines() if line.startswith("curl ")]

    for path in PATHS:
        wanted = "$HOST" + path.replace("{serial}", "$SERIAL")
        found = [line for line in asked if wanted in line and not line.partition(wanted)[2][:1].isalpha()]
        assert found, path


def test_every_type_of_problem_is_in_the_table() -> None:
    for kind in Kind:
        assert f"| `{kind.uri}` | {kind.status} |" in PAGE
