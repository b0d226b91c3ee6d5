"""Use case: place a call. It is durable before the caller is told its serial; the phones are the engine's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twoleg.application.call_rules import CallRules
from twoleg.application.errors import SerialTaken
from twoleg.application.ports import CallIntake, Clock, Entropy, Idempotency, Intent, Nudge, Placed
from twoleg.domain.call import Call, Leg, Role
from twoleg.domain.deadline import must_end_by
from twoleg.domain.effects import Timer
from twoleg.domain.recording import is_wanted
from twoleg.domain.serials import CHANCE_BITS, make_serial
from twoleg.domain.tenant import TRIAL_CALLS_A_DAY, CallRequest, Refused, Tenant

DAY_MS = 86_400_000
DRAWS = 8
"""Serials drawn before giving up. A node must place thousands of calls in one millisecond to need the third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCall:
    """Checks a request against its tenant's rules and stores it as a call to be dialled. One per process is enough."""

    intake: CallIntake
    clock: Clock
    entropy: Entropy
    nudge: Nudge
    rules: CallRules
    node_id: int
    """0-63, different on each node."""
    limits: Mapping[Timer, float]
    """Seconds of each timer of the engine that will dial."""

    async def __call__(
        self, tenant: Tenant, request: CallRequest, *, idempotency: Idempotency | None = None
    ) -> Placed | Refused:
        """Answers once the call is on disk, or with the first rule it breaks; nothing is stored then.

        Raises `IdempotencyConflict`, `StoreUnavailable`, and `SerialTaken` when no serial was free.
        """
        refused = self.rules.broken(tenant, request, now_ms=self.clock.now_ms())
        if refused is not None and idempotency is None:
            return refused
        placed = await self._store(tenant, request, idempotency, refused)
        if isinstance(placed, Placed) and not placed.replayed:
            self.nudge()
        return placed

    async def _store(
        self, tenant: Tenant, request: CallRequest, idempotency: Idempotency | None, refused: Refused | None
    ) -> Placed | Refused:
        """A refused request is answered there too: it may repeat one that was taken before a rule forbade it."""
        for _ in range(DRAWS - 1):
            try:
                return await self.intake.place(self._intent(tenant, request, idempotency, refused))
            except SerialTaken:
                continue
        return await self.intake.place(self._intent(tenant, request, idempotency, refused))

    def _intent(
        self, tenant: Tenant, request: CallRequest, idempotency: Idempotency | None, refused: Refused | None
    ) -> Intent:
        now = self.clock.now_ms()
        serial = make_serial(now_ms=now, node_id=self.node_id, chance=self.entropy.bits(CHANCE_BITS))
        return Intent(
            call=_queued_call(tenant, request, serial=serial, now=now, must_end_by=must_end_by(now, self.limits)),
            callback_url=request.callback_url,
            agent_work_no=request.agent_work_no,
            idempotency=idempotency,
            calls_a_day=TRIAL_CALLS_A_DAY if tenant.trial else None,
            day_start=now - now % DAY_MS,
            record_as=tenant.recording_format if is_wanted(tenant.recording, asked=request.recording) else None,
            watch=self.rules.watch(tenant, request) if refused is None else None,
            refused=refused,
        )


def displayed(tenant: Tenant, request: CallRequest, role: Role) -> str:
    """The number that this phone is shown; the tenant's own when nothing else was asked for (decisions 3.4)."""
    asked = request.agent_present if role is Role.AGENT else request.caller_present
    return asked or tenant.access_codes[0]


def _queued_call(tenant: Tenant, request: CallRequest, *, serial: int, now: int, must_end_by: int) -> Call:
    return Call(
        serial=serial,
        tenant_id=tenant.tenant_id,
        agent=Leg(Role.AGENT, request.caller, clip=displayed(tenant, request, Role.AGENT)),
        customer=Leg(Role.CUSTOMER, request.called, clip=displayed(tenant, request, Role.CUSTOMER)),
        created_at=now,
        must_end_by=must_end_by,
        call_data=request.call_data,
        media=request.media,
    )
