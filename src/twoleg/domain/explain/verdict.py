"""What an explanation is made of: verdict, side, retry, certainty, evidence, and the rules that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, unique

from twoleg.domain.call import Role
from twoleg.domain.explain.words import Words


@unique
class Side(Enum):
    """Where it lies that the call went as it did."""

    AGENT = "agent"
    CUSTOMER = "customer"
    CARRIER = "carrier"
    """The network behind our trunk."""
    TRUNK = "trunk"
    """Our way out: a trunk's reachability, credentials, contract, capacity or configuration."""
    POLICY = "policy"
    """Somebody's wish or rule: a hang-up by request, a limit."""
    SERVICE = "service"
    """This service itself."""

    @classmethod
    def of(cls, role: Role) -> Side:
        """The side of a phone."""
        return cls.AGENT if role is Role.AGENT else cls.CUSTOMER


@unique
class Certainty(IntEnum):
    """How sure the verdict is; of two that apply the smaller counts."""

    UNSURE = 0
    """Several explanations fit about as well."""
    LIKELY = 1
    """The usual meaning of what was seen; others occur."""
    CERTAIN = 2
    """We did it or saw it ourselves, or the network said so in so many words."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next."""

    says: Words
    """A clause that ends the sentence."""
    retry: bool
    """Whether calling again makes sense without changing anything."""
    after_ms: int | None = None
    """How long to wait before, from the end of the call; None where `retry` is False."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table: how something is said and what follows from it."""

    says: Words
    """A clause; its placeholders are named in `sentence.parts`."""
    side: Side | None
    """None: the side of the phone that it is about; in a row of a living call, nobody's."""
    advice: Advice
    doubt: Words | None = None
    """Why it may be otherwise; None: what the row says is certain."""
    certainty: Certainty = Certainty.LIKELY
    """How sure it is in spite of `doubt`; without a doubt it is certain."""


@unique
class Fact(Enum):
    """Kinds of evidence."""

    PLACED = "placed"
    DIALLED = "dialled"
    EARLY_MEDIA = "early_media"
    RANG = "rang"
    ANSWERED = "answered"
    CONNECTED = "connected"
    RELEASED = "released"
    ENDED = "ended"
    SIP_STATUS = "sip_status"
    SIP_REASON = "sip_reason"
    CAUSE = "cause"
    ATTEMPT = "attempt"
    SILENT = "silent"
    """Nothing was heard from a phone that should have been: one-way audio, or none."""
    DETAIL = "detail"
    """What the service noted in plain words; English in both languages."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that the verdict rests on."""

    fact: Fact
    says: Words
    leg: Role | None = None
    at: int | None = None
    """Ms since the epoch."""
    value: int | None = None
    """The SIP status, the Q.850 cause, the number of an attempt, the reason of the end."""
    header: str | None = None
    """The Reason headers as received."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a call, or what it is doing, for a person at a help desk."""

    sentence: Words
    """What happened, to whom, after how long, and what to do; one sentence."""
    side: Side | None
    """None: nothing to lay at anybody's door, the call lives."""
    advice: Advice
    certainty: Certainty
    because: Words
    """Why it is as sure, or as unsure, as it is."""
    evidence: tuple[Evidence, ...]
