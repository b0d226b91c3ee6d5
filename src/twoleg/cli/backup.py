"""`twoleg backup`, `twoleg restore`, `twoleg store check`: copies of the store, and whether it or they are sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from twoleg.bootstrap.backup import back_up, check_store
from twoleg.bootstrap.backup import restore as restore_store
from twoleg.cli.errors import NEGATIVE, Negative
from twoleg.cli.options import ConfigOption, JsonOption, settings_of
from twoleg.cli.output import OUT, hint, say_json

_TOLD_EVERY = 0.25
"""Share of a copy between two words about it."""
_MIB = 1024 * 1024

STORE = typer.Typer(no_args_is_help=True, help="The store itself.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(backup)
    app.command()(restore)
    app.add_typer(STORE, name="store")


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A new file; in a folder it gets a name.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file if it exists.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the store to one file while the service runs: all of it as it is at one moment, checked, whole or not there.

    Not in it: what ladders, recordings and the key of webhook secrets lie in; the command names those files.

    Example:  twoleg backup /var/backups/twoleg
    """
    try:
        made = back_up(settings_of(config), target, replace=replace, told=_progress(as_json=as_json))
    except OSError as error:
        raise Negative(f"{target}: cannot be written: {error.strerror or error}") from error
    if as_json:
        beside = [str(path) for path in made.not_in_it]
        say_json({"file": str(made.file), "bytes": made.size, "calls": made.calls, "not_in_it": beside})
        return
    OUT.print(f"{_calls(made.calls)} ({made.size / _MIB:.1f} MiB) in [bold]{escape(str(made.file))}[/], checked")
    for path in made.not_in_it:
        OUT.print(f"not in it: {escape(str(path))}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the store's place, when it is sound and no service runs. What was there is kept beside it.

    Calls that were alive when the backup was made end with reason 1003 at the next start; nobody is rung for them.

    Example:  twoleg restore /var/backups/twoleg/twoleg-20261101T040000Z.db
    """
    try:
        done = restore_store(settings_of(config), file, told=_progress(as_json=as_json))
    except OSError as error:
        raise Negative(f"{file}: cannot be restored: {error.strerror or error}") from error
    if as_json:
        replaced = None if done.replaced is None else str(done.replaced)
        say_json({"file": str(done.file), "calls": done.calls, "replaced": replaced})
        return
    OUT.print(f"{_calls(done.calls)} restored to [bold]{escape(str(done.file))}[/]")
    if done.replaced is not None:
        OUT.print(f"what was there: {escape(str(done.replaced))}")


@STORE.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A backup; else the store itself.")] = None,
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read all of the store, beside a running service too, and say whether it is sound. Exit code 1: it is not.

    Every page and index, every reference, one record for each ended call, no gap in any call's events.

    Example:  twoleg store check
    """
    path, found = check_store(settings_of(config), file)
    if as_json:
        say_json({"file": str(path), "ok": not found.flaws, "calls": found.calls, "flaws": found.flaws})
    else:
        for flaw in found.flaws:
            OUT.print(f"[bold red]no[/]  {escape(flaw)}")
        if not found.flaws:
            OUT.print(f"[green]ok[/]  {escape(str(path))}: {_calls(found.calls)}")
    if found.flaws:
        raise typer.Exit(NEGATIVE)


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number:,} calls"


def _progress(*, as_json: bool) -> Callable[[float], None]:
    """Says now and then how far it is; small stores are done before there is anything to say."""
    say_at = _TOLD_EVERY

    def told(share: float) -> None:
        nonlocal say_at
        if not as_json and say_at <= share < 1:
            say_at = share + _TOLD_EVERY
            hint(f"{share:.0%} copied")

    return told
