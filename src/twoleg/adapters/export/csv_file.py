"""CSV (RFC 4180), UTF-8, a header line first; what outsiders wrote is kept from becoming a formula in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TEXTS_OF_OUTSIDERS = frozenset({"call_data", "agent_sip_reason", "customer_sip_reason"})
"""Columns whose text comes from API clients or from the wire. All others hold numbers, phone numbers (digits with an
optional leading +, from which no formula can be made) and words of ours."""

STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes spreadsheets take a cell for a formula (OWASP, CSV Injection), wide forms included."""
GUARD = "'"
"""Put before such a text, and before one that begins with it already: so taking one away always gives the original."""


def guarded(text: Any) -> Any:
    """The text as a cell that no spreadsheet runs; what is no text is left as it is."""
    if isinstance(text, str) and text.startswith((*STARTS_FORMULA, GUARD)):
        return GUARD + text
    return text


class CsvFile:
    """The `RecordSink` over a new file, for its owner's eyes. Raises `OSError`."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._guarded = [place for place, column in enumerate(columns) if column in TEXTS_OF_OUTSIDERS]
        self._writer.writerow(columns)

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """See `RecordSink.add`."""
        self._writer.writerows(self._cells(row) for row in rows)

    def close(self) -> None:
        """See `RecordSink.close`."""
        self._file.close()

    def _cells(self, row: Sequence[Any]) -> Sequence[Any]:
        cells = list(row)
        for place in self._guarded:
            cells[place] = guarded(cells[place])
        return cells
