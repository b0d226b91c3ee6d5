"""`twoleg audit`: who changed what, and when."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from twoleg.application.audit import Recorded
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time
from twoleg.domain.audit import Facts


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("audit")(audit)


def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The last so many.")] = 50,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who changed what: tenants, apps, keys, do-not-call lists, webhooks, recordings. The log only ever grows.

    Example:  twoleg audit --tenant "My company" --json
    """
    with store_of(config) as opened:
        owner = None if tenant is None else tenant_of(opened, tenant).tenant_id
        found = opened.audit.newest(limit=limit, tenant_id=owner)
    if as_json:
        for each in found:
            say_json(_document(each))
        return
    if not found:
        hint("nothing was changed yet")
        return
    table = Table("when", "who", "what", "to what", "before", "after", box=None, header_style="bold")
    for recorded in found:
        entry = recorded.entry
        table.add_row(
            clock_time(entry.at),
            escape(entry.who),
            entry.act.value,
            escape(entry.subject),
            escape(_text(entry.before)),
            escape(_text(entry.after)),
        )
    OUT.print(table)


def _document(recorded: Recorded) -> dict[str, object]:
    """One line of JSON each."""
    entry = recorded.entry
    facts = {
        "position": recorded.position,
        "at": entry.at,
        "who": entry.who,
        "act": entry.act.value,
        "subject": entry.subject,
        "tenant_id": entry.tenant_id,
        "before": entry.before,
        "after": entry.after,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _text(facts: Facts) -> str:
    return " ".join(f"{name}={msgspec.json.encode(fact).decode()}" for name, fact in facts.items())
