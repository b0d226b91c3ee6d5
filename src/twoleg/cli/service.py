"""`twoleg serve`, `twoleg check`, `twoleg demo`: the service itself.

Each imports late what only it needs (SIP, HTTP): the other commands start in two thirds of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from twoleg.cli.errors import NEGATIVE
from twoleg.cli.options import ConfigOption, JsonOption, settings_of
from twoleg.cli.output import OUT, say_json

if TYPE_CHECKING:
    from twoleg.bootstrap.finding import Finding


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    app.command()(check)
    app.command()(demo)


def serve(
    *,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Follow the service that runs on the same store: no request is refused."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Run the service in the foreground. One line on standard output says when it is ready; the log is on stderr.

    SIGTERM and Ctrl-C stop it: no new calls, and living ones get [service] drain seconds to end; a second one ends them
    at once.

    Example:  twoleg serve --config /etc/twoleg.toml
    """
    from twoleg.bootstrap.serve import serve as run_service  # noqa: PLC0415 - see the module's docstring

    run_service(settings_of(config), typer.echo, take_over=take_over)


def check(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say whether the configuration is sound, the store opens, relays and trunks answer. Exit code 1: something is not.

    Example:  twoleg check --json
    """
    from twoleg.bootstrap.check import check as check_settings  # noqa: PLC0415 - see the module's docstring

    findings = check_settings(settings_of(config))
    is_sound = all(finding.sound for finding in findings)
    if as_json:
        say_json({"ok": is_sound, "checks": [_document(finding) for finding in findings]})
    else:
        _show(findings)
        OUT.print("[green]all is well[/]" if is_sound else "[red]not ready: see the lines marked no[/]")
    if not is_sound:
        raise typer.Exit(NEGATIVE)


def demo() -> None:
    """Start a service, make real two-way calls over SIP through it, and show what queryCallState says.

    It needs nothing: its own folder, free ports, phones in the box. Exit code 1 if a call did not end as it must.
    """
    from twoleg.cli.demo.run import play  # noqa: PLC0415 - see the module's docstring

    play()


def _document(finding: Finding) -> dict[str, Any]:
    document: dict[str, Any] = {"what": finding.what, "ok": finding.sound, "says": finding.says}
    if finding.milliseconds is not None:
        document["milliseconds"] = round(finding.milliseconds, 1)
    return document


def _show(findings: list[Finding]) -> None:
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        took = "" if finding.milliseconds is None else f" in {finding.milliseconds:.1f} ms"
        verdict = "[green]ok[/]" if finding.sound else "[bold red]no[/]"
        OUT.print(f"{verdict}  {finding.what:<{width}}  {escape(finding.says)}{took}")
