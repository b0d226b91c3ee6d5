"""Calls to test with: values, and the way of one to any phase."""

from __future__ import annotations

from twoleg.domain.call import Call, Leg, Phase, Role
from twoleg.domain.machine import step
from twoleg.domain.signals import LegAnswered, LegHungUp, LegRinging, Signal, Start
from twoleg.domain.values import replace

SERIAL = 1037058396471308289
T0 = 1_621_823_865_000
"""The start of the seed page's example, ms since the epoch."""

WAY: dict[Phase, tuple[Signal, ...]] = {
    Phase.QUEUED: (),
    Phase.CALLING_AGENT: (Start(),),
    Phase.CALLING_CUSTOMER: (Start(), LegAnswered(Role.AGENT)),
    Phase.TALKING: (Start(), LegAnswered(Role.AGENT), LegAnswered(Role.CUSTOMER)),
    Phase.ENDED: (Start(), LegAnswered(Role.AGENT), LegAnswered(Role.CUSTOMER), LegHungUp(Role.CUSTOMER)),
}


def a_call(*, serial: int = SERIAL, tenant_id: str = "t1", created_at: int = T0) -> Call:
    """A freshly queued call with the numbers of the seed page."""
    return Call(
        serial=serial,
        tenant_id=tenant_id,
        agent=Leg(role=Role.AGENT, number="88889050", clip="640060"),
        customer=Leg(role=Role.CUSTOMER, number="88889060", clip="640003"),
        created_at=created_at,
        must_end_by=created_at + 14_685_000,
    )


def told(call: Call, *signals: Signal, at: int = T0) -> Call:
    """The call after those signals, one millisecond apart."""
    for offset, signal in enumerate(signals):
        call = step(call, signal, at + offset).call
    return call


def a_call_in(phase: Phase) -> Call:
    """A call led to that phase by signals."""
    call = told(a_call(), *WAY[phase])
    assert call.phase is phase
    return call


def ringing(call: Call, role: Role) -> Call:
    """The call with that leg ringing, whatever its phase."""
    leg = replace(call.leg(role), ringing_at=T0)
    return replace(call, agent=leg) if role is Role.AGENT else replace(call, customer=leg)


__all__ = ["SERIAL", "T0", "WAY", "LegRinging", "a_call", "a_call_in", "ringing", "told"]
