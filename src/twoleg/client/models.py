"""What the native face answers, as types. Times: ms since the epoch; None: not (yet), or not told.

Members that a newer service adds are passed over.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["queued", "calling", "talking", "ended"]
Language = Literal["en", "zh"]


class Document(Struct, frozen=True, kw_only=True, rename="camel"):
    """Base: snake_case here, camelCase on the wire."""


class AttemptFacts(Document, frozen=True):
    """One try to reach a phone, by one trunk at one address of it."""

    number: int
    trunk: str
    dialled: str
    shown: str
    started_at: int
    peer: str | None = None
    ended_at: int | None = None
    sip_status: int | None = None
    sip_reason: str | None = None
    cause: int | None = None


class QualityFacts(Document, frozen=True):
    """How well a phone was heard by the other, as its relay counted and RTCP told."""

    packets: int
    was_silent: bool
    lost: int | None = None
    loss: float | None = None
    """Percent."""
    jitter: float | None = None
    """Milliseconds; so is `round_trip`."""
    round_trip: float | None = None
    mos: float | None = None
    """1.0-4.5, by the E-model (ITU-T G.107)."""


class LegFacts(Document, frozen=True):
    """One phone of a call."""

    number: str
    shown: str
    dialled_at: int | None = None
    ringing_at: int | None = None
    early_media_at: int | None = None
    answered_at: int | None = None
    released_at: int | None = None
    sip_status: int | None = None
    sip_reason: str | None = None
    cause: int | None = None
    cause_text: str | None = None
    ended_by: str | None = None
    attempts: tuple[AttemptFacts, ...] = ()
    quality: QualityFacts | None = None
    """Of an ended call that a relay carried, up to a second after its end; not in lists."""


class CallFacts(Document, frozen=True):
    """Everything that is known of a call."""

    serial: str
    state: State
    phase: str
    seq: int
    caller: str
    called: str
    created_at: int
    agent: LegFacts
    customer: LegFacts
    dialled: str = ""
    """Whether the agent's phone was rung: `no`, `yes`, or `unknown` after a crash of the service."""
    must_end_by: int | None = None
    """By when it has ended, whatever dies; ms since the epoch."""
    call_data: str | None = None
    started_at: int | None = None
    talking_at: int | None = None
    ended_at: int | None = None
    reason: int | None = None
    reason_text: str | None = None
    cause: int | None = None
    cause_text: str | None = None


class CallPage(Document, frozen=True):
    """Calls of a list, the newest first."""

    calls: tuple[CallFacts, ...]
    next: str | None = None


class Progress(Document, frozen=True):
    """How far a call has come."""

    serial: str
    state: State
    phase: str
    seq: int
    created_at: int
    started_at: int | None = None
    talking_at: int | None = None
    ended_at: int | None = None
    reason: int | None = None
    cause: int | None = None


class ProgressList(Document, frozen=True):
    """The states of many calls."""

    calls: tuple[Progress, ...]
    unknown: tuple[str, ...] = ()


class EventFacts(Document, frozen=True):
    """What an event tells."""

    serial: str
    seq: int
    at: int
    caller: str
    called: str
    call_data: str | None = None
    leg: str | None = None
    sip_status: int | None = None
    sip_reason: str | None = None
    cause: int | None = None
    cause_text: str | None = None
    reason: int | None = None
    reason_text: str | None = None
    detail: str | None = None


class Event(Document, frozen=True):
    """One event (CloudEvents 1.0)."""

    id: str
    """`SERIAL-SEQ`: also the cursor behind it."""
    source: str
    type: str
    time: str
    data: EventFacts
    subject: str | None = None

    @property
    def name(self) -> str:
        """`call.queued`, `agent.ringing`, ... `call.ended`."""
        return self.type.removeprefix("twoleg.")


class Retry(Document, frozen=True):
    """Whether and when to call again."""

    sensible: bool
    rule: str
    after_ms: int | None = None


class Certainty(Document, frozen=True):
    """How sure a verdict is: certain, likely or unsure."""

    level: str
    because: str


class Evidence(Document, frozen=True):
    """One fact that a verdict rests on."""

    fact: str
    text: str
    leg: str | None = None
    at: int | None = None
    value: int | None = None
    header: str | None = None


class Explanation(Document, frozen=True):
    """Why a call went as it did."""

    serial: str
    language: str
    sentence: str
    retry: Retry
    certainty: Certainty
    evidence: tuple[Evidence, ...]
    side: str | None = None
    reason: int | None = None
    cause: int | None = None


class Route(Document, frozen=True):
    """A trunk that would be tried."""

    trunk: str
    dialled: str
    shown: str
    is_up: bool
    why: str | None = None


class RehearsedLeg(Document, frozen=True):
    """How a phone would be reached."""

    number: str
    shown: str
    route: tuple[Route, ...]


class Refusal(Document, frozen=True):
    """Which rule would refuse a call."""

    rule: str
    detail: str
    member: str | None = None


class Rehearsal(Document, frozen=True):
    """What would happen to a call that is not placed."""

    accepted: bool
    dialable: bool
    agent: RehearsedLeg
    customer: RehearsedLeg
    refusal: Refusal | None = None
