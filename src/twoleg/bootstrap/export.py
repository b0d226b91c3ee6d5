"""Putting an export together: the sink of a format, and a file that appears under its name only when it is complete."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, unique
from pathlib import Path

from twoleg.adapters.export.csv_file import CsvFile
from twoleg.application.call_records import DETAIL_COLUMNS
from twoleg.application.export_records import RecordSink
from twoleg.bootstrap.errors import ServiceError


@unique
class ExportFormat(Enum):
    """What can be written."""

    CSV = "csv"
    PARQUET = "parquet"


@contextmanager
def export_file(path: Path, wanted: ExportFormat) -> Iterator[RecordSink]:
    """A sink whose file gets its name, and replaces what had it, when the block ends well; else nothing is left of it.

    Only its owner may read the file: it names who called whom. Raises `ServiceError` for a format whose library is not
    installed, `OSError`.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield _sink(part, wanted)
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _sink(path: Path, wanted: ExportFormat) -> RecordSink:
    if wanted is ExportFormat.CSV:
        return CsvFile(path, DETAIL_COLUMNS)
    try:
        from twoleg.adapters.export.parquet_file import ParquetFile  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise ServiceError("Parquet needs pyarrow, which is not installed: pip install 'twoleg[parquet]'") from error
    return ParquetFile(path, DETAIL_COLUMNS)


def _flush(path: Path) -> None:
    """On the disk, a file's content as well as a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
