"""`twoleg tenant`: who may place calls, and by which rules."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer
from rich.table import Table

from twoleg.application.create_tenant import create_tenant
from twoleg.cli.options import ConfigOption, JsonOption, store_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.domain.recording import AudioFormat, RecordingPolicy
from twoleg.domain.tenant import Profile, Tenant

APP = typer.Typer(help="Tenants: who may place calls, and by which rules.", no_args_is_help=True)


@APP.command("create")
def create(  # noqa: PLR0913 - one option for each rule of a tenant
    *,
    name: Annotated[str, typer.Argument(help="What people call it.", show_default=False)],
    access_code: Annotated[
        list[str],
        typer.Option(
            metavar="NUMBER", help="A number of its own, shown to phones. Repeatable; the first is the default."
        ),
    ],
    profile: Annotated[
        Profile, typer.Option(help="Which of the vendor's two code tables its answers use.")
    ] = Profile.AICC,
    transparent_display: Annotated[
        bool, typer.Option("--transparent-display", help="May show numbers of 11-14 digits that are not its own.")
    ] = False,
    phone: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER", help="Only these agents' phones may be rung. Repeatable; without: any."),
    ] = None,
    trial: Annotated[bool, typer.Option("--trial", help="A trial tenant: 10 calls a day, whitelisted phones.")] = False,
    trial_phone: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="On a trial tenant's whitelist. Repeatable.")
    ] = None,
    callback_host: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="A host that callback URLs may name. Repeatable.")
    ] = None,
    retention_days: Annotated[int, typer.Option(metavar="DAYS", help="How long ended calls stay queryable.")] = 90,
    recording: Annotated[
        RecordingPolicy,
        typer.Option(help="Record no call, every call, or those of which it is asked for. Needs a relay (media.mode)."),
    ] = RecordingPolicy.OFF,
    recording_days: Annotated[int, typer.Option(metavar="DAYS", help="How long recordings are kept.")] = 90,
    recording_format: Annotated[
        AudioFormat, typer.Option(help="16 bit PCM, or G.711 A-law at half the size.")
    ] = AudioFormat.PCM,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a tenant.

    Example:  twoleg tenant create "My company" --access-code 640003 --access-code 640060
    """
    wished = Tenant(
        tenant_id="",
        name=name,
        profile=profile,
        access_codes=tuple(access_code),
        transparent_display=transparent_display,
        phones=tuple(phone) if phone else None,
        callback_hosts=tuple(callback_host or ()),
        trial=trial,
        trial_phones=tuple(trial_phone or ()),
        retention_days=retention_days,
        recording=recording,
        recording_days=recording_days,
        recording_format=recording_format,
    )
    with store_of(config) as opened:
        tenant = create_tenant(wished, registry=opened.registry, entropy=opened.entropy, clock=opened.clock)
    if as_json:
        say_json({"tenant_id": tenant.tenant_id})
        return
    OUT.print(f"Tenant [bold]{tenant.tenant_id}[/] is there.")
    hint(f"next: twoleg app create --tenant {tenant.tenant_id}")


@APP.command("list")
def show(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all tenants."""
    with store_of(config) as opened:
        tenants = opened.directory.tenants()
        apps = Counter(app.tenant_id for app in opened.directory.apps() if app.enabled)
    if as_json:
        say_json([_document(tenant) for tenant in tenants])
        return
    if not tenants:
        hint('none yet: twoleg tenant create "My company" --access-code 640003')
        return
    table = Table("id", "name", "profile", "access codes", "apps", "rules", box=None, header_style="bold")
    for tenant in tenants:
        table.add_row(
            tenant.tenant_id,
            tenant.name,
            tenant.profile.value,
            ", ".join(tenant.access_codes),
            str(apps[tenant.tenant_id]),
            "; ".join(_rules(tenant)),
        )
    OUT.print(table)


def _document(tenant: Tenant) -> dict[str, Any]:
    document: dict[str, Any] = {
        "tenant_id": tenant.tenant_id,
        "name": tenant.name,
        "profile": tenant.profile.value,
        "access_codes": tenant.access_codes,
        "transparent_display": tenant.transparent_display,
        "callback_hosts": tenant.callback_hosts,
        "trial": tenant.trial,
        "trial_phones": tenant.trial_phones,
        "retention_days": tenant.retention_days,
        "recording": tenant.recording.value,
        "recording_days": tenant.recording_days,
        "recording_format": tenant.recording_format.value,
    }
    return document if tenant.phones is None else {**document, "phones": tenant.phones}


def _rules(tenant: Tenant) -> list[str]:
    """What differs from an ordinary tenant's."""
    rules = []
    if tenant.transparent_display:
        rules.append("transparent display")
    if tenant.phones is not None:
        rules.append(f"{len(tenant.phones)} phones only")
    if tenant.trial:
        rules.append(f"trial, {len(tenant.trial_phones)} phones")
    if tenant.callback_hosts:
        rules.append("callbacks to " + ", ".join(tenant.callback_hosts))
    if tenant.retention_days != 90:
        rules.append(f"keeps {tenant.retention_days} days")
    if tenant.recording is not RecordingPolicy.OFF:
        rules.append(f"recorded {tenant.recording.value}, kept {tenant.recording_days} days")
    return rules
