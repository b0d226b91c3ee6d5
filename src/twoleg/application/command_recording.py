"""Use case: start, pause, resume or stop the recording of a living call."""

from __future__ import annotations

from dataclasses import dataclass

from twoleg.application.errors import NotFound
from twoleg.application.ports import CallReader, Clock, Nudge
from twoleg.application.recording_book import RecordingBook
from twoleg.domain.recording import Command, CommandRefused, Recording, may_record
from twoleg.domain.tenant import Refusal, Refused, Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecording:
    """One per process is enough."""

    book: RecordingBook
    reader: CallReader
    clock: Clock
    nudge: Nudge

    async def __call__(self, tenant: Tenant, serial: int, command: Command) -> Recording | CommandRefused | Refused:
        """The recording as it stands now; the relay obeys within moments, and what is said after a pause is not heard.

        `Refused`: the tenant's calls are not recorded. Raises `NotFound`, `StoreUnavailable`.
        """
        if self.reader.status(serial, tenant.tenant_id) is None:
            raise NotFound(f"no call {serial}")
        if not may_record(tenant.recording):
            return Refused(Refusal.RECORDING_NOT_ALLOWED, "recording")
        done = await self.book.ask(
            serial, tenant.tenant_id, command, audio_format=tenant.recording_format, at=self.clock.now_ms()
        )
        self.nudge()
        return done
