"""`twoleg keys`: the keys that sign tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from twoleg.application.keys import add_key, revoke
from twoleg.cli.options import ConfigOption, JsonOption, store_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time

APP = typer.Typer(help="Keys that sign tokens. They are replaced by themselves (http.key_days).", no_args_is_help=True)


@APP.command("list")
def show(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the keys that verify tokens, the newest first. The secrets are never shown."""
    with store_of(config) as opened:
        keys = opened.directory.signing_keys()
    if as_json:
        say_json([{"key_id": key.key_id, "created_at": key.created_at} for key in keys])
        return
    if not keys:
        hint("none yet: the service makes one when it starts")
    for key in keys:
        OUT.print(f"{key.key_id}  since {clock_time(key.created_at)}")


@APP.command("rotate")
def rotate(
    *,
    revoke_old: Annotated[
        bool, typer.Option("--revoke", help="Refuse all tokens of the old keys at once: when a key may be known.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign tokens with a new key. Those that are out stay valid until they expire, unless the old keys are revoked."""
    with store_of(config) as opened:
        old = [key.key_id for key in opened.directory.signing_keys()]
        key_id = add_key(registry=opened.registry, entropy=opened.entropy, clock=opened.clock, who=opened.who)
        revoked = old if revoke_old else []
        if revoked:
            revoke(revoked, registry=opened.registry, clock=opened.clock, who=opened.who)
    if as_json:
        say_json({"key_id": key_id, "revoked": revoked})
        return
    OUT.print(f"Key [bold]{key_id}[/] signs from now on.")
    if revoked:
        hint(f"{len(revoked)} revoked: clients are refused within a second and have to fetch new tokens")
