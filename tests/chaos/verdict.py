"""The checker: compares what the phones saw with all that the service told, and counts the broken promises.

It shares no code with the service, and knows it by its public interfaces only: HTTP answers, CSV export, webhooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chaos.wire import Leg

if TYPE_CHECKING:
    from chaos.upkeep import Standstill

ENDED = 3
_CUSTOMER_HUNG_UP, _AGENT_HUNG_UP = 0, 1


class Broken(StrEnum):
    """The promises, by how they are broken."""

    RUNG_TWICE = "rung twice"
    LOST = "lost"
    STUCK = "stuck"
    ORPHANED = "orphaned legs"
    CONTRADICTED = "contradicted by a phone"


MEANING = {
    Broken.RUNG_TWICE: "a number, each called by one call only, was sent INVITEs of two calls",
    Broken.LOST: "not known to queryCallState, without its one CDR, with a gap in its events, without call.ended, "
    "without the webhook of its end; answered with two serials; or a phone rang for a call that nobody knows",
    Broken.STUCK: "not in state 3, or ended after its `mustEndBy`",
    Broken.ORPHANED: "a phone that rang or talked and heard neither CANCEL nor BYE, and was not hung up by its owner",
    Broken.CONTRADICTED: "the record has an answer, a talk, a hang-up that the phone knows nothing of, or says that "
    "nobody was rung; or two of the service's answers differ",
}


@dataclass(slots=True)
class Placement:
    """One createCall of the load, from its client's view."""

    agent: str
    customer: str
    key: str = ""
    """Its Idempotency-Key; "": it had none."""
    serials: list[str] = field(default_factory=list)
    """Of each answer that said success."""
    refusal: str = ""
    """What was answered instead, if anything was."""
    lost_answers: int = 0
    """How often the connection broke before an answer."""


