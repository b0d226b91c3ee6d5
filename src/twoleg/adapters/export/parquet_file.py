"""Parquet: typed columns, times as timestamps in UTC, texts as they were. Needs the extra `twoleg[parquet]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_A_GROUP = 20_000
"""Rows that are held until they are written together: some ten megabytes, and groups large enough to read quickly."""

_NUMBERS = frozenset({"reason", "cause", "sip_status"})


def _type_of(column: str) -> Any:
    if column == "serial":
        return pa.int64()
    if column.endswith("_at"):
        return pa.timestamp("ms", tz="UTC")
    fact = column.removeprefix("agent_").removeprefix("customer_")
    return pa.int32() if fact in _NUMBERS else pa.string()


class ParquetFile:
    """The `RecordSink` over a new file. Raises `OSError`."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._schema = pa.schema([(column, _type_of(column)) for column in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._held: list[Sequence[Any]] = []

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """See `RecordSink.add`."""
        self._held.extend(rows)
        if len(self._held) >= ROWS_A_GROUP:
            self._write()

    def close(self) -> None:
        """See `RecordSink.close`."""
        if self._held:
            self._write()
        self._writer.close()

    def _write(self) -> None:
        columns = zip(*self._held, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._held.clear()
