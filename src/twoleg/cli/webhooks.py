"""`twoleg webhook`: who is told over HTTP what happens to a tenant's calls, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from twoleg.application.event_cursor import FROM_BEGINNING
from twoleg.application.webhook_desk import Logged, Wish, WishRefused, place_of
from twoleg.cli.errors import Usage
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time
from twoleg.domain.webhooks import Auth, Endpoint, Format, OAuth2

APP = typer.Typer(
    help="Webhooks: who is told over HTTP what happens, and what became of it (docs/webhooks.md).", no_args_is_help=True
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id.", show_default=False)]


@APP.command("create")
def create(
    *,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are POSTed.", show_default=False)],
    event: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only these: call.ended, agent.* ... Repeatable.")
    ] = None,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a tenant's events delivered to a URL, as CloudEvents. The secret is shown this once.

    Example:  twoleg webhook create https://hooks.example.com/twoleg --event call.ended
    """
    wish = Wish(url=url, events=None if event is None else tuple(event))
    _create(wish, tenant=tenant, config=config, as_json=as_json)


@APP.command("callbacks")
def callbacks(  # noqa: PLR0913 - one option for each thing that the vendor's callbacks have
    *,
    connect_url: Annotated[str | None, typer.Option(metavar="URL", help="Told when a call is connected.")] = None,
    release_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Told when a call ended, unless the call brought a URL.")
    ] = None,
    auth: Annotated[Auth, typer.Option(help="Towards URLs that came with a call.")] = Auth.NONE,
    shared_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="For shared-key: 16 characters or more.", envvar="SHARED_KEY")
    ] = None,
    token_url: Annotated[str | None, typer.Option(metavar="URL", help="For oauth2: the token service.")] = None,
    client_id: Annotated[str | None, typer.Option(metavar="ID", help="For oauth2.")] = None,
    client_secret: Annotated[
        str | None, typer.Option(metavar="SECRET", help="For oauth2.", envvar="CLIENT_SECRET")
    ] = None,
    scope: Annotated[str | None, typer.Option(metavar="SCOPE", help="For oauth2, where one is needed.")] = None,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set the vendor's callbacks of a tenant anew: all of it, what is left out is unset.

    Example:  twoleg webhook callbacks --release-url https://crm.example.com/hangup
    """
    has_oauth2 = any(each is not None for each in (token_url, client_id, client_secret, scope))
    oauth2 = OAuth2(
        token_url=token_url or "", client_id=client_id or "", client_secret=client_secret or "", scope=scope
    )
    wish = Wish(
        format=Format.AICC,
        connect_url=connect_url,
        release_url=release_url,
        auth=auth,
        shared_key=shared_key,
        oauth2=oauth2 if has_oauth2 else None,
    )
    _create(wish, tenant=tenant, config=config, as_json=as_json)


def _create(wish: Wish, *, tenant: TenantOption, config: ConfigOption, as_json: bool) -> None:
    with store_of(config) as opened:
        try:
            created = opened.webhooks.create(tenant_of(opened, tenant), wish, callback_hosts=None)
        except WishRefused as refused:
            raise Usage(f"{_OPTIONS.get(refused.member, refused.member)}: {refused.text}") from refused
    if as_json:
        say_json({**_document(created.endpoint), "secret": created.secret})
        return
    OUT.print(f"endpoint  [bold]{created.endpoint.endpoint_id}[/]")
    OUT.print(f"secret    [bold]{created.secret}[/]")
    hint("the secret is not shown again; a lost one is replaced by twoleg webhook rotate")


_OPTIONS = {
    "url": "URL",
    "events": "--event",
    "connect_url": "--connect-url",
    "release_url": "--release-url",
    "shared_key": "--shared-key",
    "oauth2": "--token-url, --client-id, --client-secret",
    "token_url": "--token-url",
    "client_id": "--client-id",
    "client_secret": "--client-secret",
    "scope": "--scope",
}
"""What this command calls the members of a wish."""


@APP.command("list")
def show(*, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the endpoints of a tenant."""
    with store_of(config) as opened:
        found = opened.webhooks.all(tenant_of(opened, tenant).tenant_id)
    if as_json:
        say_json([_document(each) for each in found])
        return
    if not found:
        hint("none yet: twoleg webhook create https://hooks.example.com/twoleg")
        return
    table = Table("id", "format", "where", "events", "state", "created", box=None, header_style="bold")
    for each in found:
        state = "[green]enabled[/]" if each.disabled_at is None else f"[red]disabled:[/] {each.disabled_why}"
        events = ", ".join(each.events) if each.format is Format.CLOUDEVENTS else "connect, release"
        table.add_row(
            each.endpoint_id, each.format.value, escape(_where(each)), events, state, clock_time(each.created_at)
        )
    OUT.print(table)


