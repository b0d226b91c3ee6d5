"""Use case: end a call by request of its tenant or an operator."""

from __future__ import annotations

from twoleg.application.errors import NotFound
from twoleg.application.ports import CallIntake, CallReader, Clock, Nudge


async def hang_up_call(
    *, reader: CallReader, intake: CallIntake, clock: Clock, nudge: Nudge, serial: int, tenant_id: str
) -> None:
    """Wish, durably, for the end of the call; the engine acts on it at once. Raises `NotFound`, `StoreUnavailable`."""
    if reader.status(serial, tenant_id) is None:
        raise NotFound(f"no call {serial}")
    await intake.request_hangup(serial, at=clock.now_ms())
    nudge()
