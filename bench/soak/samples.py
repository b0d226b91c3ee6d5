"""What is looked at every ten seconds, and the verdict: whether the last half of a run is flat within stated bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

MEMORY_SHARE, MEMORY_MIB = 0.03, 4.0
"""A process may grow by that share of itself over the last half, or by so much, whichever is more: SQLite fills its
caches and the allocator its arenas; a leak of 25 bytes a call is more than that at 50 calls a second for an hour."""
HANDLES = 2
DELAY_FACTOR, DELAY_MS = 1.5, 3.0
"""The last quarter's median of a delay may be that often the second quarter's, or so much more."""
LOG_MIB = 96.0
"""The store's log is emptied at 64 MiB, by the commit that finds it so long."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """One process at one moment."""

    resident: float
    """MiB."""
    handles: int
    threads: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything at one moment. Delays in milliseconds, of the time since the sample before; sizes in MiB."""

    at: float
    """Seconds since the load began."""
    processes: dict[str, Vitals]
    delays: dict[str, tuple[float, float]]
    """p50 and p99."""
    store: float
    log: float
    placed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the verdict."""

    what: str
    found: str
    wanted: str
    is_met: bool


def children_of(pid: int) -> list[int]:
    """All processes below that one."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *children_of(int(child))]
    return found


def vitals_of(pid: int) -> Vitals:
    """As /proc has them. Raises `OSError` when it is gone."""
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    resident = int(facts["VmRSS"].split()[0]) / 1024
    return Vitals(resident, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()), int(facts["Threads"]))


def mib(path: Path) -> float:
    """The size of a file; none is 0."""
    return path.stat().st_size / 1024 / 1024 if path.exists() else 0.0


def growth(values: Sequence[float]) -> float:
    """By how much the line of least squares through evenly spaced values rises from the first to the last."""
    if len(values) < 2:
        return 0.0
    middle, mean = (len(values) - 1) / 2, fmean(values)
    above = sum((place - middle) * (value - mean) for place, value in enumerate(values))
    below = sum((place - middle) ** 2 for place in range(len(values)))
    return above / below * (len(values) - 1)


@dataclass(slots=True)
class Run:
    """All samples of a run."""

    samples: list[Sample] = field(default_factory=list)

    def verdict(self) -> Iterator[Finding]:
        """Whether memory, handles, threads, delays and the log stayed within bounds."""
        half = self.samples[len(self.samples) // 2 :]
        for name in self.samples[-1].processes:
            yield from _flat(name, [sample.processes[name] for sample in half if name in sample.processes])
        for what in self.samples[-1].delays:
            for place, share in enumerate(("p50", "p99")):
                yield self._steady(f"{what}, {share}", [sample.delays[what][place] for sample in self.samples])
        longest = max(sample.log for sample in self.samples)
        yield Finding("the store's log, longest", f"{longest:.0f} MiB", f"<= {LOG_MIB:.0f} MiB", longest <= LOG_MIB)

    def _steady(self, what: str, delays: Sequence[float]) -> Finding:
        quarter = max(1, len(delays) // 4)
        before, after = median(delays[quarter : 2 * quarter] or delays), median(delays[-quarter:])
        most = max(before * DELAY_FACTOR, before + DELAY_MS)
        return Finding(what, f"{before:.1f} -> {after:.1f} ms", f"<= {most:.1f} ms", after <= most)


def _flat(name: str, vitals: Sequence[Vitals]) -> Iterator[Finding]:
    resident = [each.resident for each in vitals]
    rise, most = growth(resident), max(MEMORY_SHARE * fmean(resident), MEMORY_MIB)
    found = f"{resident[0]:.1f} -> {resident[-1]:.1f} MiB (trend {rise:+.1f})"
    yield Finding(f"{name}: memory over the last half", found, f"<= {most:+.1f} MiB", rise <= most)
    yield _few(f"{name}: file handles over the last half", [each.handles for each in vitals])
    yield _few(f"{name}: threads over the last half", [each.threads for each in vitals])


def _few(what: str, counts: Sequence[int]) -> Finding:
    """Connections of a busy moment come and go; what leaks raises the least that is ever there."""
    middle = max(1, len(counts) // 2)
    before, after = min(counts[:middle]), min(counts[middle:] or counts)
    return Finding(what, f"least {before} -> {after}", f"<= {before + HANDLES}", after <= before + HANDLES)
