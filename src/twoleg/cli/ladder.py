"""`twoleg ladder`: what happened on the wire, and why, in one picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from twoleg.application.ladder.formats import Format, render
from twoleg.cli.calls import Serial, number_of
from twoleg.cli.errors import Negative, Usage
from twoleg.cli.options import ConfigOption, JsonOption, store_of
from twoleg.cli.output import hint


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("ladder")(ladder)


def ladder(
    *,
    serial: Serial,
    wanted: Annotated[Format, typer.Option("--format", help="What to draw it as.")] = Format.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it. Else standard output.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a call: the request, both phones' SIP messages, the machine's steps and webhooks, on one time axis.

    Example:  twoleg ladder 8420611034581442563 --format svg --output call.svg
    """
    if as_json:
        wanted = Format.JSON
    if wanted is Format.PCAP and output is None and sys.stdout.isatty():
        raise Usage("a capture file is not for terminals: say where to with --output FILE")
    number = number_of(serial)
    with store_of(config) as opened:
        found = opened.read_ladder(number, None)
    if found is None:
        raise Negative(f"no call {number}")
    _write(render(found, wanted), output)
    if not found.messages and wanted is not Format.TEXT:
        hint(found.says)


def _write(drawn: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(drawn)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(drawn)
    except OSError as error:
        raise Negative(f"{output}: cannot be written: {error.strerror}") from error
