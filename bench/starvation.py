"""Does HTTP starve SIP? The engine's delay with and without queries at full load: `python -m bench.starvation`.

Measured: agent's 200 OK on the wire to customer's INVITE on the wire, one durable step of the call in between.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.delays import Delays, answer_to_invite
from bench.figures import percentile
from bench.processes import OTHER_CORE, clean_up_on_sigterm, machine, on_core
from bench.service import SERVE

RATE = 50
SECONDS = 10.0
ONE_PROCESS = ("-m", "bench.one_process")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A way to place engine and API."""

    name: str
    queries: bool = True
    program: tuple[str, ...] = SERVE
    same_core: bool = False


ARRANGEMENTS = (
    Arrangement("two processes, no queries", queries=False),
    Arrangement("two processes, a core each"),
    Arrangement("two processes, one core", same_core=True),
    Arrangement("one process and loop, no queries", queries=False, program=ONE_PROCESS),
    Arrangement("one process and loop", program=ONE_PROCESS),
)


@dataclass(frozen=True, slots=True)
class Starvation:
    """What an arrangement did."""

    arrangement: Arrangement
    delays: Delays
    queries_per_second: float


async def measure(folder: Path, *, rate: int = RATE, seconds: float = SECONDS) -> list[Starvation]:
    """Every arrangement in turn, at `rate` calls a second. Needs wrk."""
    found = []
    for number, arrangement in enumerate(ARRANGEMENTS):
        (inside := folder / f"arrangement{number}").mkdir()
        delays, queries = await answer_to_invite(
            inside,
            rate=rate,
            seconds=seconds,
            program=arrangement.program,
            same_core=arrangement.same_core,
            queries=arrangement.queries,
        )
        found.append(Starvation(arrangement, delays, queries))
    return found


def table(found: list[Starvation]) -> str:
    """In Markdown."""
    lines = ["| arrangement | queries/s | calls | p50 | p99 | worst | failures |", "|---|---|---|---|---|---|---|"]
    for one in found:
        times = one.delays.answer_to_invite
        spread = " | ".join(f"{percentile(times, share):.1f} ms" for share in (0.5, 0.99, 1.0))
        queries = f"{one.queries_per_second:,.0f}" if one.arrangement.queries else ""
        lines.append(
            f"| {one.arrangement.name} | {queries} | {len(times)} | {spread} | {one.delays.failures.total()} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    clean_up_on_sigterm()
    with (
        tempfile.TemporaryDirectory() as folder,
        on_core(OTHER_CORE),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(measure(Path(folder)))
    print(machine())
    print(f"\n{RATE} calls/s; agent's 200 OK on the wire -> customer's INVITE on the wire\n\n{table(found)}")


if __name__ == "__main__":
    main()
