"""`twoleg dnc`: numbers that a tenant must not call."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from twoleg.cli.errors import Negative, Usage
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time

APP = typer.Typer(help="Do-not-call lists: numbers that a tenant must not call.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="As it would be dialled; + and country code are safest.")]


@APP.command("add")
def add(
    *, number: Number, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Never call this number again. It holds within a second, however the number is spelled."""
    with store_of(config) as opened:
        added = opened.do_not_call.add(tenant_of(opened, tenant), [number])
    if as_json:
        say_json({"added": added})
    else:
        OUT.print("It is on the list." if added else "It was on the list already.")


@APP.command("remove")
def remove(
    *, number: Number, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Allow this number again."""
    with store_of(config) as opened:
        if not opened.do_not_call.remove(tenant_of(opened, tenant), number):
            raise Negative(f"{number} is not on the list")
    if as_json:
        say_json({"removed": 1})
    else:
        OUT.print("It is not on the list any more.")


@APP.command("list")
def show(*, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the numbers, in order."""
    with store_of(config) as opened:
        listed = opened.do_not_call.listed(tenant_of(opened, tenant))
        if as_json:
            say_json([{"number": each.number, "added_at": each.added_at} for each in listed])
            return
        count = 0
        for count, each in enumerate(listed, 1):  # noqa: B007 - the last one is looked at below
            OUT.print(f"{each.number:<34}{clock_time(each.added_at)}")
        if not count:
            hint("none yet: twoleg dnc add +4930123456")


@APP.command("import")
def take_in(
    *,
    file: Annotated[Path, typer.Argument(help="One number a line; # begins a comment; - reads standard input.")],
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add the numbers of a file. A line that is no number ends it; what was read before stays on the list."""
    with store_of(config) as opened:
        added = opened.do_not_call.add(tenant_of(opened, tenant), _numbers(file))
    if as_json:
        say_json({"added": added})
    else:
        OUT.print(f"{added} numbers are new on the list.")


def _numbers(file: Path) -> Iterator[str]:
    try:
        with sys.stdin if str(file) == "-" else file.open(encoding="utf-8") as lines:
            for line in lines:
                number = line.partition("#")[0].strip()
                if number:
                    yield number
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{file}: {error}") from error