def _where(endpoint: Endpoint) -> str:
    if endpoint.format is Format.CLOUDEVENTS:
        return endpoint.url or ""
    return f"{endpoint.connect_url or '-'} {endpoint.release_url or '(as each call says)'}"


@APP.command("delete")
def delete(
    *, endpoint_id: Id, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Deliver nothing more to an endpoint; its log goes with it."""
    with store_of(config) as opened:
        opened.webhooks.remove(tenant_of(opened, tenant).tenant_id, endpoint_id)
    if as_json:
        say_json({"id": endpoint_id, "deleted": True})
    else:
        OUT.print(f"Endpoint [bold]{endpoint_id}[/] is gone.")


@APP.command("enable")
def enable(
    *, endpoint_id: Id, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Serve an endpoint again that its receiver disabled by answering 410."""
    with store_of(config) as opened:
        endpoint = opened.webhooks.enable(tenant_of(opened, tenant).tenant_id, endpoint_id)
    if as_json:
        say_json(_document(endpoint))
    else:
        OUT.print(f"Endpoint [bold]{endpoint_id}[/] is enabled.")


@APP.command("rotate")
def rotate(
    *, endpoint_id: Id, tenant: TenantOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Give an endpoint a new secret, shown this once. The one before it signs along for a day."""
    with store_of(config) as opened:
        secret, until = opened.webhooks.rotate(tenant_of(opened, tenant).tenant_id, endpoint_id)
    if as_json:
        say_json({"id": endpoint_id, "secret": secret} | ({} if until is None else {"previous_until": until}))
        return
    OUT.print(f"secret  [bold]{secret}[/]")
    if until is not None:
        hint(f"the one before it signs along until {clock_time(until)}")


@APP.command("replay")
def replay(
    *,
    endpoint_id: Id,
    after: Annotated[
        str, typer.Option(metavar="CURSOR", help="The id of an event (SERIAL-SEQ), or 0: the oldest that is kept.")
    ] = FROM_BEGINNING,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deliver everything behind a cursor again, with the same ids.

    Example:  twoleg webhook replay we_0123456789abcdef01234567 --after 2235770269547397686-3
    """
    with store_of(config) as opened:
        opened.webhooks.replay(tenant_of(opened, tenant), endpoint_id, after)
    if as_json:
        say_json({"id": endpoint_id, "after": after})
    else:
        OUT.print(f"Endpoint [bold]{endpoint_id}[/] is told again what came after {after}.")


@APP.command("deliveries")
def deliveries(
    *,
    endpoint_id: Id,
    before: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on from the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most.")] = 20,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what became of what an endpoint was sent, newest first."""
    with store_of(config) as opened:
        owner = tenant_of(opened, tenant).tenant_id
        found = opened.webhooks.deliveries(owner, endpoint_id, before=before, limit=limit)
    if as_json:
        say_json([_logged(each) for each in found])
        return
    table = Table("event", "state", "attempts", "last said", "planned", box=None, header_style="bold")
    for each in found:
        last = each.attempts[-1].said if each.attempts else ""
        delivery = each.delivery
        table.add_row(
            f"{delivery.serial}-{delivery.seq}",
            delivery.state.value,
            str(delivery.attempts),
            escape(last),
            clock_time(delivery.planned_at),
        )
    OUT.print(table)
    if len(found) == limit:
        hint(f"more: --before {place_of(found[-1].delivery)}")


def _document(endpoint: Endpoint) -> dict[str, Any]:
    facts = {
        "id": endpoint.endpoint_id,
        "format": endpoint.format.value,
        "enabled": endpoint.disabled_at is None,
        "created_at": endpoint.created_at,
        "url": endpoint.url,
        "events": endpoint.events if endpoint.format is Format.CLOUDEVENTS else None,
        "connect_url": endpoint.connect_url,
        "release_url": endpoint.release_url,
        "disabled_why": endpoint.disabled_why,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _logged(logged: Logged) -> dict[str, Any]:
    delivery = logged.delivery
    facts = {
        "event": f"{delivery.serial}-{delivery.seq}",
        "url": delivery.url,
        "state": delivery.state.value,
        "planned_at": delivery.planned_at,
        "due_at": delivery.due_at,
        "ended_at": delivery.ended_at,
        "place": place_of(delivery),
        "attempts": [
            {"at": each.at, "took_ms": each.took_ms, "status": each.status, "said": each.said}
            for each in logged.attempts
        ],
    }
    return {name: fact for name, fact in facts.items() if fact is not None}
