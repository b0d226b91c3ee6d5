"""docs/soak.md, and the line that is told while a soak runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.processes import machine
from bench.soak.load import QUERIES_A_SECOND, STAMPED_A_SECOND, TALK
from bench.soak.samples import Finding, Run, Sample

_ROWS = 12
"""Lines of samples on the page."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run."""

    run: Run
    findings: Sequence[Finding]
    rate: int
    seconds: float

    @property
    def is_flat(self) -> bool:
        """Every finding is as wanted."""
        return all(finding.is_met for finding in self.findings)


def line(sample: Sample) -> str:
    """For whoever watches."""
    memory = "  ".join(
        f"{name} {each.resident:.1f}M/{each.handles}h/{each.threads}t" for name, each in sample.processes.items()
    )
    delays = "  ".join(f"{what} {p50:.1f}/{p99:.1f}" for what, (p50, p99) in sample.delays.items())
    files = f"store {sample.store:.0f}M log {sample.log:.0f}M"
    return f"{sample.at:6.0f} s  {sample.placed:7,} calls  {memory}  {delays}  {files}"


def page(outcome: Outcome) -> str:
    """docs/soak.md."""
    samples = outcome.run.samples
    shown = samples[:: max(1, len(samples) // _ROWS)]
    names, delays = list(samples[-1].processes), list(samples[-1].delays)
    head = ["minute", "calls", *(f"{name} MiB / handles / threads" for name in names)]
    head += [f"{what} p50 / p99 ms" for what in delays] + ["store MiB", "log MiB"]
    lines = [_cells(head), _cells(["---"] * len(head))]
    for sample in shown:
        vitals = [sample.processes.get(name) for name in names]
        lines.append(
            _cells(
                [
                    f"{sample.at / 60:.1f}",
                    f"{sample.placed:,}",
                    *(
                        "" if each is None else f"{each.resident:.1f} / {each.handles} / {each.threads}"
                        for each in vitals
                    ),
                    *(f"{sample.delays[what][0]:.1f} / {sample.delays[what][1]:.1f}" for what in delays),
                    f"{sample.store:.0f}",
                    f"{sample.log:.0f}",
                ]
            )
        )
    verdict = [_cells(["what", "found", "wanted", ""]), _cells(["---"] * 4)]
    verdict += [
        _cells([each.what, each.found, each.wanted, "met" if each.is_met else "**missed**"])
        for each in outcome.findings
    ]
    today = datetime.now(tz=UTC).date().isoformat()
    said = "**flat**" if outcome.is_flat else "**not flat**: see the lines marked missed"
    return _TEXT.format(
        today=today,
        machine=machine(),
        minutes=outcome.seconds / 60,
        rate=outcome.rate,
        said=said,
        verdict="\n".join(verdict),
        samples="\n".join(lines),
        talk=TALK,
        queries=QUERIES_A_SECOND,
        stamped=STAMPED_A_SECOND,
    )


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


_TEXT = """# Soak

`make soak HOURS=1 RATE=50` runs the whole service under load and writes this page. Calls are placed with createCall at
a constant rate; sipp plays both phones (0.2 s of ringing, {talk:.0f} s of talking, the customer hangs up). Beside them:
{stamped} calls a second to a phone that stamps its 200 OK, which are asked for until they are told as talking;
{queries} queries a second for calls of the last minutes; one reader of the event stream; one webhook receiver. After
two fifths of the run a quarter of the calls there are outlive their retention and have to go. The engine has one core,
everything else (phones and load too) shares the other.

{today}, {machine}: {minutes:.0f} minutes at {rate} calls a second. Verdict: {said}.

{verdict}

"Over the last half": a line of least squares through the samples of the second half of the run, one every ten seconds.
Delays: the median of the second quarter's samples against that of the last quarter's. The bounds are those of
`bench/soak/samples.py`.

{samples}
"""
