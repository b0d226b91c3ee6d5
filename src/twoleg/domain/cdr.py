"""The call detail record: a projection of the ended call, written in the transaction that ended it."""

from __future__ import annotations

from dataclasses import dataclass

from twoleg.domain.call import Call, Leg
from twoleg.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Cdr:
    """One record per ended call; `serial` is its unique key, so a repeat is harmless. Times: ms since the epoch."""

    serial: int
    tenant_id: str
    agent: Leg
    customer: Leg
    call_data: str | None
    created_at: int
    started_at: int | None
    talking_at: int | None
    ended_at: int
    reason: Reason
    cause: int


def cdr_of(call: Call) -> Cdr:
    """The record of an ended call. Raises `ValueError` for one that still lives."""
    if call.ended_at is None or call.reason is None or call.cause is None:
        raise ValueError(f"call {call.serial} has not ended: it has no CDR yet")
    return Cdr(
        serial=call.serial,
        tenant_id=call.tenant_id,
        agent=call.agent,
        customer=call.customer,
        call_data=call.call_data,
        created_at=call.created_at,
        started_at=call.started_at,
        talking_at=call.talking_at,
        ended_at=call.ended_at,
        reason=call.reason,
        cause=call.cause,
    )


def talk_seconds(leg: Leg) -> int:
    """Whole seconds from answer to release; 0 when it was never answered."""
    if leg.answered_at is None or leg.released_at is None:
        return 0
    return max(0, leg.released_at - leg.answered_at) // 1000
