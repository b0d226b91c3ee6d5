"""The two-way call as a value: call, leg, role, phase, and the total map from phase to published state."""

from __future__ import annotations

from enum import IntEnum, unique

from twoleg.domain.media import MediaMode
from twoleg.domain.reasons import Reason
from twoleg.domain.values import Value, Word


@unique
class Role(Word):
    """Whose phone a leg reaches. The agent is always rung first."""

    AGENT = "agent"
    CUSTOMER = "customer"

    @property
    def other(self) -> Role:
        """The role at the far end of the bridge."""
        return Role.CUSTOMER if self is Role.AGENT else Role.AGENT


@unique
class Phase(IntEnum):
    """Where a call stands. Only `machine.step` moves a call from one to another, and never to a smaller one."""

    QUEUED = 0
    CALLING_AGENT = 1
    CALLING_CUSTOMER = 2
    TALKING = 3
    ENDED = 4


@unique
class CallState(IntEnum):
    """The published state (`state` of the vendor's query: 0 to be called, 1 calling, 2 talking, 3 ended)."""

    TO_BE_CALLED = 0
    CALLING = 1
    TALKING = 2
    ENDED = 3


PUBLISHED_STATE: dict[Phase, CallState] = {
    Phase.QUEUED: CallState.TO_BE_CALLED,
    Phase.CALLING_AGENT: CallState.CALLING,
    Phase.CALLING_CUSTOMER: CallState.CALLING,
    Phase.TALKING: CallState.TALKING,
    Phase.ENDED: CallState.ENDED,
}
"""Total: a test proves that each phase has exactly one state and that the map is monotonic."""


@unique
class EndedBy(Word):
    """Who ended a leg."""

    AGENT = "agent"
    CUSTOMER = "customer"
    NETWORK = "network"
    """A final SIP response, or none at all, before the leg was answered."""
    SERVICE = "service"
    """One of our timers, a fault, or the end of the other leg."""
    REQUEST = "request"
    """An API client or an operator."""


class Attempt(Value, frozen=True, gc=False):
    """One try to reach a phone: an INVITE by one trunk to one address of it. Times in ms since the epoch."""

    number: int
    """1, 2, 3 ... within the leg."""
    trunk: str
    peer: str | None
    """`udp:192.0.2.1:5060`; None when the trunk's name led to no address."""
    dialled: str
    """The number as that trunk was told it."""
    shown: str
    """The CLIP as that trunk was told it."""
    started_at: int
    ended_at: int | None = None
    """When it was answered, refused or given up; None while it is under way."""
    sip_status: int | None = None
    """Final SIP status 200-699; None while there is none."""
    sip_reason: str | None = None
    """The Reason headers (RFC 3326) as received, joined by ", "."""
    cause: int | None = None
    """Q.850 cause 1-127 of a failure."""


class Leg(Value, frozen=True, gc=False):
    """One phone of the call, with the facts known of it so far. Times in ms since the epoch; None: not (yet)."""

    role: Role
    number: str
    """What is dialled, as it was given: 1-32 characters."""
    clip: str
    """The number shown to this phone (CLIP)."""
    dialled_at: int | None = None
    ringing_at: int | None = None
    early_media_at: int | None = None
    answered_at: int | None = None
    released_at: int | None = None
    sip_status: int | None = None
    """The last final SIP status of its INVITE, 200-699; None while there is none."""
    sip_reason: str | None = None
    """The Reason headers (RFC 3326) as received, joined by ", "."""
    cause: int | None = None
    """Q.850 cause 1-127: from a `Reason: Q.850` header when there was one, else by RFC 3398."""
    ended_by: EndedBy | None = None
    attempts: tuple[Attempt, ...] = ()
    """Every try to reach the phone, in order; the last one is the leg's own."""

    @property
    def is_live(self) -> bool:
        """Whether something may still be happening on the wire for this leg."""
        return self.dialled_at is not None and self.released_at is None


class Call(Value, frozen=True, gc=False):
    """A two-way call. A value: a step of the machine answers with a new one."""

    serial: int
    """Unique, positive, 18-19 decimal digits, grows with time."""
    tenant_id: str
    agent: Leg
    customer: Leg
    created_at: int
    phase: Phase = Phase.QUEUED
    call_data: str | None = None
    """Opaque to us; 0-1024 characters."""
    started_at: int | None = None
    """When the first INVITE was decided on (state 1)."""
    talking_at: int | None = None
    ended_at: int | None = None
    reason: Reason | None = None
    """Set exactly when the phase is ENDED."""
    cause: int | None = None
    """The Q.850 cause of the end (what tenants of profile `ita` are told); set exactly when ENDED."""
    seq: int = 1
    """Number of events so far; the event of seq 1 is `call.queued`."""
    media: MediaMode | None = None
    """What was asked for this call; None: what its tenant's calls get."""
    must_end_by: int = 0
    """By when it has ended, whatever dies; 0 in one that was never stored (`domain.deadline`)."""

    @property
    def state(self) -> CallState:
        """The published state."""
        return PUBLISHED_STATE[self.phase]

    def leg(self, role: Role) -> Leg:
        """The leg of that role."""
        return self.agent if role is Role.AGENT else self.customer
