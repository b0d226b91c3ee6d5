"""Writes docs/explain.md from the rule tables."""

from pathlib import Path

from twoleg.domain.explain.page import explain_page

Path(__file__).parents[1].joinpath("docs", "explain.md").write_text(explain_page(), encoding="utf-8")
