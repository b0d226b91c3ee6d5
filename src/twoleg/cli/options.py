"""What commands have in common: their shared options, and the way from them to settings and store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from twoleg.bootstrap.operator import Operator, operator
from twoleg.cli.errors import Negative, Usage
from twoleg.config import Settings, load, locate
from twoleg.domain.tenant import Tenant

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Configuration file. Else TWOLEG_CONFIG, else ./twoleg.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines: JSON on standard output, nothing else.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Stay, and show every change until the call ends.")]
TenantOption = Annotated[
    str | None,
    typer.Option("--tenant", metavar="ID", help="The tenant, by id or name. Needed only when there are several."),
]


def settings_of(config: Path | None) -> Settings:
    """The settings that the options and the environment name. Raises `ConfigError`."""
    return load(locate(config, os.environ), os.environ)


@contextmanager
def store_of(config: Path | None) -> Iterator[Operator]:
    """The store of those settings. Raises `ConfigError`, `ApplicationError`."""
    with operator(settings_of(config)) as opened:
        yield opened


def tenant_of(opened: Operator, given: str | None) -> Tenant:
    """The tenant meant: as given by id or name, or the only one. Raises `Usage` when that is not clear."""
    tenants = opened.directory.tenants()
    if given is None:
        if len(tenants) == 1:
            return tenants[0]
        if not tenants:
            raise Usage('there is no tenant yet: twoleg tenant create "My company" --access-code 640003')
        raise Usage(f"several tenants: say which with --tenant ({_ids(tenants)})")
    meant = [each for each in tenants if given == each.tenant_id] or [each for each in tenants if given == each.name]
    if not meant:
        raise Negative(f"no tenant {given}")
    if len(meant) > 1:
        raise Usage(f"{len(meant)} tenants are named {given}: say which by id ({_ids(meant)})")
    return meant[0]


def _ids(tenants: Sequence[Tenant]) -> str:
    return ", ".join(f"{each.tenant_id} {each.name}" for each in tenants)
