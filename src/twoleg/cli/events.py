"""`twoleg events`: what happened, event by event, of one call, of a tenant or of all; once, or as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import typer
from msgspec import to_builtins
from rich.text import Text

from twoleg.application.cloud_event import cloud_event, event_id
from twoleg.application.event_cursor import FROM_BEGINNING, FROM_NOW, CursorRefused, position_of, read_event_id
from twoleg.application.event_feed import Recorded
from twoleg.application.event_tail import EventTail, Follower, OfAll, OfCall, OfTenant, Scope
from twoleg.bootstrap.operator import Operator
from twoleg.cli.calls import call_of, number_of
from twoleg.cli.errors import Negative, Usage
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, complain, say_json
from twoleg.cli.times import clock_time
from twoleg.domain.call import Phase
from twoleg.domain.events import EventType

_PATIENCE = 60.0
"""Seconds of one wait for an event; then the next one begins."""


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("events")(events)


def events(
    *,
    serial: Annotated[
        str | None, typer.Argument(metavar="[SERIAL]", help="Only of this call.", show_default=False)
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="CURSOR",
            help='Only what came after: the id of an event, "0" or "latest"; of a call also its seq. '
            "Default: 0, and latest for --follow without a call.",
        ),
    ] = None,
    follow_it: Annotated[
        bool, typer.Option("--follow", "-f", help="Stay, and show each event as it comes; a call's until it ended.")
    ] = False,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show events. With --json: CloudEvents, one a line.

    Example:  twoleg events 8420611034581442563 --follow
    """
    with store_of(config) as opened:
        scope = _scope(opened, serial, tenant)
        cursor = _cursor(opened, scope, after or (FROM_NOW if follow_it and serial is None else FROM_BEGINNING))
        asyncio.run(_show_all(opened, scope, cursor, follow_it=follow_it, as_json=as_json))


def _scope(opened: Operator, serial: str | None, tenant: str | None) -> Scope:
    if serial is not None:
        return OfCall(call_of(opened, number_of(serial)).serial)
    return OfAll() if tenant is None else OfTenant(tenant_of(opened, tenant).tenant_id)


def _cursor(opened: Operator, scope: Scope, given: str) -> int:
    """The cursor as the scope counts: a `seq` for one call, else a position."""
    try:
        match scope:
            case OfCall(serial=serial):
                return _seq(opened, serial, given)
            case OfTenant(tenant_id=tenant_id):
                return position_of(opened.event_feed, tenant_of(opened, tenant_id), given, now=opened.clock.now_ms())
            case OfAll():
                return _position(opened, given)
    except CursorRefused as refused:
        raise Usage(f"--after {given}: {refused}") from refused


def _seq(opened: Operator, serial: int, given: str) -> int:
    if given == FROM_NOW:
        return call_of(opened, serial).seq
    if given.isascii() and given.isdigit() and len(given) < 10:
        return int(given)
    named, seq = read_event_id(given)
    if named != serial:
        raise CursorRefused("that is the id of an event of another call")
    return seq


def _position(opened: Operator, given: str) -> int:
    if given == FROM_NOW:
        return opened.event_feed.newest()
    if given == FROM_BEGINNING:
        return 0
    serial, seq = read_event_id(given)
    call = opened.reader.call(serial)
    position = None
    if call is not None:
        position = opened.event_feed.position_of(call.tenant_id, serial=serial, seq=seq)
    if position is None:
        raise Negative(f"no event {given}")
    return position


async def _show_all(opened: Operator, scope: Scope, cursor: int, *, follow_it: bool, as_json: bool) -> None:
    if isinstance(scope, OfCall) and call_of(opened, scope.serial).phase is Phase.ENDED:
        follow_it = False  # what is there is all there will be
    tail = EventTail(feed=opened.event_feed, clock=opened.clock, log=_Complaints())
    follower = tail.follow(scope, after=cursor)
    try:
        async for some in _batches(follower, follow_it=follow_it):
            for each in some:
                _show(each, as_json=as_json)
            if isinstance(scope, OfCall) and any(each.event.type is EventType.CALL_ENDED for each in some):
                return
    finally:
        follower.close()
        tail.close()


async def _batches(follower: Follower, *, follow_it: bool) -> AsyncIterator[Sequence[Recorded]]:
    while some := await follower.next(_PATIENCE if follow_it else 0):
        yield some
    while follow_it:
        yield await follower.next(_PATIENCE)


def _show(recorded: Recorded, *, as_json: bool) -> None:
    if as_json:
        say_json(_document(recorded))
        return
    event = recorded.event
    facts = [event.type.value, f"{recorded.caller} -> {recorded.called}"]
    if event.sip_status is not None:
        facts.append(f"SIP {event.sip_status}")
    if event.cause is not None:
        facts.append(f"Q.850 {event.cause}")
    if event.reason is not None:
        facts.append(f"reason {event.reason}")
    if event.detail is not None:
        facts.append(event.detail)
    OUT.print(
        Text(f"{clock_time(event.at)}.{event.at % 1000:03d}  {event_id(event.serial, event.seq)}  {'  '.join(facts)}")
    )


def _document(recorded: Recorded) -> dict[str, Any]:
    document: dict[str, Any] = to_builtins(cloud_event(recorded))
    return document


class _Complaints:
    """Where the tail says that it cannot read on."""

    def error(self, event: str, /, **facts: object) -> None:
        complain(f"{event}: {facts.get('why')}")
