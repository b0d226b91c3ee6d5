"""Puts the table of a run into docs/bench.md, between two marks; the words around it are written by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Row, markdown
from bench.processes import machine

_PAGE = Path(__file__).parents[1] / "docs" / "bench.md"
_BEGIN, _END = "<!-- figures: written by `python -m bench --write` -->", "<!-- end of figures -->"


def write_page(rows: Sequence[Row]) -> None:
    """Replace what stands between the marks. Raises ValueError when they are gone."""
    text = _PAGE.read_text()
    before, began, rest = text.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not began or not ended:
        raise ValueError(f"{_PAGE.name} has lost its marks {_BEGIN} and {_END}")
    today = datetime.now(tz=UTC).date().isoformat()
    _PAGE.write_text(f"{before}{_BEGIN}\n{today}, {machine()}.\n\n{markdown(rows)}\n{_END}{after}")
