"""Figures as people read them: percentiles, rows of the one table, Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that is not exceeded by `share` (0-1) of them; NaN when there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(milliseconds: Sequence[float]) -> str:
    """p50 and p99 in words."""
    return f"p50 {percentile(milliseconds, 0.5):.1f} ms, p99 {percentile(milliseconds, 0.99):.1f} ms"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    """Ours divided by the peer's, of the same run."""
    wanted: str = ""
    """The target, in words."""
    is_met: bool | None = None
    """None: a figure without a target."""


_HEAD = ("what", "ours", "peer", "ours / peer", "wanted", "")
_VERDICT = {True: "met", False: "**missed**", None: ""}


def markdown(rows: Iterable[Row]) -> str:
    """The table, its columns aligned for people who read it in a terminal."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return row.what, row.ours, row.peer, ratio, row.wanted, _VERDICT[row.is_met]
