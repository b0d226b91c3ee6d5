"""The `twoleg` command: puts the commands together, and turns every known error into one line and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from twoleg import __version__
from twoleg.application.errors import ApplicationError
from twoleg.bootstrap.errors import ServiceError
from twoleg.cli import (
    apps,
    audit,
    backup,
    calls,
    dnc,
    drain,
    events,
    explain,
    export,
    keys,
    ladder,
    recordings,
    service,
    tenants,
    webhooks,
)
from twoleg.cli.errors import NEGATIVE, WRONG_USE, Negative, Usage
from twoleg.cli.output import OUT, complain
from twoleg.config import ConfigError

_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

_HELP = """
Two-way calls: ring the agent, then the customer, connect them, and say what became of it.

[bold]Try it:[/]  twoleg demo

[bold]Set it up:[/]

  cp twoleg.example.toml twoleg.toml\n
  twoleg check\n
  twoleg serve\n

[bold]Use it[/], in another terminal:

  twoleg tenant create "My company" --access-code 640003\n
  twoleg app create\n
  twoleg call 55500200 55500002 --follow\n

Exit codes: 0 done, 1 the answer is no, 2 wrong use or wrong configuration.
"""

APP = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
service.add_to(APP)
drain.add_to(APP)
calls.add_to(APP)
explain.add_to(APP)
events.add_to(APP)
export.add_to(APP)
ladder.add_to(APP)
backup.add_to(APP)
audit.add_to(APP)
APP.add_typer(tenants.APP, name="tenant")
APP.add_typer(apps.APP, name="app")
APP.add_typer(dnc.APP, name="dnc")
APP.add_typer(keys.APP, name="keys")
APP.add_typer(webhooks.APP, name="webhook")
APP.add_typer(recordings.APP, name="recording")


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        OUT.print(f"twoleg {__version__}")
        raise typer.Exit


@APP.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers its exit code."""
    try:
        APP(arguments, prog_name="twoleg")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else NEGATIVE
    except (ConfigError, Usage) as error:
        complain(str(error))
        return WRONG_USE
    except (Negative, ServiceError, ApplicationError) as error:
        complain(str(error))
        return NEGATIVE
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0
