"""The ports of webhooks: where endpoints and deliveries are kept, who sends, who seals what nobody may read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from twoleg.application.errors import ApplicationError
from twoleg.application.event_feed import Recorded
from twoleg.domain.audit import Entry
from twoleg.domain.call import Call
from twoleg.domain.delivery import Outcome, Ruling, State
from twoleg.domain.recording import Recording
from twoleg.domain.tenant import Profile
from twoleg.domain.values import Value
from twoleg.domain.webhooks import Credentials, Endpoint, Planned


class EndpointChanged(ApplicationError):
    """Somebody else changed the endpoint meanwhile: read it again."""


class Attempted(Value, frozen=True, gc=False, kw_only=True):
    """One attempt of a delivery, for its log."""

    number: int
    """1, 2, 3 ... within the delivery."""
    at: int
    """ms since the epoch: when it began."""
    took_ms: int
    status: int | None
    said: str


class Delivery(Value, frozen=True, gc=False, kw_only=True):
    """One event on its way to one URL. Times in ms since the epoch."""

    delivery_id: int
    """Grows; the order of planning."""
    endpoint_id: str
    serial: int
    seq: int
    url: str
    state: State
    planned_at: int
    attempts: int
    due_at: int | None = None
    """Set exactly while it is DUE."""
    ended_at: int | None = None
    """Set exactly once it is over."""


class Parcel(Value, frozen=True, gc=False):
    """A delivery that is due, with what it carries."""

    delivery: Delivery
    recorded: Recorded


class Subject(Value, frozen=True, gc=False):
    """The call that an event is about, with what was ordered beside it."""

    call: Call
    callback_url: str | None
    agent_work_no: int | None
    profile: Profile = Profile.AICC
    """By which of the vendor's tables its tenant is told reasons."""
    recording: Recording | None = None
    """As it stands; None: the call is not recorded."""


class EndpointBook(Protocol):
    """Endpoints and their delivery logs, for clients and operators. May block for a disk flush.

    Changes are durable when they return. All raise `StoreUnavailable`. `note`: as in `Registry`.
    """

    def add(self, endpoint: Endpoint, sealed: bytes, *, note: Entry | None = None) -> None:
        """A new endpoint; of format AICC a tenant has one, and the new one's settings and secrets replace it.

        Then the old id and cursor stay. Raises `NotFound` when there is no such tenant.
        """

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint, of whichever tenant."""

    def of_tenant(self, tenant_id: str) -> Sequence[Endpoint]:
        """The tenant's, oldest first."""

    def sealed(self, endpoint_id: str) -> bytes | None:
        """Its secrets as they were sealed; None: it has none (yet), or there is no such endpoint."""

    def reseal(self, endpoint_id: str, sealed: bytes, *, was: bytes | None, note: Entry | None = None) -> None:
        """Replace its secrets. Raises `EndpointChanged` when they are not what they were."""

    def remove(self, endpoint_id: str, *, note: Entry | None = None) -> None:
        """The endpoint and its deliveries are no more. Harmless when repeated."""

    def enable(self, endpoint_id: str, *, note: Entry | None = None) -> None:
        """It is served again, from where it was left. Harmless when it is."""

    def rewind(self, endpoint_id: str, cursor: int, *, note: Entry | None = None) -> None:
        """Plan its deliveries anew from that position of the event log; what is under way goes on."""

    def deliveries(self, endpoint_id: str, *, before: int | None, limit: int) -> Sequence[Delivery]:
        """Its deliveries, newest first, those of a smaller `delivery_id` than `before`."""

    def place_of(self, endpoint_id: str, serial: int, seq: int, planned_at: int) -> int | None:
        """The `delivery_id` of that event's delivery, planned at that time; None: there is none."""

    def attempts(self, delivery_ids: Collection[int]) -> dict[int, Sequence[Attempted]]:
        """What was attempted of each, in order; nothing for one without an attempt."""


class Outbox(Protocol):
    """The side of the process that delivers. Reads are synchronous; all raise `StoreUnavailable`."""

    def endpoints(self) -> Sequence[Endpoint]:
        """All that are not disabled."""

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint as it is now; None when it is disabled or was removed."""

    def sealed(self, endpoint_id: str) -> bytes | None:
        """See `EndpointBook.sealed`."""

    def subject(self, serial: int) -> Subject | None:
        """The call; None once it was purged."""

    async def plan(self, endpoint: Endpoint, planned: Sequence[Planned], *, cursor: int, at: int) -> bool:
        """Add the deliveries and move the endpoint's cursor, in one durable transaction.

        False, and nothing is done, when its cursor is not the one of `endpoint` any more, or it was disabled or
        removed. What is the first unfinished of its call and lane is DUE at once, the others wait.
        """

    def open_deliveries(self, endpoint_id: str) -> int:
        """How many are not over."""

    def due(self, endpoint_id: str, *, now: int, limit: int, besides: Collection[int]) -> Sequence[Parcel]:
        """What is DUE by that time, the longest due first, but for those ids."""

    def next_due(self, endpoint_id: str, *, besides: Collection[int]) -> int | None:
        """When the next delivery besides those is due, be it overdue; None: there is none."""

    async def note(self, delivery: Delivery, attempted: Attempted, ruling: Ruling, *, disable: str | None) -> None:
        """Log the attempt, move the delivery, give the next of its lane its turn, durably and in one transaction.

        `disable`: for that reason the endpoint is disabled, and all its open deliveries are GONE. A delivery that is
        over or was removed meanwhile stays so.
        """

    async def seal(self, endpoint_id: str, sealed: bytes) -> bool:
        """Give secrets to an endpoint that has none yet; False: it has some, or is no more."""


class SecretBox(Protocol):
    """Seals secrets so that a stolen store does not show them."""

    def seal(self, credentials: Credentials, *, label: str) -> bytes:
        """For that label only: nothing opens under another one."""

    def open(self, sealed: bytes, *, label: str) -> Credentials:
        """What was sealed. Raises `CannotOpen`."""


class CannotOpen(ApplicationError):
    """The secrets were sealed with another key, for another label, or are damaged."""


class Carrier(Protocol):
    """Takes a parcel to its receiver, once."""

    async def carry(self, endpoint: Endpoint, credentials: Credentials, parcel: Parcel, subject: Subject) -> Outcome:
        """One attempt, in bounded time. Never raises for what a receiver or the network does."""
