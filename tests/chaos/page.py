"""docs/chaos.md's table, and the evidence for people when a promise was broken."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chaos.verdict import MEANING, Broken
from patience import wall_clock_ms

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.run import Outcome
    from chaos.verdict import Finding, Placement

BEGIN, END = "<!-- written by make chaos -->", "<!-- end of what make chaos wrote -->"
_SHOWN = 20
"""Broken promises that are told in full."""
_NEAR = 3.0
"""Seconds around a call's messages in which a kill is told beside them."""


def table(outcome: Outcome) -> str:
    """In Markdown."""
    verdict, load, orders = outcome.verdict, outcome.load, outcome.orders
    names = Counter(each.name for each in outcome.kills)
    ends = Counter(str(call.get("reason")) for call in outcome.evidence.calls.values())
    legs = sum(map(len, outcome.evidence.legs.values()))
    lost_answers = sum(each.lost_answers for each in load.placements)
    rows = [
        ("kills", f"{len(outcome.kills):,} in {outcome.seconds / 60:.1f} minutes: {_told(names)}"),
        ("starts of the whole service", f"{outcome.starts:,}"),
        (
            "requests to place a call",
            f"{len(load.placements):,}, {orders.rate:g} a second; {lost_answers:,} answers lost",
        ),
        ("requests refused, or never answered", f"{_told(_unserved(load.placements)) or 0}"),
        ("calls in the store", f"{len(outcome.evidence.calls):,}; by reason: {_told(ends)}"),
        ("phones rung", f"{legs:,}"),
        *(("seconds in which the whole machine was suspended", str(each)) for each in _suspended(outcome)),
        ("**acknowledged**", f"**{verdict.acknowledged:,}**"),
        *((f"**{broken.value}**", f"**{verdict.count(broken):,}**") for broken in Broken),
        ("errors in the log that no kill explains", f"{len(outcome.faults):,}"),
        ("flaws of the store", f"{len(outcome.flaws):,}"),
    ]
    head = f"{_today()}, {_machine()}, seed {orders.seed}, a kill every {orders.every:g} s on average:"
    return "\n".join([head, "", "| what | found |", "|---|---|", *(f"| {what} | {found} |" for what, found in rows)])


def write(page: Path, outcome: Outcome) -> None:
    """Replace what stands between the marks."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(outcome)}\n{END}{after}")


def evidence_of(outcome: Outcome) -> Iterator[str]:
    """What a person needs to find out why."""
    findings = outcome.verdict.findings
    for finding in findings[:_SHOWN]:
        yield f"== {finding.broken.value}: {finding.what}  {' '.join((*finding.serials, *finding.numbers))}"
        yield f"   ({MEANING[finding.broken]})"
        yield from _story(finding, outcome)
    if len(findings) > _SHOWN:
        yield f"... and {len(findings) - _SHOWN} more"
    for fault in outcome.faults[:_SHOWN]:
        yield f"== in the log: {fault}"
    for flaw in outcome.flaws[:_SHOWN]:
        yield f"== in the store: {flaw}"


def _story(finding: Finding, outcome: Outcome) -> Iterator[str]:
    evidence = outcome.evidence
    numbers = set(finding.numbers)
    serials = set(finding.serials) | {
        serial for serial, call in evidence.calls.items() if numbers & {call["caller"], call["called"]}
    }
    for serial in serials:
        numbers |= {evidence.calls[serial][member] for member in ("caller", "called") if serial in evidence.calls}
    for serial in sorted(serials):
        yield f"   call {serial}: {evidence.calls.get(serial)}"
        for event in evidence.events.get(serial, ()):
            yield f"   event {event['time']} {event['data']['seq']} {event['type']}"
    yield from (f"   {each}" for each in evidence.placements if numbers & {each.agent, each.customer})
    legs = [leg for number in sorted(numbers) for leg in evidence.legs.get(number, ())]
    times = [at for leg in legs for at, _ in leg.messages]
    lines = [(at, f"{leg.number} {word}  {leg.call_id}") for leg in legs for at, word in leg.messages]
    lines += [
        (each.at, f"KILL {each.name} {each.pid}")
        for each in outcome.kills
        if times and min(times) - _NEAR < each.at < max(times) + _NEAR
    ]
    yield from (f"   {at:.3f} {text}" for at, text in sorted(lines))


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda each: -each[1]))


def _suspended(outcome: Outcome) -> list[int]:
    return [(each.until - each.since) // 1000 for each in outcome.evidence.standstills]


def _unserved(placements: Sequence[Placement]) -> Counter[str]:
    return Counter(each.refusal[:3] or _why(each) for each in placements if not each.serials)


def _why(placement: Placement) -> str:
    return "never answered" if placement.key else "answer lost, without a key to ask again"


def _today() -> str:
    return datetime.fromtimestamp(wall_clock_ms() / 1000, tz=UTC).date().isoformat()


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
