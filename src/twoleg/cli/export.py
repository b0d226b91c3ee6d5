"""`twoleg export`: the call detail records of a time as CSV or Parquet."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from twoleg.application.export_records import export_records
from twoleg.application.ports import Clock
from twoleg.bootstrap.export import ExportFormat, export_file
from twoleg.cli.errors import Negative, Usage
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time

SILENT_MS = 2_000
"""An export that is done by then says nothing of its progress."""
AGAIN_MS = 5_000


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("export")(export)


def export(  # noqa: PLR0913 - one option for each thing to choose
    *,
    since: Annotated[
        str, typer.Option("--from", metavar="TIME", help="Calls placed then or later: 2026-11-01, 2026-11-01T08:00Z.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Replaced when the export is complete, not before.")
    ],
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Calls placed before, not then. Else: until now.")
    ] = None,
    wanted: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.CSV,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the call detail records of ended calls to a file. Times without a zone are this machine's.

    Without --tenant: of all tenants.

    Example:  twoleg export --from 2026-11-01 --to 2026-12-01 --format parquet --output november.parquet
    """
    with store_of(config) as opened:
        start = moment("--from", since)
        end = opened.clock.now_ms() if until is None else moment("--to", until)
        if end < start:
            raise Usage("--to lies before --from")
        owner = None if tenant is None else tenant_of(opened, tenant).tenant_id
        try:
            with export_file(output, wanted) as sink:
                told = _Progress(opened.clock)
                written = export_records(
                    opened.detail_records, sink, since=start, until=end, tenant_id=owner, told=told
                )
        except OSError as error:
            raise Negative(f"{output}: cannot be written: {error.strerror or error}") from error
    if as_json:
        say_json({"output": str(output), "format": wanted.value, "records": written})
    else:
        OUT.print(f"{written:,} {'call' if written == 1 else 'calls'} in [bold]{output}[/]")


def moment(option: str, text: str) -> int:
    """A time as people write it (ISO 8601, or ms since the epoch) in ms since the epoch. Raises `Usage`."""
    if text.isascii() and text.isdigit() and len(text) > 8:  # 8 digits are a date
        return int(text)
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise Usage(f"{option} {text}: not a time; write 2026-11-01, 2026-11-01T08:00 or 2026-11-01T08:00Z") from error


class _Progress:
    """Says how far an export has come, when it takes long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._say_at = clock.now_ms() + SILENT_MS

    def __call__(self, written: int, placed_at: int) -> None:
        if self._clock.now_ms() >= self._say_at:
            self._say_at = self._clock.now_ms() + AGAIN_MS
            hint(f"{written:,} calls written, up to {clock_time(placed_at)}")
