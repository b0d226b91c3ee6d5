"""A recorded event as CloudEvents 1.0 JSON: one spelling for everybody who is told, by stream, page or webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import encode

from twoleg.application.event_feed import Recorded
from twoleg.domain.causes import name_of_cause
from twoleg.domain.reasons import Reason

TYPE_PREFIX = "twoleg."
"""Before the domain's name of the event: CloudEvents 1.0 asks for types that say whose they are."""
CONTENT_TYPE = "application/cloudevents+json"
"""Of one event in the structured mode (CloudEvents JSON format 1.0.2, section 3)."""


class EventFacts(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """`data`: the fact itself. A member without a value is absent."""

    serial: Annotated[str, Meta(description="The call's serial.")]
    seq: Annotated[int, Meta(description="1, 2, 3 ... within the call, without a gap.")]
    at: Annotated[int, Meta(description="When it happened: ms since the epoch.")]
    caller: Annotated[str, Meta(description="The agent's number, as given.")]
    called: Annotated[str, Meta(description="The customer's number, as given.")]
    call_data: Annotated[str | None, Meta(description="As given with the call.")] = None
    leg: Annotated[str | None, Meta(description="`agent` or `customer`; absent for the call as a whole.")] = None
    sip_status: Annotated[int | None, Meta(description="Final SIP status, 200-699.")] = None
    sip_reason: Annotated[str | None, Meta(description="Reason headers (RFC 3326) as received.")] = None
    cause: Annotated[int | None, Meta(description="Q.850 cause, 1-127.")] = None
    cause_text: Annotated[str | None, Meta(description="Its name.")] = None
    reason: Annotated[int | None, Meta(description="Why the call ended; on `call.ended` only.")] = None
    reason_text: Annotated[str | None, Meta(description="The same in one sentence.")] = None
    detail: Annotated[str | None, Meta(description="A plain sentence, where the fact needs one.")] = None


class CloudEvent(Struct, frozen=True):
    """One event (CloudEvents 1.0, section 3.1)."""

    specversion: Annotated[str, Meta(description="`1.0`.")]
    id: Annotated[str, Meta(description="`SERIAL-SEQ`: unique, and a cursor wherever one is asked for.")]
    source: Annotated[str, Meta(description="The call, as a path of this service.")]
    type: Annotated[str, Meta(description="`twoleg.call.queued`, `twoleg.agent.ringing`, ... `twoleg.call.ended`.")]
    subject: Annotated[str, Meta(description="The call's serial.")]
    time: Annotated[str, Meta(description="When it happened (RFC 3339, UTC, ms).")]
    datacontenttype: Annotated[str, Meta(description="`application/json`.")]
    data: EventFacts


def event_id(serial: int, seq: int) -> str:
    """The id of the call's event of that seq."""
    return f"{serial}-{seq}"


def cloud_event(recorded: Recorded) -> CloudEvent:
    """The event with everything known of it."""
    event = recorded.event
    serial = str(event.serial)
    return CloudEvent(
        specversion="1.0",
        id=event_id(event.serial, event.seq),
        source=f"/v1/calls/{serial}",
        type=TYPE_PREFIX + event.type.value,
        subject=serial,
        time=rfc3339(event.at),
        datacontenttype="application/json",
        data=_facts(recorded),
    )


def encoded(recorded: Recorded) -> bytes:
    """The event as JSON in UTF-8, on one line."""
    return encode(cloud_event(recorded))


def rfc3339(at: int) -> str:
    """A time in ms since the epoch as `2026-11-22T13:12:50.931Z`."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _facts(recorded: Recorded) -> EventFacts:
    event = recorded.event
    return EventFacts(
        serial=str(event.serial),
        seq=event.seq,
        at=event.at,
        caller=recorded.caller,
        called=recorded.called,
        call_data=recorded.call_data,
        leg=None if event.leg is None else event.leg.value,
        sip_status=event.sip_status,
        sip_reason=event.sip_reason,
        cause=event.cause,
        cause_text=None if event.cause is None else name_of_cause(event.cause),
        reason=event.reason,
        reason_text=None if event.reason is None else Reason(event.reason).text,
        detail=event.detail,
    )
