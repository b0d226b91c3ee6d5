"""Whether new calls are taken at all: not while the service stops, and not more of them than it can set up in time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Protocol

from twoleg.application.errors import ApplicationError
from twoleg.application.ports import CallIntake, Intent, Placed
from twoleg.domain.tenant import Refused


@unique
class Closed(Enum):
    """Why a new call is not taken; the value is what its sender is told."""

    STOPPING = "the service is being stopped and takes no new calls: nothing was placed"
    OVERLOADED = "the service is at its limit and takes no more calls just now: nothing was placed"


class NotAdmitted(ApplicationError):
    """No new call is taken now, whoever asks; nothing was stored. Not the client's fault: try again later."""

    def __init__(self, why: Closed, *, retry_after: int) -> None:
        """`retry_after`: whole seconds, 1 or more."""
        super().__init__(why.value)
        self.why = why
        self.retry_after = retry_after


class Gate(Protocol):
    """What an API process knows of the service as a whole. All answer at once, without asking any other process."""

    def refusal(self) -> NotAdmitted | None:
        """Why the call at hand is not taken; asked once for each, because what is let through counts. None: it is."""

    def trouble(self) -> str | None:
        """Why the service is not ready for requests, in plain words; None: it is."""

    def is_leaving(self) -> bool:
        """Whether this process ends soon: connections are given up after their next answer."""


class AlwaysOpen:
    """The gate of a service that is all in one process, as in tests of the API alone."""

    def refusal(self) -> NotAdmitted | None:
        """None."""
        return None

    def trouble(self) -> str | None:
        """None."""
        return None

    def is_leaving(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class GatedIntake:
    """A `CallIntake` behind a gate. Wishes for the end of a call always pass."""

    intake: CallIntake
    gate: Gate

    async def place(self, intent: Intent) -> Placed | Refused:
        """As the intake does; raises `NotAdmitted` before anything of the store is touched."""
        refusal = self.gate.refusal()
        if refusal is not None:
            raise refusal
        return await self.intake.place(intent)

    async def request_hangup(self, serial: int, *, at: int) -> None:
        """As the intake does."""
        await self.intake.request_hangup(serial, at=at)
