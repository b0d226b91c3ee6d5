"""An explanation as a document: what `GET /v1/calls/{serial}/explain` and `twoleg explain --json` answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from twoleg.domain.call import Call
from twoleg.domain.explain.verdict import Evidence, Verdict
from twoleg.domain.explain.words import Language


class RetryDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Whether and when to call again."""

    sensible: Annotated[bool, Meta(description="Whether calling again makes sense without changing anything.")]
    rule: Annotated[str, Meta(description="What to do, in words.")]
    after_ms: Annotated[
        int | None, Meta(description="How long to wait, from the end of the call; absent where `sensible` is false.")
    ] = None


class CertaintyDocument(Struct, frozen=True, rename="camel"):
    """How sure the verdict is."""

    level: Annotated[str, Meta(description="certain, likely or unsure.")]
    because: Annotated[str, Meta(description="Why.")]


class EvidenceDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One fact that the verdict rests on."""

    fact: Annotated[
        str,
        Meta(
            description="placed, dialled, early_media, rang, answered, connected, released, ended, sip_status, "
            "sip_reason, cause, attempt, silent, or detail (a note of the service, always in English)."
        ),
    ]
    text: Annotated[str, Meta(description="The fact in words.")]
    leg: Annotated[str | None, Meta(description="agent or customer; absent where it is the call's.")] = None
    at: Annotated[int | None, Meta(description="Ms since the epoch.")] = None
    value: Annotated[
        int | None, Meta(description="SIP status, Q.850 cause, number of the attempt, or reason of the end.")
    ] = None
    header: Annotated[str | None, Meta(description="The Reason headers (RFC 3326) as received.")] = None


class Explanation(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Why a call went as it did; of a living call: what it is doing."""

    serial: Annotated[str, Meta(description="The call's serial.")]
    language: Annotated[str, Meta(description="en or zh.")]
    sentence: Annotated[str, Meta(description="What happened, to whom, after how long, and what to do.")]
    retry: RetryDocument
    certainty: CertaintyDocument
    evidence: Annotated[list[EvidenceDocument], Meta(description="Leg by leg, each in the order of time.")]
    side: Annotated[
        str | None,
        Meta(description="agent, customer, carrier, trunk, policy or service; absent while the call lives."),
    ] = None
    reason: Annotated[int | None, Meta(description="Why it ended, by the table of docs/states.md.")] = None
    cause: Annotated[int | None, Meta(description="Q.850 cause of the end, 1-127.")] = None


def explanation(call: Call, verdict: Verdict, language: Language) -> Explanation:
    """The verdict on that call, in that language."""
    return Explanation(
        serial=str(call.serial),
        language=language.value,
        sentence=verdict.sentence.told(language),
        retry=RetryDocument(verdict.advice.retry, verdict.advice.says.told(language), verdict.advice.after_ms),
        certainty=CertaintyDocument(verdict.certainty.name.lower(), verdict.because.told(language)),
        evidence=[_evidence(each, language) for each in verdict.evidence],
        side=None if verdict.side is None else verdict.side.value,
        reason=None if call.reason is None else int(call.reason),
        cause=call.cause,
    )


def _evidence(evidence: Evidence, language: Language) -> EvidenceDocument:
    return EvidenceDocument(
        fact=evidence.fact.value,
        text=evidence.says.told(language),
        leg=None if evidence.leg is None else evidence.leg.value,
        at=evidence.at,
        value=evidence.value,
        header=evidence.header,
    )
