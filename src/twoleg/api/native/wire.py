"""What goes over the wire: a call and its legs as documents, and the bodies of requests. Times: ms since the epoch.

A member without a value is absent, never null.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta, Struct

from twoleg.domain.call import Attempt, Call, CallState, Leg, Role
from twoleg.domain.causes import name_of_cause
from twoleg.domain.quality import LegQuality
from twoleg.domain.settlement import was_dialled

Serial = Annotated[str, Meta(description="The call's serial: 18-19 decimal digits, as a string.")]
_Cause = Annotated[int | None, Meta(description="Q.850 cause, 1-127.")]
_CauseText = Annotated[str | None, Meta(description="Its name.")]
_SipStatus = Annotated[int | None, Meta(description="The final SIP status of the INVITE, 200-699.")]
_SipReason = Annotated[str | None, Meta(description="Reason headers (RFC 3326) as received.")]

STATE_NAMES = {
    CallState.TO_BE_CALLED: "queued",
    CallState.CALLING: "calling",
    CallState.TALKING: "talking",
    CallState.ENDED: "ended",
}
"""Total: a test holds it to that."""
NOT_HEARD: Mapping[Role, LegQuality] = MappingProxyType({})
"""Of a call of which it is not asked, or not known."""


class AttemptDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One try to reach a phone: an INVITE by one trunk to one address of it."""

    number: Annotated[int, Meta(description="1, 2, 3 ... within the leg.")]
    trunk: str
    dialled: Annotated[str, Meta(description="The number as that trunk was told it.")]
    shown: Annotated[str, Meta(description="The displayed number as that trunk was told it.")]
    started_at: int
    peer: Annotated[str | None, Meta(description="`udp:192.0.2.1:5060`; absent when the trunk has no address.")] = None
    ended_at: int | None = None
    sip_status: _SipStatus = None
    sip_reason: _SipReason = None
    cause: _Cause = None


class QualityDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """How well this phone was heard by the other, as its relay counted and RTCP told."""

    packets: Annotated[int, Meta(description="RTP packets that came from this phone.")]
    was_silent: Annotated[
        bool,
        Meta(description="Nothing came from it for `media.silent_after` seconds, though it should have been heard."),
    ]
    lost: Annotated[int | None, Meta(description="Packets that did not arrive, where the relay counts them.")] = None
    loss: Annotated[float | None, Meta(description="Percent of what it sent.")] = None
    jitter: Annotated[float | None, Meta(description="Milliseconds, interarrival (RFC 3550 6.4.1).")] = None
    round_trip: Annotated[float | None, Meta(description="Milliseconds, where RTCP told.")] = None
    mos: Annotated[
        float | None, Meta(description="Estimated mean opinion score by the E-model (ITU-T G.107), 1.0-4.5.")
    ] = None


class LegDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One phone of the call."""

    number: Annotated[str, Meta(description="As it was given.")]
    shown: Annotated[str, Meta(description="The number this phone is shown.")]
    dialled_at: int | None = None
    ringing_at: int | None = None
    early_media_at: int | None = None
    answered_at: int | None = None
    released_at: int | None = None
    sip_status: _SipStatus = None
    sip_reason: _SipReason = None
    cause: _Cause = None
    cause_text: _CauseText = None
    ended_by: Annotated[str | None, Meta(description="agent, customer, network, service or request.")] = None
    attempts: Annotated[
        list[AttemptDocument], Meta(description="Every try to reach the phone, in order; the last is the leg's own.")
    ] = []
    quality: Annotated[
        QualityDocument | None,
        Meta(description="Of an ended call whose media went by a relay, up to a second after its end; not in lists."),
    ] = None


class CallDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A call with everything that is known of it."""

    serial: Serial
    state: Annotated[str, Meta(description="queued, calling, talking or ended; it never goes back.")]
    phase: Annotated[
        str, Meta(description="queued, calling_agent, calling_customer, talking or ended: `state` in more detail.")
    ]
    seq: Annotated[int, Meta(description="How many events there are so far; the cursor of a long poll.")]
    caller: Annotated[str, Meta(description="The agent's number, as given.")]
    called: Annotated[str, Meta(description="The customer's number, as given.")]
    created_at: int
    agent: LegDocument
    customer: LegDocument
    dialled: Annotated[
        str,
        Meta(
            description="Whether the agent's phone was rung: no, yes, or unknown after a crash. "
            "An ended call with no rang nobody."
        ),
    ] = ""
    must_end_by: Annotated[
        int | None, Meta(description="By when it has ended, whatever dies: the sum of its timers, and some slack.")
    ] = None
    call_data: Annotated[str | None, Meta(description="As given with the call.")] = None
    started_at: Annotated[int | None, Meta(description="When the first phone was dialled.")] = None
    talking_at: int | None = None
    ended_at: int | None = None
    reason: Annotated[int | None, Meta(description="Why it ended, by the table of docs/states.md.")] = None
    reason_text: Annotated[str | None, Meta(description="The same in one sentence.")] = None
    cause: _Cause = None
    cause_text: _CauseText = None


def call_document(call: Call, heard: Mapping[Role, LegQuality] = NOT_HEARD) -> CallDocument:
    """All that is known of a call; `heard`: how well, where that is known."""
    return CallDocument(
        serial=str(call.serial),
        state=STATE_NAMES[call.state],
        phase=call.phase.name.lower(),
        seq=call.seq,
        caller=call.agent.number,
        called=call.customer.number,
        created_at=call.created_at,
        agent=_leg(call.agent, heard.get(Role.AGENT)),
        customer=_leg(call.customer, heard.get(Role.CUSTOMER)),
        dialled=was_dialled(call).value,
        must_end_by=call.must_end_by or None,
        call_data=call.call_data,
        started_at=call.started_at,
        talking_at=call.talking_at,
        ended_at=call.ended_at,
        reason=None if call.reason is None else int(call.reason),
        reason_text=None if call.reason is None else call.reason.text,
        cause=call.cause,
        cause_text=_named(call.cause),
    )


def _leg(leg: Leg, heard: LegQuality | None) -> LegDocument:
    return LegDocument(
        number=leg.number,
        shown=leg.clip,
        dialled_at=leg.dialled_at,
        ringing_at=leg.ringing_at,
        early_media_at=leg.early_media_at,
        answered_at=leg.answered_at,
        released_at=leg.released_at,
        sip_status=leg.sip_status,
        sip_reason=leg.sip_reason,
        cause=leg.cause,
        cause_text=_named(leg.cause),
        ended_by=None if leg.ended_by is None else leg.ended_by.value,
        attempts=[_attempt(each) for each in leg.attempts],
        quality=None if heard is None else _quality(heard),
    )


def _quality(heard: LegQuality) -> QualityDocument:
    return QualityDocument(
        packets=heard.packets,
        was_silent=heard.was_silent,
        lost=heard.lost,
        loss=heard.loss,
        jitter=heard.jitter,
        round_trip=heard.round_trip,
        mos=heard.mos,
    )


def _attempt(attempt: Attempt) -> AttemptDocument:
    return AttemptDocument(
        number=attempt.number,
        trunk=attempt.trunk,
        dialled=attempt.dialled,
        shown=attempt.shown,
        started_at=attempt.started_at,
        peer=attempt.peer,
        ended_at=attempt.ended_at,
        sip_status=attempt.sip_status,
        sip_reason=attempt.sip_reason,
        cause=attempt.cause,
    )


def _named(cause: int | None) -> str | None:
    return None if cause is None else name_of_cause(cause)
