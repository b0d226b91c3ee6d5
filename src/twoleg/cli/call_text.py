"""A call in words for people and as a document for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from twoleg.domain.call import Attempt, Call, Leg, Phase, Role
from twoleg.domain.causes import name_of_cause
from twoleg.domain.quality import LegQuality
from twoleg.domain.settlement import was_dialled

_LEG_FACTS = (
    "number",
    "clip",
    "dialled_at",
    "ringing_at",
    "early_media_at",
    "answered_at",
    "released_at",
    "sip_status",
    "sip_reason",
    "cause",
)


def document_of(call: Call, heard: Mapping[Role, LegQuality] | None = None) -> dict[str, Any]:
    """All that is known; `heard`: how well, where a relay knows.

    The serial is a string, being larger than 2**53; times are ms since the epoch.
    """
    document = {
        "serial": str(call.serial),
        "tenant_id": call.tenant_id,
        "state": int(call.state),
        "phase": call.phase.name.lower(),
        "reason": None if call.reason is None else int(call.reason),
        "reason_text": None if call.reason is None else call.reason.text,
        "cause": call.cause,
        "cause_text": None if call.cause is None else name_of_cause(call.cause),
        "call_data": call.call_data,
        "created_at": call.created_at,
        "must_end_by": call.must_end_by,
        "dialled": was_dialled(call).value,
        "started_at": call.started_at,
        "talking_at": call.talking_at,
        "ended_at": call.ended_at,
        "agent": _leg_document(call.agent, heard),
        "customer": _leg_document(call.customer, heard),
    }
    return {name: value for name, value in document.items() if value is not None}


def _leg_document(leg: Leg, heard: Mapping[Role, LegQuality] | None) -> dict[str, Any]:
    document = {name: getattr(leg, name) for name in _LEG_FACTS}
    document["quality"] = asdict(heard[leg.role]) if heard and leg.role in heard else None
    document["ended_by"] = None if leg.ended_by is None else leg.ended_by.value
    document["attempts"] = [_attempt_document(attempt) for attempt in leg.attempts] or None
    return {name: value for name, value in document.items() if value is not None}


def _attempt_document(attempt: Attempt) -> dict[str, Any]:
    return {name: value for name, value in asdict(attempt).items() if value is not None}


def headline(call: Call) -> str:
    """Where the call stands, in one line."""
    match call.phase:
        case Phase.QUEUED:
            return "waiting to be dialled"
        case Phase.CALLING_AGENT:
            return "the agent's phone rings" if call.agent.ringing_at else "calling the agent"
        case Phase.CALLING_CUSTOMER:
            return f"the agent answered; {_customer(call.customer)}"
        case Phase.TALKING:
            return "talking"
        case Phase.ENDED:
            return f"ended: {how_it_ended(call)}"


def _customer(leg: Leg) -> str:
    if leg.ringing_at:
        return "the customer's phone rings"
    return "the customer's network plays something" if leg.early_media_at else "calling the customer"


def how_it_ended(call: Call) -> str:
    """Why, with both codes; empty while it lives."""
    if call.reason is None or call.cause is None:
        return ""
    return f"{call.reason.text} (reason {int(call.reason)}, Q.850 {call.cause} {name_of_cause(call.cause)})"


def state_name(call: Call) -> str:
    """The published state in words."""
    return call.state.name.replace("_", " ").lower()


def how_it_was_heard(leg: LegQuality) -> str:
    """How well the other phone could hear this one, in one line."""
    parts = [f"{leg.packets} packets"]
    if leg.loss is not None:
        parts.append(f"{leg.loss:g} % lost")
    if leg.jitter is not None:
        parts.append(f"jitter {leg.jitter:.0f} ms")
    if leg.round_trip is not None:
        parts.append(f"round trip {leg.round_trip:.0f} ms")
    if leg.mos is not None:
        parts.append(f"MOS {leg.mos:.1f}")
    if leg.was_silent:
        parts.append("silent when it should have been heard")
    return ", ".join(parts)
