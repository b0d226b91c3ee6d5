"""Facts about a call, for others: gapless `seq` per call, written in the transaction that changed the call."""

from __future__ import annotations

from enum import unique

from twoleg.domain.call import Role
from twoleg.domain.values import Value, Word


@unique
class EventType(Word):
    """The names integrators see."""

    CALL_QUEUED = "call.queued"
    AGENT_DIALLED = "agent.dialled"
    AGENT_ATTEMPT_FAILED = "agent.attempt_failed"
    """One trunk failed and the next one is being tried; likewise for the customer."""
    AGENT_RINGING = "agent.ringing"
    AGENT_EARLY_MEDIA = "agent.early_media"
    AGENT_ANSWERED = "agent.answered"
    CUSTOMER_DIALLED = "customer.dialled"
    CUSTOMER_ATTEMPT_FAILED = "customer.attempt_failed"
    CUSTOMER_RINGING = "customer.ringing"
    CUSTOMER_EARLY_MEDIA = "customer.early_media"
    CUSTOMER_ANSWERED = "customer.answered"
    CALL_TALKING = "call.talking"
    CALL_BRIDGED = "call.bridged"
    LEG_HELD = "leg.held"
    """That phone put the other on hold, and the other took it."""
    LEG_RESUMED = "leg.resumed"
    LEG_SILENT = "leg.silent"
    """No audio came from that phone for `media.silent_after` seconds, though it should have been heard."""
    LEG_HEARD = "leg.heard"
    """It came again."""
    CALL_ENDED = "call.ended"
    """The last one of a call, but for what is told of it afterwards: what becomes of its recording, a report."""
    CALL_REPORTED = "call.reported"
    """A carrier platform pushed its own record of the call. Always after `call.ended`, and it changes nothing."""
    RECORDING_STARTED = "recording.started"
    RECORDING_PAUSED = "recording.paused"
    RECORDING_RESUMED = "recording.resumed"
    RECORDING_STOPPED = "recording.stopped"
    RECORDING_READY = "recording.ready"
    """It can be heard. Always after `call.ended`."""
    RECORDING_FAILED = "recording.failed"
    """There will be none, for the reason told; while the call lives, or after its end."""
    RECORDING_PURGED = "recording.purged"
    """It was deleted, for the reason told."""


class Event(Value, frozen=True, gc=False):
    """One fact. `(serial, seq)` is unique; seq runs 1, 2, 3 ... without a gap."""

    serial: int
    seq: int
    at: int
    """ms since the epoch."""
    type: EventType
    leg: Role | None = None
    sip_status: int | None = None
    sip_reason: str | None = None
    cause: int | None = None
    reason: int | None = None
    """`Reason` value; on `call.ended` only."""
    detail: str | None = None
    """A plain sentence where the fact needs one (why a leg was refused, which handler failed)."""
