"""`twoleg app`: the keys and secrets by which a tenant's programs log in."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from twoleg.application.create_app import create_app
from twoleg.application.disable_app import disable_app
from twoleg.cli.errors import Negative
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time

APP = typer.Typer(help="Apps: the keys and secrets by which a tenant's programs log in.", no_args_is_help=True)


@APP.command("create")
def create(*, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Give a tenant a key and a secret. The secret is shown this once: it is stored as a hash.

    Example:  twoleg app create --tenant "My company"
    """
    with store_of(config) as opened:
        new = create_app(
            tenant_of(opened, tenant).tenant_id,
            registry=opened.registry,
            entropy=opened.entropy,
            hasher=opened.hasher,
            clock=opened.clock,
            who=opened.who,
        )
    if as_json:
        say_json({"app_key": new.app_key, "app_secret": new.app_secret})
        return
    OUT.print(f"app key     [bold]{new.app_key}[/]")
    OUT.print(f"app secret  [bold]{new.app_secret}[/]")
    hint("the secret is not shown again; a lost one is replaced by a new app")


@APP.command("list")
def show(*, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the apps of one tenant, or of all."""
    with store_of(config) as opened:
        owner = None if tenant is None else tenant_of(opened, tenant).tenant_id
        apps = opened.directory.apps(owner)
    if as_json:
        say_json(
            [
                {
                    "app_key": app.app_key,
                    "tenant_id": app.tenant_id,
                    "enabled": app.enabled,
                    "created_at": app.created_at,
                }
                for app in apps
            ]
        )
        return
    if not apps:
        hint("none yet: twoleg app create")
        return
    table = Table("app key", "tenant", "state", "created", box=None, header_style="bold")
    for app in apps:
        state = "[green]enabled[/]" if app.enabled else "[red]disabled[/]"
        table.add_row(app.app_key, app.tenant_id, state, clock_time(app.created_at))
    OUT.print(table)


@APP.command("disable")
def disable(
    *,
    app_key: Annotated[str, typer.Argument(help="The key of the app.", show_default=False)],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shut an app out, its tokens at once included. There is no way back: create a new one."""
    with store_of(config) as opened:
        if not disable_app(
            app_key, directory=opened.directory, registry=opened.registry, clock=opened.clock, who=opened.who
        ):
            raise Negative(f"no app {app_key}")
    if as_json:
        say_json({"app_key": app_key, "enabled": False})
    else:
        OUT.print(f"App [bold]{app_key}[/] is disabled, and so are its tokens.")