@dataclass(slots=True)
class Evidence:
    """Everything that is known after the end of a run."""

    placements: Sequence[Placement]
    legs: Mapping[str, Sequence[Leg]]
    """By the number that was called."""
    calls: Mapping[str, Mapping[str, Any]]
    """What GET /v1/calls told of each serial."""
    states: Mapping[str, Mapping[str, Any] | None]
    """`result` of queryCallState for each acknowledged serial; None: it is unknown there."""
    records: Sequence[Mapping[str, str]]
    """Rows of the CSV export."""
    events: Mapping[str, Sequence[Mapping[str, Any]]]
    """CloudEvents by serial, in the order in which they were told."""
    delivered: Counter[str]
    """How often the end of each serial came to the webhook receiver, rightly signed."""
    released: Counter[str]
    """How often its release callback did."""
    standstills: Sequence[Standstill]
    """When the whole machine was suspended: nobody can keep a deadline meanwhile."""
    keys: Mapping[str, Sequence[str]]
    """By Idempotency-Key of each request whose answer was lost: the serials that GET /v1/calls finds by it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise."""

    broken: Broken
    what: str
    serials: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a run."""

    acknowledged: int
    findings: Sequence[Finding]

    def count(self, broken: Broken) -> int:
        """How many of that kind: of calls and legs, not of reasons to complain of each."""
        return len({(each.serials, each.numbers) for each in self.findings if each.broken is broken})

    @property
    def is_kept(self) -> bool:
        """Every promise."""
        return not self.findings


def judge(evidence: Evidence) -> Verdict:
    """All that is wrong."""
    acknowledged = sum(1 for each in evidence.placements if each.serials)
    rules = (_rung_twice, _lost, _unknown, _stuck, _orphaned, _contradicted)
    return Verdict(acknowledged, [finding for rule in rules for finding in rule(evidence)])


def _rung_twice(evidence: Evidence) -> Iterator[Finding]:
    for number, legs in evidence.legs.items():
        if len(legs) > 1:
            yield Finding(Broken.RUNG_TWICE, f"{len(legs)} INVITEs of different calls", numbers=(number,))


def _lost(evidence: Evidence) -> Iterator[Finding]:
    records = Counter(row["serial"] for row in evidence.records)
    acknowledged = {serial for each in evidence.placements for serial in each.serials}
    for placement in evidence.placements:
        if len(set(placement.serials)) > 1:
            yield Finding(Broken.LOST, "one request, two calls", tuple(sorted(set(placement.serials))))
        found = evidence.keys.get(placement.key)
        if found is not None and list(found) != placement.serials[:1]:
            told = f"by its key {placement.key} {found} is found"
            yield Finding(Broken.LOST, told, tuple(placement.serials), (placement.agent,))
    for serial in sorted(acknowledged | set(evidence.calls) | set(evidence.events) | set(records)):
        missing = {
            "queryCallState does not know it": serial in acknowledged and evidence.states.get(serial) is None,
            "GET /v1/calls does not tell it": serial not in evidence.calls,
            f"{records[serial]} CDRs": records[serial] != 1,
            "its end was not delivered to the webhook": not evidence.delivered[serial],
            "its release callback was not delivered": not evidence.released[serial],
        }
        faults = [what for what, is_so in missing.items() if is_so]
        for what in (*faults, *_faults_of(evidence.events.get(serial, ()))):
            yield Finding(Broken.LOST, what, (serial,), _numbers(evidence.calls.get(serial, {})))


def _faults_of(events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    seqs = [event["data"]["seq"] for event in events]
    if seqs != list(range(1, len(seqs) + 1)) or not seqs:
        yield f"the seqs of its events are {seqs}"
    if len(_ends(events)) != 1:
        yield f"{len(_ends(events))} events tell its end"


def _unknown(evidence: Evidence) -> Iterator[Finding]:
    known = {number for call in evidence.calls.values() for number in _numbers(call)}
    for number in evidence.legs:
        if number not in known:
            yield Finding(Broken.LOST, "rung, and no call knows of it", numbers=(number,))


def _stuck(evidence: Evidence) -> Iterator[Finding]:
    for serial, call in evidence.calls.items():
        ended, latest = call.get("endedAt"), call.get("mustEndBy")
        if call["state"] != "ended" or ended is None:
            yield Finding(Broken.STUCK, f"in phase {call['phase']}", (serial,), _numbers(call))
        elif latest is None or ended - _suspended(evidence, call["createdAt"], ended) > latest:
            yield Finding(Broken.STUCK, f"ended at {ended}, had to by {latest}", (serial,), _numbers(call))
    for serial, told in evidence.states.items():
        if told is not None and told["state"] != ENDED:
            yield Finding(
                Broken.STUCK, f"in state {told['state']}", (serial,), _numbers(evidence.calls.get(serial, {}))
            )


def _suspended(evidence: Evidence, start: int, end: int) -> int:
    return sum(each.within(start, end) for each in evidence.standstills)


def _orphaned(evidence: Evidence) -> Iterator[Finding]:
    for number, legs in evidence.legs.items():
        for leg in legs:
            if leg.is_open:
                yield Finding(Broken.ORPHANED, f"last heard and said: {leg.messages[-1][1]}", numbers=(number,))


def _contradicted(evidence: Evidence) -> Iterator[Finding]:
    rows = {row["serial"]: row for row in evidence.records}
    for serial, call in evidence.calls.items():
        for fault in _lies(call, evidence):
            yield Finding(Broken.CONTRADICTED, fault, (serial,), _numbers(call))
        row, told = rows.get(serial), evidence.states.get(serial)
        reasons = [("GET /v1/calls", call.get("reason"))]
        reasons += [("CDR", int(row["reason"] or -1))] if row else []
        reasons += [("queryCallState", told.get("reasonCode"))] if told else []
        reasons += [("call.ended", each["data"].get("reason")) for each in _ends(evidence.events.get(serial, ()))]
        if len({reason for _, reason in reasons}) > 1:
            yield Finding(Broken.CONTRADICTED, f"its reasons differ: {reasons}", (serial,), _numbers(call))


def _lies(call: Mapping[str, Any], evidence: Evidence) -> Iterator[str]:
    for role in ("agent", "customer"):
        legs = evidence.legs.get(call[role]["number"], ())
        if call[role].get("ringingAt") is not None and not legs:
            yield f"the {role}'s phone is said to have rung"
        if call[role].get("answeredAt") is not None and not any(leg.is_answered for leg in legs):
            yield f"the {role}'s phone is said to have answered"
        if call.get("talkingAt") is not None and not any(leg.is_answered for leg in legs):
            yield f"the {role}'s phone is said to have talked"
    if call.get("dialled") == "no" and evidence.legs.get(call["agent"]["number"]):
        yield "nobody is said to have been dialled, and the agent's phone rang"
    for role, reason in (("customer", _CUSTOMER_HUNG_UP), ("agent", _AGENT_HUNG_UP)):
        legs = evidence.legs.get(call[role]["number"], ())
        if call.get("reason") == reason and not any(leg.hung_up for leg in legs):
            yield f"the {role} is said to have hung up"


def _ends(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [event for event in events if event["type"] == "twoleg.call.ended"]


def _numbers(call: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(call[member] for member in ("caller", "called") if member in call)
