"""`twoleg tenant`: who may place calls, and by which rules."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from twoleg.application.create_tenant import create_tenant
from twoleg.application.tenant_document import guards_document, tenant_document
from twoleg.application.update_tenant import update_tenant
from twoleg.cli.options import ConfigOption, JsonOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.tenant_options import (
    AccessCode,
    AccessCodes,
    AllowPrefixes,
    CallbackHosts,
    CallsPerNumber,
    CallsPerSecond,
    Clear,
    DenyPrefixes,
    MaxCalls,
    Phones,
    ProfileName,
    QuietHoursText,
    Recording,
    RecordingDays,
    RecordingFormat,
    Region,
    RequestsPerSecond,
    RetentionDays,
    TransparentDisplay,
    Trial,
    TrialPhones,
    with_options,
)
from twoleg.domain.guards import NO_GUARDS
from twoleg.domain.recording import RecordingPolicy
from twoleg.domain.tenant import Profile, Tenant

APP = typer.Typer(help="Tenants: who may place calls, and by which rules.", no_args_is_help=True)


@APP.command("create")
def create(  # noqa: PLR0913 - one option for each rule of a tenant
    *,
    name: Annotated[str, typer.Argument(help="What people call it.", show_default=False)],
    access_code: AccessCode,
    profile: ProfileName = None,
    transparent_display: TransparentDisplay = None,
    phone: Phones = None,
    trial: Trial = None,
    trial_phone: TrialPhones = None,
    callback_host: CallbackHosts = None,
    retention_days: RetentionDays = None,
    recording: Recording = None,
    recording_days: RecordingDays = None,
    recording_format: RecordingFormat = None,
    allow_prefix: AllowPrefixes = None,
    deny_prefix: DenyPrefixes = None,
    region: Region = None,
    max_calls: MaxCalls = None,
    calls_per_second: CallsPerSecond = None,
    calls_per_number: CallsPerNumber = None,
    quiet_hours: QuietHoursText = None,
    requests_per_second: RequestsPerSecond = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a tenant.

    Example:  twoleg tenant create "My company" --access-code 640003 --access-code 640060
    """
    wished = with_options(Tenant(tenant_id="", name=name, profile=Profile.AICC, access_codes=()), locals())
    with store_of(config) as opened:
        tenant = create_tenant(
            wished,
            registry=opened.registry,
            numbering=opened.numbering,
            entropy=opened.entropy,
            clock=opened.clock,
            who=opened.who,
        )
    if as_json:
        say_json({"tenant_id": tenant.tenant_id})
        return
    OUT.print(f"Tenant [bold]{tenant.tenant_id}[/] is there.")
    hint(f"next: twoleg app create --tenant {tenant.tenant_id}")


@APP.command("update")
def update(  # noqa: PLR0913 - one option for each rule of a tenant
    *,
    tenant: Annotated[str, typer.Argument(help="Its id or name.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="What people call it from now on.")] = None,
    access_code: AccessCodes = None,
    profile: ProfileName = None,
    transparent_display: TransparentDisplay = None,
    phone: Phones = None,
    trial: Trial = None,
    trial_phone: TrialPhones = None,
    callback_host: CallbackHosts = None,
    retention_days: RetentionDays = None,
    recording: Recording = None,
    recording_days: RecordingDays = None,
    recording_format: RecordingFormat = None,
    allow_prefix: AllowPrefixes = None,
    deny_prefix: DenyPrefixes = None,
    region: Region = None,
    max_calls: MaxCalls = None,
    calls_per_second: CallsPerSecond = None,
    calls_per_number: CallsPerNumber = None,
    quiet_hours: QuietHoursText = None,
    requests_per_second: RequestsPerSecond = None,
    clear: Clear = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a tenant's rules; those that are not given stay. They hold within a second, without a restart.

    A list is replaced as a whole.  Example:  twoleg tenant update "My company" --max-calls 30 --clear phone
    """
    given = locals()
    with store_of(config) as opened:
        changed = update_tenant(
            tenant_of(opened, tenant).tenant_id,
            lambda before: with_options(before, given, clear=clear),
            directory=opened.directory,
            registry=opened.registry,
            numbering=opened.numbering,
            clock=opened.clock,
            who=opened.who,
        )
    _say(changed, as_json=as_json)


@APP.command("show")
def show_one(
    *,
    tenant: Annotated[str | None, typer.Argument(help="Its id or name. Needed only when there are several.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all rules and guards of a tenant."""
    with store_of(config) as opened:
        found = tenant_of(opened, tenant)
    _say(found, as_json=as_json)


def _say(tenant: Tenant, *, as_json: bool) -> None:
    document = tenant_document(tenant)
    if as_json:
        say_json(document)
        return
    table = Table(box=None, show_header=False)
    for name, value in {**document, **document.pop("guards", {})}.items():
        table.add_row(name.replace("_", " "), escape(_text(value)))
    OUT.print(table)


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value) or "-"
        case dict():
            return ", ".join(f"{name} {each}" for name, each in value.items())
        case _:
            return str(value)


@APP.command("list")
def show(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all tenants."""
    with store_of(config) as opened:
        tenants = opened.directory.tenants()
        apps = Counter(app.tenant_id for app in opened.directory.apps() if app.enabled)
    if as_json:
        say_json([tenant_document(tenant) for tenant in tenants])
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
    if tenant.guards != NO_GUARDS:
        rules.append("guards: " + ", ".join(name.replace("_", " ") for name in guards_document(tenant.guards)))
    return rules
