"""`twoleg call`, `twoleg status`, `twoleg hangup`: one call at a time, straight from the store."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from twoleg.application.hang_up_call import hang_up_call
from twoleg.application.ports import Placed
from twoleg.bootstrap.operator import Operator, no_nudge
from twoleg.cli.call_text import document_of
from twoleg.cli.errors import NEGATIVE, Negative, Usage
from twoleg.cli.follow import follow
from twoleg.cli.options import ConfigOption, FollowOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.show_call import show
from twoleg.domain.audit import Act, Entry
from twoleg.domain.call import Call
from twoleg.domain.tenant import CallRequest, Refused, Tenant

Serial = Annotated[str, typer.Argument(metavar="SERIAL", help="The call's serial number.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("call")(call)
    app.command("status")(status)
    app.command("hangup")(hangup)


def call(  # noqa: PLR0913 - a call has that many parts, all named
    *,
    caller: Annotated[str, typer.Argument(help="The agent's number, rung first.", show_default=False)],
    called: Annotated[str, typer.Argument(help="The customer's number.", show_default=False)],
    follow_it: FollowOption = False,
    tenant: TenantOption = None,
    show_customer: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="What the customer sees. Else the tenant's access code.")
    ] = None,
    show_agent: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="What the agent sees. Else the tenant's access code.")
    ] = None,
    call_data: Annotated[str | None, typer.Option("--data", metavar="TEXT", help="Kept with the call, unread.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place a call: ring CALLER, then CALLED, and connect them. With --follow: exit code 1 if they never talked.

    Example:  twoleg call 55500200 55500002 --follow
    """
    if call_data is not None and len(call_data) > 1024:
        raise Usage("--data takes 1024 characters at most")
    request = CallRequest(caller, called, caller_present=show_customer, agent_present=show_agent, call_data=call_data)
    with store_of(config) as opened:
        serial = asyncio.run(_place(opened, tenant_of(opened, tenant), request))
        if opened.service_pid is None:
            hint(f"no service is running on this store: the call waits {opened.settings.timers.queue:g} s for one")
        last = _tell(opened, serial, follow_it=follow_it, as_json=as_json)
    if follow_it and last.talking_at is None:
        raise typer.Exit(NEGATIVE)


async def _place(opened: Operator, tenant: Tenant, request: CallRequest) -> int:
    placed = await opened.place_call(tenant, request)
    if isinstance(placed, Placed):
        return placed.serial
    raise Negative(_refusal(placed, request))


def _refusal(refused: Refused, request: CallRequest) -> str:
    if refused.member is None:
        return f"refused: {refused.refusal.value}"
    words = _WORDS.get(refused.member, refused.member)
    return f"refused: {words} {getattr(request, refused.member)}: {refused.refusal.value}"


_WORDS = {"caller_present": "--show-customer", "agent_present": "--show-agent"}
"""What this command calls the members of a request."""


def status(
    *, serial: Serial, follow_it: FollowOption = False, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Say what is known of a call: its state, both phones, and how it ended.

    Example:  twoleg status 8420611034581442563 --follow
    """
    with store_of(config) as opened:
        _tell(opened, number_of(serial), follow_it=follow_it, as_json=as_json)


def hangup(*, serial: Serial, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End a call (reason 1001). It is wished for durably: a service that is down ends it when it comes back.

    Example:  twoleg hangup 8420611034581442563
    """
    number = number_of(serial)
    with store_of(config) as opened:
        found = call_of(opened, number)
        asyncio.run(
            hang_up_call(
                reader=opened.reader,
                intake=opened.intake,
                clock=opened.clock,
                nudge=no_nudge,
                serial=number,
                tenant_id=found.tenant_id,
            )
        )
        opened.audit.add(
            Entry(
                at=opened.clock.now_ms(),
                who=opened.who,
                act=Act.HANGUP_REQUESTED,
                subject=serial,
                tenant_id=found.tenant_id,
            )
        )
    if as_json:
        say_json({"serial": serial, "hangup": "requested"})
    else:
        OUT.print(f"Call [bold]{serial}[/] is asked to end.")


def _tell(opened: Operator, serial: int, *, follow_it: bool, as_json: bool) -> Call:
    """Show the call, once or until it has ended; answers it as it was shown last."""
    found = call_of(opened, serial)
    if follow_it:
        return asyncio.run(follow(opened.reader, opened.clock, found, as_json=as_json))
    heard = opened.quality.of(serial)
    if as_json:
        say_json(document_of(found, heard))
    else:
        show(found, now=opened.clock.now_ms(), heard=heard)
    return found


def call_of(opened: Operator, serial: int) -> Call:
    """The call of that serial, of any tenant. Raises `Negative` when there is none."""
    found = opened.reader.call(serial)
    if found is None:
        raise Negative(f"no call {serial}")
    return found


def number_of(serial: str) -> int:
    """The serial as it is stored. Raises `Usage` for what is none."""
    if not serial.isascii() or not serial.isdigit() or len(serial) > 19 or int(serial) >= 2**63:
        raise Usage(f"{serial} is no serial: it has up to 19 digits")
    return int(serial)
