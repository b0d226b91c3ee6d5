"""Writes docs/states.md from the machine's table."""

from pathlib import Path

from twoleg.domain.states_page import states_page

Path(__file__).parents[1].joinpath("docs", "states.md").write_text(states_page(), encoding="utf-8")
