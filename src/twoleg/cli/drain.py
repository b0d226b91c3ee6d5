"""`twoleg drain`: stop the running service when its calls have ended, and watch them end."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import to_builtins

from twoleg.bootstrap.control import Progress, Wish, asking
from twoleg.bootstrap.store_file import file_of
from twoleg.cli.errors import Negative
from twoleg.cli.options import ConfigOption, JsonOption, settings_of
from twoleg.cli.output import OUT, say_json

_SHOWN = ("state", "calls", "seconds_left", "pid")


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(drain)


def drain(
    *,
    for_upgrade: Annotated[
        bool,
        typer.Option(
            "--for-upgrade",
            help="A newer service follows at once on the same sockets (systemd's): go on taking calls, for that one.",
        ),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop the running service gently, and stay until it has stopped. Ctrl-C only leaves.

    New calls are refused (503) from now on; living ones get [service] drain seconds to end. The same as SIGTERM.

    Example:  twoleg drain
    """
    wish = Wish.HAND_OVER if for_upgrade else Wish.DRAIN
    last: Progress | None = None
    with asking(file_of(settings_of(config).store.url), wish) as (_, progress):
        for each in progress:
            last = each
            _show(each, as_json=as_json)
    if last is None or last.state != "stopped":
        raise Negative("the service was gone before it had stopped cleanly: look into its log")


def _show(progress: Progress, *, as_json: bool) -> None:
    if as_json:
        document = to_builtins(progress)
        say_json({name: document[name] for name in _SHOWN})
        return
    OUT.print(_sentence(progress))


def _sentence(progress: Progress) -> str:
    match progress.state:
        case "draining":
            calls = "1 call lives" if progress.calls == 1 else f"{progress.calls} calls live"
            return f"{calls}; what is left of them is ended in {progress.seconds_left:.0f} s"
        case "stopped":
            return "the service has stopped"
        case _:
            return (
                "no call lives any more; the service stops" if not progress.calls else "time is up; the service stops"
            )
