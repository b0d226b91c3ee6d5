"""A call on a terminal: one panel with its state and both phones."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.text import Text

from twoleg.cli.call_text import headline, how_it_was_heard, state_name
from twoleg.cli.output import OUT
from twoleg.cli.times import clock_time, length
from twoleg.domain.call import Attempt, Call, CallState, Leg, Role
from twoleg.domain.quality import LegQuality

_COLOURS = {
    CallState.TO_BE_CALLED: "yellow",
    CallState.CALLING: "cyan",
    CallState.TALKING: "green",
    CallState.ENDED: "bold",
}


def show(call: Call, *, now: int, heard: Mapping[Role, LegQuality]) -> None:
    """Print it; `heard`: how well, where a relay knows."""
    OUT.print(drawing(call, now=now, heard=heard))


def drawing(call: Call, *, now: int, heard: Mapping[Role, LegQuality] | None = None) -> Group:
    """The call as it is at `now` (ms since the epoch), for printing or for a live display."""
    state = Text.assemble(
        "state     ", (f"{int(call.state)} {state_name(call)}", _COLOURS[call.state]), f"  {_since(call, now)}"
    )
    lines = [Text(f"call      {call.serial}  placed {clock_time(call.created_at)}"), state]
    lines.append(Text(f"          {headline(call)}"))
    if call.call_data is not None:
        lines.append(Text(f"data      {call.call_data[:200]}"))
    width = max(len(call.agent.number), len(call.customer.number))
    for leg in (call.agent, call.customer):
        tries = (Text(f"{'':<8}  {each.dialled:<{width}}  {_attempt_line(each)}") for each in leg.attempts[:-1])
        phone = Text(f"{leg.role.value:<8}  {leg.number:<{width}}  shown {leg.clip}  {_leg_line(leg, now)}")
        lines += [phone, *tries]
        if heard and leg.role in heard:
            lines.append(Text(f"{'':<8}  {'':<{width}}  audio: {how_it_was_heard(heard[leg.role])}"))
    return Group(*lines)


def _since(call: Call, now: int) -> str:
    if call.ended_at is not None:
        talked = "" if call.talking_at is None else f", talked {length(call.ended_at - call.talking_at)}"
        return f"after {length(call.ended_at - call.created_at)}{talked}"
    lasting = f"for {length(now - (call.talking_at or call.started_at or call.created_at))}"
    return f"{lasting}, ends by {clock_time(call.must_end_by)}" if call.must_end_by else lasting


def _leg_line(leg: Leg, now: int) -> str:
    if leg.dialled_at is None:
        return "not dialled" if leg.sip_status is None else ""
    parts = [f"by {leg.attempts[-1].trunk}"] if leg.attempts else []
    if leg.ringing_at is not None:
        parts.append(f"rang after {length(leg.ringing_at - leg.dialled_at)}")
    if leg.answered_at is not None:
        parts.append(f"answered after {length(leg.answered_at - leg.dialled_at)}")
    if leg.sip_status is not None:
        parts.append(f"SIP {leg.sip_status}")
    if leg.sip_reason:
        parts.append(leg.sip_reason)
    if leg.released_at is not None:
        by = f" by {leg.ended_by.value}" if leg.ended_by else ""
        parts.append(f"ended{by} after {length(leg.released_at - leg.dialled_at)}")
    if len(parts) == bool(leg.attempts):
        parts.append(f"dialled {length(now - leg.dialled_at)} ago")
    return ", ".join(parts)


def _attempt_line(attempt: Attempt) -> str:
    """A try that failed before the one that counts."""
    silence = "no address" if attempt.peer is None else "no answer"
    parts = [f"tried by {attempt.trunk}", f"SIP {attempt.sip_status}" if attempt.sip_status else silence]
    if attempt.sip_reason:
        parts.append(attempt.sip_reason)
    if attempt.ended_at is not None:
        parts.append(f"given up after {length(attempt.ended_at - attempt.started_at)}")
    return ", ".join(parts)
